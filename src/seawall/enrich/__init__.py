"""Says what a network is: ASN, organisation, country and class of an address, as of a dated table."""
