"""Values that every room shares: events, problems, findings, incidents, coverage. Imports nothing of ours."""
