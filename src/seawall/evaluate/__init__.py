"""Replays labelled worlds through the public face and measures."""
