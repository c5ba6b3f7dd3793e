"""Figures in README and docs: measure them on a commit, store them as JSON, and write them between markers."""
