"""Report: incidents rendered for a person (page, terminal) and as documents. Imports schema and settings only."""
