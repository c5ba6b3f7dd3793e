"""Keeps revocations of tokens, keys, sessions and accounts in a store, and follows them."""
