"""Give every part its errors, times, safe text, durable files, HTTP client, settings reader and SQLite files."""
