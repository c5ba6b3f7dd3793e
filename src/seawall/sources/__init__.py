"""Reads vendor logs in whatever shape they were exported and yields columnar events and problems.

Every record that goes in comes out as an event or as a problem: `records == events + problems that count`.
"""

from seawall.sources.batches import EventBatch
from seawall.sources.files import total_bytes
from seawall.sources.limits import Limits
from seawall.sources.reader import read

__all__ = ["EventBatch", "Limits", "read", "total_bytes"]
