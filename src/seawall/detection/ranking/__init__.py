"""Rank groups of events: features, patterns, calibration, and the learnt ranker."""
