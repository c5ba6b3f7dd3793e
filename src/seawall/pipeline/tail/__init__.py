"""Follow growing files, and yield batches together with the checkpoint for each.

No record is skipped or read twice if the consumer stores the checkpoint of a delivery in one transaction with its results.
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
