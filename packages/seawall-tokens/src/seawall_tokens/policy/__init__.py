"""To be said in one sentence."""
