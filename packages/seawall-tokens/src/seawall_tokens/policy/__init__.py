"""Reads and prepares the policy that says which issuers, keys and claims are accepted."""
