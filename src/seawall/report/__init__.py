"""Report: incidents for a person (page, terminal) and as documents. Imports schema and settings only."""
