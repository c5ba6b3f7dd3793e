"""Tells other systems, as signed security events, what was done about an account: Shared Signals, push and poll."""
