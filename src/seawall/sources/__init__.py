"""Reads vendor logs in whatever shape they were exported and yields columnar events and problems."""
