"""All events that were ever taken in, as Parquet by organisation and day: appended to, queried, compacted, pruned, backed up."""

from __future__ import annotations

from seawall.store.lake.accounts import Account, Lane, Profile, Timeline, Used
from seawall.store.lake.backup import BackedUp, back_up, restore
from seawall.store.lake.lake import Lake
from seawall.store.lake.outcomes import Appended, Compacted, Damaged, DaySize, Page, Pruned, Size
from seawall.store.lake.query import Wanted

__all__ = [
    "Account",
    "Appended",
    "BackedUp",
    "Compacted",
    "Damaged",
    "DaySize",
    "Lake",
    "Lane",
    "Page",
    "Profile",
    "Pruned",
    "Size",
    "Timeline",
    "Used",
    "Wanted",
    "back_up",
    "restore",
]
