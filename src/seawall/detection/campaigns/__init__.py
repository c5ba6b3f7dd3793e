"""Find campaigns: the same rare value in incidents' candidates of several organisations within days."""
