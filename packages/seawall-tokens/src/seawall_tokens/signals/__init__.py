"""Reads security event tokens of other issuers (Shared Signals, CAEP, RISC) and says what they revoke."""
