"""Store all events as Parquet by organisation and day: append, query, compact, prune, back up."""

from __future__ import annotations

from seawall.storage.lake.accounts import AccountLane, AccountProfile, LakeAccount, LakeTimeline, UsedValue
from seawall.storage.lake.backup import BackedUp, back_up, restore
from seawall.storage.lake.lake import Lake
from seawall.storage.lake.outcomes import (
    Appended,
    Compacted,
    DamagedPart,
    DaySize,
    EventPage,
    Pruned,
    Published,
    Size,
)
from seawall.storage.lake.query import EventQuery

__all__ = [
    "AccountLane",
    "AccountProfile",
    "Appended",
    "BackedUp",
    "Compacted",
    "DamagedPart",
    "DaySize",
    "EventPage",
    "EventQuery",
    "Lake",
    "LakeAccount",
    "LakeTimeline",
    "Pruned",
    "Published",
    "Size",
    "UsedValue",
    "back_up",
    "restore",
]
