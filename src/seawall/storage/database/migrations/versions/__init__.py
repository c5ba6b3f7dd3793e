"""The schema versions, each a change of the one before."""
