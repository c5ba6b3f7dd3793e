"""What bench/collect.py collects from: a vendor's API of a million records each, that fails as its documentation says."""
