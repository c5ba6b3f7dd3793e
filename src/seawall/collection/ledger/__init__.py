"""Ledgers of completeness: queries, answers and gaps, in one SQLite file for each vendor and tenant."""

from seawall.collection.ledger.book import LedgerFeed, LedgerWriter, PendingQuery, open_ledger
from seawall.collection.ledger.proof import find_coverage_gaps
from seawall.collection.ledger.reading import read_collected, read_feed_statuses

__all__ = [
    "LedgerFeed",
    "LedgerWriter",
    "PendingQuery",
    "find_coverage_gaps",
    "open_ledger",
    "read_collected",
    "read_feed_statuses",
]
