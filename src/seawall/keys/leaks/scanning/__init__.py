"""Scan files, archives and streams for keys, and account for what was not searched."""
