"""Exchange indicators with other organisations as STIX 2.1 over TAXII 2.1: what may leave, what comes in, what matches."""
