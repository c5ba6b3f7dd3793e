"""Detect known techniques with rules, built-in and Sigma."""
