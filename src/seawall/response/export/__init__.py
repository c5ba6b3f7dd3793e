"""Export an incident for other programs: OCSF, STIX 2.1, CSV, and its pattern as a Sigma rule."""
