"""Follows what collectors write, and yields batches with the checkpoint that belongs to each.

Nothing is read twice and nothing is skipped, as long as a consumer keeps what a delivery says together with what it made
of the batches.
"""

from seawall.pipeline.tail.batcher import Batcher, BatchSizes
from seawall.pipeline.tail.checkpoint import FileState
from seawall.pipeline.tail.delivery import TailDelivery
from seawall.pipeline.tail.follow import Follower
from seawall.pipeline.tail.intake import DeliveryQueue, IntakeClosed
from seawall.pipeline.tail.stream import stream_deliveries
from seawall.pipeline.tail.timing import TailTiming

__all__ = [
    "BatchSizes",
    "Batcher",
    "DeliveryQueue",
    "FileState",
    "Follower",
    "IntakeClosed",
    "TailDelivery",
    "TailTiming",
    "stream_deliveries",
]
