"""An incident in the forms that other programs read: OCSF, STIX 2.1, CSV, and its pattern as a Sigma rule."""
