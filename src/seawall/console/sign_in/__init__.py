"""Sign users in: passkeys, passwords with one-time codes, and an identity provider."""
