"""A battery of hostile tokens that is thrown at any verifier."""
