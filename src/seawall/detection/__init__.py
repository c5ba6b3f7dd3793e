"""Turn events into ranked, explained incidents, without network, clock or random numbers."""
