"""What the console shows: incidents, records, accounts, answers, the health of ingest, and how well detection does."""
