"""Reads vendor logs in whatever shape they were exported and yields columnar events and problems.

Every record that goes in comes out as an event or as a problem: `records == events + problems that count`.
"""

from seawall.sources.batches import EventBatch, counts_of
from seawall.sources.files import total_bytes
from seawall.sources.limits import Limits
from seawall.sources.other import NAME as UNRECOGNISED
from seawall.sources.reader import read

__all__ = ["UNRECOGNISED", "EventBatch", "Limits", "counts_of", "read", "total_bytes"]
