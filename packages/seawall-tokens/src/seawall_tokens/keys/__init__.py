"""Fetch issuers' keys, keep them fresh, and withhold new and retired ones."""
