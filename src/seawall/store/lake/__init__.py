"""All events that were ever taken in, as Parquet by organisation and day: appended to, queried, compacted, pruned, backed up."""

from __future__ import annotations

from seawall.store.lake.backup import BackedUp, back_up, restore
from seawall.store.lake.lake import Lake
from seawall.store.lake.outcomes import Appended, Compacted, Damaged, DaySize, Page, Pruned, Size
from seawall.store.lake.query import Wanted

__all__ = [
    "Appended",
    "BackedUp",
    "Compacted",
    "Damaged",
    "DaySize",
    "Lake",
    "Page",
    "Pruned",
    "Size",
    "Wanted",
    "back_up",
    "restore",
]
