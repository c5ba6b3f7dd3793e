"""Serve the console's data: incidents, records, accounts, feedback, ingest health and detection quality."""
