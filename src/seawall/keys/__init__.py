"""Keep the inventory of an issuer's keys, and search for leaked private keys."""
