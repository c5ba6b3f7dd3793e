"""Fetches logs from vendors' APIs into files that a watch follows, with a ledger of what was asked and what came."""
