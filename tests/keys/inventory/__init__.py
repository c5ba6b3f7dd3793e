"""The ledger of trusted keys."""
