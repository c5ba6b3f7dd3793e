"""Read security event tokens of other issuers (Shared Signals, CAEP, RISC) and derive revocations."""
