"""Imitations of vendors' APIs for bench/collect.py, with a million records each, that fail as documented."""
