"""Read file formats: archives, JSON, JSON lines and CSV, within limits."""
