"""Contain by itself what was allowed, within limits, after a week of simulation."""
