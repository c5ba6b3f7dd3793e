"""A delivery that a watch is storing."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from seawall.pipeline.tail import TailDelivery


@dataclass(slots=True)
class PendingDelivery:
    """A delivery that is being stored: its number, and its events once they are in the lake."""

    delivery: TailDelivery
    position: int
    events: pa.Table | None = None
