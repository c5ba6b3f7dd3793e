"""Authenticate at vendors: obtain access tokens with the vendors' libraries, and renew them when they expire or are refused."""
