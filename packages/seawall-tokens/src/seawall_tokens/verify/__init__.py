"""Verify access tokens and proofs in fifteen numbered checks."""
