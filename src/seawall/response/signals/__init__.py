"""Notify other systems about contained accounts with signed security event tokens: Shared Signals, push and poll."""
