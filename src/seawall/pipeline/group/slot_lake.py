"""The event lake as one slot sees it: its own organisations, and the events of its partition that state none."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import date

import pyarrow as pa

from seawall.storage.group_folder import GroupFolder
from seawall.storage.lake import Lake
from seawall.storage.lake.appending import UNKNOWN
from seawall.storage.lake.outcomes import AppendResult, LakeSize
from seawall.storage.location import EVENTS

_NAMELESS = re.compile(rf"{UNKNOWN} \(partition (\d{{1,9}})\)")


def name_nameless(slot: int) -> str:
    """Return the organisation under which a slot's events lie in the lake that state none."""
    return f"{UNKNOWN} (partition {slot - 1})"


def slot_of_nameless(tenant: str) -> int | None:
    """Return the slot to which such a name belongs, None for any other organisation."""
    found = _NAMELESS.fullmatch(tenant)
    return None if found is None else int(found[1]) + 1


class SlotLake(Lake):
    """A part of a lake that many processes share. `own` returns the organisations of the slot.

    Events without an organisation lie under a name of the slot, so that no two slots score the same ones. Raises `LakeBroken`
    while the folder of the group is not there.
    """

    def __init__(self, folder: GroupFolder, slot: int, own: Callable[[], frozenset[str]]) -> None:
        super().__init__(folder.path / EVENTS, name_nameless(slot))
        self._folder, self._own = folder, own

    def append(self, events: pa.Table) -> AppendResult:
        """Append events; see `Lake.append`."""
        self._folder.check()
        return super().append(events)

    def size(self) -> LakeSize:
        """Return rows and bytes of the slot's days and organisations; see `Lake.size`."""
        self._folder.check()
        own, whole = self._own(), super().size()
        days = [replace(day, tenant=UNKNOWN) for day in whole.days if day.tenant == self.nameless]
        days += [day for day in whole.days if day.tenant in own and day.tenant != self.nameless]
        return replace(whole, days=tuple(sorted(days, key=lambda day: (day.tenant, day.day))))

    def day(self, tenant: str, day: date, *, is_named: bool = False) -> Generator[pa.Table]:
        """Yield all events of a day of one of the slot's organisations; see `Lake.day`."""
        self._folder.check()
        return super().day(self.nameless if tenant == UNKNOWN else tenant, day, is_named=is_named)
