"""Follows what collectors write, and yields batches with the checkpoint that belongs to each.

Nothing is read twice and nothing is skipped, as long as a consumer keeps what a delivery says together with what it made
of the batches.
"""

from seawall.watch.checkpoint import FileState
from seawall.watch.delivery import Delivery
from seawall.watch.follow import Follower
from seawall.watch.patience import Patience

__all__ = ["Delivery", "FileState", "Follower", "Patience"]
