"""Turn acts into the log records of each vendor."""
