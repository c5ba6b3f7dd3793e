"""The vendors' APIs, one file each: which spans to ask for, and how to read what comes."""
