"""Counts of each scored day by shard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from seawall.pipeline.live.shard import DayResult


@dataclass(slots=True)
class ScoredDayCounts:
    """Counts of scored days: `shares` by day and shard, as JSON objects (see `share_of`).

    `rows` are the records that arrived for each day, duplicates included.
    """

    shares: dict[int, dict[int, dict[str, Any]]] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)
    _duplicates: int = 0

    @property
    def newest(self) -> int | None:
        """The last scored day, None before the first."""
        return max(self.shares, default=None)

    @classmethod
    def read(cls, documents: Mapping[int, Mapping[str, Any]]) -> ScoredDayCounts:
        """Return the counts in stored documents of days."""
        counts = cls()
        for day, document in documents.items():
            counts.shares[day] = {int(shard): share for shard, share in document["shares"].items()}
            counts.rows[day] = document["events"] + document["duplicates"]
        return counts

    def put(self, day: int, shard: int, share: dict[str, Any] | None) -> None:
        """Set the counts of a day in a shard, None to remove them."""
        shares = self.shares.setdefault(day, {})
        if share is not None:
            shares[shard] = share
        else:
            shares.pop(shard, None)

    def document(self, day: int) -> dict[str, Any]:
        """Return the document of a day; its `tenants` are those of the day's shards."""
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
        """Return the documents of days that were `scored` (day and shard) or `counted`; the newest includes all
        organisations.
        """
        days = {day for day, _ in scored} | (counted & self.shares.keys())
        documents: dict[int, Mapping[str, Any]] = {day: self.document(day) for day in days}
        if days and self.newest is not None:
            documents[self.newest] = {**self.document(self.newest), "tenants": tenants}
        return documents

    def tenants(self) -> dict[str, int]:
        """Return the number of active accounts by organisation."""
        latest: dict[int, dict[str, Any]] = {}
        for day in sorted(self.shares):
            latest |= {shard: share for shard, share in self.shares[day].items() if share["tenants"]}
        return {name: count for share in latest.values() for name, count in share["tenants"].items()}

    def first_days(self) -> dict[str, int]:
        """Return the first day with accounts by organisation."""
        found: dict[str, int] = {}
        for day in sorted(self.shares, reverse=True):
            for share in self.shares[day].values():
                found |= dict.fromkeys(share["tenants"], day)
        return {tenant: found[tenant] for tenant in self.tenants()}

    def split(self, read: int, *, is_whole: bool) -> tuple[int, int, int]:
        """Split the number of records read (without problems) into events, duplicates and waiting records.

        Duplicates are found only when their day is scored. While days wait (`is_whole` false), the number of duplicates is
        that of the last time when none waited.
        """
        events = sum(share["events"] for shares in self.shares.values() for share in shares.values())
        rest = max(read - events, 0)
        if is_whole:
            self._duplicates = rest
        duplicates = min(self._duplicates, rest)
        return events, duplicates, rest - duplicates


def share_of(result: DayResult) -> dict[str, Any]:
    """Return the stored counts of a day in a shard."""
    return {
        "events": result.events,
        "accounts": result.accounts,
        "tenants": dict(result.tenants),
        "p_histogram": result.p_histogram.tolist(),
    }
