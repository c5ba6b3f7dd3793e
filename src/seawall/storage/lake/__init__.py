"""All events that were ever taken in, as Parquet by organisation and day: appended to, queried, compacted, pruned, backed up."""

from __future__ import annotations

from seawall.storage.lake.accounts import Account, Lane, Profile, Timeline, Used
from seawall.storage.lake.backup import BackedUp, back_up, restore
from seawall.storage.lake.lake import Lake
from seawall.storage.lake.outcomes import Appended, Compacted, Damaged, DaySize, Page, Pruned, Published, Size
from seawall.storage.lake.query import Wanted

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
    "Published",
    "Size",
    "Timeline",
    "Used",
    "Wanted",
    "back_up",
    "restore",
]
