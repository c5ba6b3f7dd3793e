"""Erase a person's names from a store and from folders of results, and say what was erased and what was kept."""
