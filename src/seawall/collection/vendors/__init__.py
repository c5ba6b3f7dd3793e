"""The vendors' APIs, one module each: which spans to query, and how to read the answers."""
