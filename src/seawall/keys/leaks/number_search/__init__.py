"""Search bytes and text for the bare private numbers of known public keys."""
