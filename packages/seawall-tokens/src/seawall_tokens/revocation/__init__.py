"""Store revocations of tokens, keys, sessions and accounts, and distribute them to verifying processes."""
