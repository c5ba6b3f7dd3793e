"""Store all events as Parquet by organisation and day: append, query, compact, prune, back up."""

from __future__ import annotations

from seawall.storage.lake.accounts import AccountLane, AccountProfile, LakeAccount, LakeTimeline, UsedValue
from seawall.storage.lake.backup import BackedUp, back_up, restore
from seawall.storage.lake.lake import Lake
from seawall.storage.lake.outcomes import (
    AppendResult,
    CompactionResult,
    DamagedPart,
    DaySize,
    EventPage,
    LakePruneResult,
    LakeSize,
    PublicationResult,
)
from seawall.storage.lake.query import EventQuery

__all__ = [
    "AccountLane",
    "AccountProfile",
    "AppendResult",
    "BackedUp",
    "CompactionResult",
    "DamagedPart",
    "DaySize",
    "EventPage",
    "EventQuery",
    "Lake",
    "LakeAccount",
    "LakePruneResult",
    "LakeSize",
    "LakeTimeline",
    "PublicationResult",
    "UsedValue",
    "back_up",
    "restore",
]
