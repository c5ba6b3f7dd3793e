"""Answers that teach."""
