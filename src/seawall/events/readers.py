"""Read vendor logs in any export format into columnar events and problems.

Every record becomes an event or a problem: `records == events + problems that count as records`.
"""

from seawall.events.batches import EventBatch, count_by_file
from seawall.events.formats.files import total_bytes
from seawall.events.formats.limits import Limits
from seawall.events.generic import NAME as UNRECOGNISED
from seawall.events.read_files import read

__all__ = ["UNRECOGNISED", "EventBatch", "Limits", "count_by_file", "read", "total_bytes"]
