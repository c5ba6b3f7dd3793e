"""Show how an incident was handled: similar ones in words, the report of starred records, and the summary for a manager."""
