"""Count arriving records: sums, sources, and the hours in which each source sent events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from seawall.detection.incidents.unjudged_files import list_unjudged_sources
from seawall.events.problem import Problem
from seawall.events.readers import UNRECOGNISED
from seawall.pipeline.live.silent_sources import (
    HOUR,
    MOST_SOURCES,
    Key,
    SilenceChange,
    SilenceDetector,
    source_name,
)
from seawall.pipeline.tail import TailDelivery
from seawall.storage.database.sources import StoredSource

DAY = 24 * HOUR
UNKNOWN = "unknown"
"""The organisation of events that state none."""


@dataclass(slots=True)
class CountSpread:
    """The distribution of a table's events: days, last time, and for each source number, hours and last time."""

    days: frozenset[int] = frozenset()
    last: int | None = None
    counts: dict[Key, int] = field(default_factory=dict)
    hours: dict[Key, list[int]] = field(default_factory=dict)
    latest: dict[Key, int] = field(default_factory=dict)


def spread(events: pa.Table) -> CountSpread:
    """Return the distribution of events, computed by column."""
    if not len(events):
        return CountSpread()
    times = np.asarray(events["time"].cast(pa.int64()).combine_chunks())
    tenant, tenants = _codes(events["org_uid"])
    source, sources = _codes(events["source"])
    hours = times // HOUR
    first = int(hours.min())
    wide = int(hours.max()) - first + 1
    packed = (tenant * len(sources) + source) * wide + (hours - first)
    found, counts = np.unique(packed, return_counts=True)
    result = CountSpread(frozenset(np.unique(times // DAY).tolist()), int(times.max()))
    for one, count in zip(found.tolist(), counts.tolist(), strict=True):
        which, hour = divmod(one, wide)
        key = tenants[which // len(sources)], sources[which % len(sources)]
        result.counts[key] = result.counts.get(key, 0) + count
        result.hours.setdefault(key, []).append(hour + first)
    for which in np.unique(tenant * len(sources) + source).tolist():
        key = tenants[which // len(sources)], sources[which % len(sources)]
        result.latest[key] = int(times[tenant * len(sources) + source == which].max())
    return result


def _codes(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    whole = column.unify_dictionaries().combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    names = [*whole.dictionary.to_pylist(), UNKNOWN]
    codes = whole.indices.fill_null(len(names) - 1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, [name if name is not None else UNKNOWN for name in names]


@dataclass(slots=True)
class SourceTally:
    """Sums and sources as in the database. Wall clock times are microseconds since 1970."""

    totals: Counter[str] = field(default_factory=Counter)
    sources: dict[str, StoredSource] = field(default_factory=dict)

    def records_of(self, delivery: TailDelivery) -> dict[str, int]:
        """Return the amounts that a delivery adds to the sums."""
        problems = Counter(problem.code for batch in delivery.batches for problem in batch.problems)
        counted = sum(problem.counts_as_record for batch in delivery.batches for problem in batch.problems)
        sums = {
            "records": delivery.records,
            "problems": counted,
            "read_events": delivery.records - counted,
            "batches": 1,
            **{f"problem/{code}": count for code, count in problems.items()},
        }
        return {name: value for name, value in sums.items() if value}

    def heard(
        self, spread_: CountSpread, listening: SilenceDetector, now: float, wall: int
    ) -> tuple[list[StoredSource], list[SilenceChange]]:
        """Return the sources as they are after a batch, and those that were silent and sent again."""
        sources, changes = [], []
        for key, count in spread_.counts.items():
            name = source_name(key)
            known = self.sources.get(name)
            if known is None:
                if len(self.sources) >= MOST_SOURCES:
                    continue
                known = StoredSource(name, key[1], key[0], first_at=wall)
            # An hour beyond tomorrow comes from a wrong clock, and must not be learnt.
            hours = [hour for hour in spread_.hours[key] if hour <= wall // HOUR + 24]
            change = listening.hear(key, hours, now, wall)
            changes += [change] if change else []
            gap = listening.typical_gap(key, wall)
            sources.append(
                replace(
                    known,
                    records=known.records + count,
                    last_at=wall,
                    last_event=max(known.last_event or 0, spread_.latest[key]),
                    typical_gap=None if gap is None else round(gap * 1_000_000),
                    silent_since=None,
                )
            )
        return sources, changes

    def describe_unjudged(self) -> tuple[str, ...]:
        """Return a sentence for each organisation with mostly unrecognised records."""
        return tuple(count_unjudged(self.sources.values()))

    def add(self, sums: dict[str, int], sources: list[StoredSource]) -> None:
        """Add amounts and sources that were stored."""
        self.totals.update(sums)
        self.sources.update((source.name, source) for source in sources)


def count_unjudged(sources: Iterable[StoredSource]) -> list[str]:
    """Return a sentence for each organisation with mostly unrecognised records."""
    counts = {(source.tenant, source.kind): source.records for source in sources}
    return list_unjudged_sources(counts, UNRECOGNISED)


def problems_of(delivery: TailDelivery) -> list[Problem]:
    """Return the problems of a delivery."""
    return [problem for batch in delivery.batches for problem in batch.problems]
