"""Fetch logs from vendors and Kafka into files, with a ledger of what is proved complete."""
