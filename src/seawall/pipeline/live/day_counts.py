"""What was counted of each scored day, shard by shard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from seawall.pipeline.live.shard import DayResult


@dataclass(slots=True)
class Counts:
    """What was counted of the days that were scored: `shares` by day and shard, as plain data (see `share_of`).

    `rows` are the records of each day as they came.
    """

    shares: dict[int, dict[int, dict[str, Any]]] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)
    _duplicates: int = 0

    @property
    def newest(self) -> int | None:
        """The last day that was scored, None before the first."""
        return max(self.shares, default=None)

    @classmethod
    def read(cls, documents: Mapping[int, Mapping[str, Any]]) -> Counts:
        """Return what documents of days hold."""
        counts = cls()
        for day, document in documents.items():
            counts.shares[day] = {int(shard): share for shard, share in document["shares"].items()}
            counts.rows[day] = document["events"] + document["duplicates"]
        return counts

    def put(self, day: int, shard: int, share: dict[str, Any] | None) -> None:
        """Know what was counted of a day in a shard, None for nothing."""
        shares = self.shares.setdefault(day, {})
        if share is not None:
            shares[shard] = share
        else:
            shares.pop(shard, None)

    def document(self, day: int) -> dict[str, Any]:
        """Return what is kept of a day beside its candidates; `tenants` are those of its shards as of that day."""
        shares = [share for _, share in sorted(self.shares[day].items())]
        sums = [sum(column) for column in zip(*(share["p_histogram"] for share in shares), strict=True)]
        return {
            "events": (events := sum(share["events"] for share in shares)),
            "duplicates": max(self.rows.get(day, 0) - events, 0),
            "accounts": sum(share["accounts"] for share in shares),
            "tenants": {name: count for share in shares for name, count in share["tenants"].items()},
            "p_histogram": sums,
            "shares": {str(shard): share for shard, share in sorted(self.shares[day].items())},
        }

    def documents(
        self, scored: Iterable[tuple[int, int]], counted: AbstractSet[int], tenants: Mapping[str, int]
    ) -> dict[int, Mapping[str, Any]]:
        """Return what is kept of days that were `scored` (day and shard) or `counted`; with the newest all organisations."""
        days = {day for day, _ in scored} | (counted & self.shares.keys())
        documents: dict[int, Mapping[str, Any]] = {day: self.document(day) for day in days}
        if days and self.newest is not None:
            documents[self.newest] = {**self.document(self.newest), "tenants": tenants}
        return documents

    def tenants(self) -> dict[str, int]:
        """Return how many accounts of each organisation were active until now."""
        latest: dict[int, dict[str, Any]] = {}
        for day in sorted(self.shares):
            latest |= {shard: share for shard, share in self.shares[day].items() if share["tenants"]}
        return {name: count for share in latest.values() for name, count in share["tenants"].items()}

    def first_days(self) -> dict[str, int]:
        """Return the first day of each organisation that has accounts."""
        found: dict[str, int] = {}
        for day in sorted(self.shares, reverse=True):
            for share in self.shares[day].values():
                found |= dict.fromkeys(share["tenants"], day)
        return {tenant: found[tenant] for tenant in self.tenants()}

    def split(self, read: int, *, is_whole: bool) -> tuple[int, int, int]:
        """Return how many of the records read (without problems) are events, duplicates, and wait to be scored.

        Copies are found when their day is scored: while days wait (`is_whole` false), the duplicates are those of the
        last time when none did.
        """
        events = sum(share["events"] for shares in self.shares.values() for share in shares.values())
        rest = max(read - events, 0)
        if is_whole:
            self._duplicates = rest
        duplicates = min(self._duplicates, rest)
        return events, duplicates, rest - duplicates


def share_of(result: DayResult) -> dict[str, Any]:
    """Return what is kept of a day in a shard beside its candidates."""
    return {
        "events": result.events,
        "accounts": result.accounts,
        "tenants": dict(result.tenants),
        "p_histogram": result.p_histogram.tolist(),
    }
