"""Follows what collectors write, and yields batches with the checkpoint that belongs to each.

Nothing is read twice and nothing is skipped, as long as a consumer keeps what a delivery says together with what it made
of the batches.
"""

from seawall.watch.batcher import Batcher, Sizes
from seawall.watch.checkpoint import FileState
from seawall.watch.delivery import Delivery
from seawall.watch.follow import Follower
from seawall.watch.intake import Closed, Intake
from seawall.watch.patience import Patience
from seawall.watch.stream import stream_deliveries

__all__ = [
    "Batcher",
    "Closed",
    "Delivery",
    "FileState",
    "Follower",
    "Intake",
    "Patience",
    "Sizes",
    "stream_deliveries",
]
