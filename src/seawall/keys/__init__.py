"""An organisation's keys: a ledger of those it trusts, and a search for those that leaked."""
