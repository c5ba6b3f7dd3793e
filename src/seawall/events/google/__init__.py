"""Read Google Workspace activities, from the Reports API, Cloud Logging and BigQuery."""
