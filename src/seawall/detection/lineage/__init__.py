"""Check whether the token or session that was used was ever issued."""
