"""Notify those affected: letters with what is known and unknown, their delivery, and the register of notifications."""
