"""Ordinary acts besides reading mail: mistakes, help desk, rules, consents, administration, noise from outside."""
