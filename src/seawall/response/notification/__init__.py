"""Telling those affected: letters with what is known and what is not, their delivery, and the register of who was told."""
