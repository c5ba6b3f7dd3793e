"""`seawall incident`: handle incidents of a store, and write the report and the summary."""
