"""Acts as the vendor's log records."""
