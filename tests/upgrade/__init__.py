"""Stores, results, journals, registers and ledgers that earlier code wrote open, and go on."""
