"""Search for the contained intruder's return, as `seawall respond watch` does, with the indicators of the raised incidents."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from seawall.detection.incident import Incident
from seawall.response.adaptation import ATTENTION_DAYS, DAY, search_for_return
from seawall.response.containment.evidence import EvidenceCollector, collect_evidence, merge_spans
from seawall.response.containment.values import Containment, IntruderReturn


@dataclass(frozen=True, slots=True)
class ReturnVerdict:
    """The returns that hold records of the intruder, the first one first, and how many others were reported."""

    returns: tuple[IntruderReturn, ...] = ()
    others: int = 0

    @property
    def first(self) -> int | None:
        """Return when the first of them began, in microseconds since 1970; None without one."""
        return min((one.first for one in self.returns), default=None)


def watch_for_return(
    tables: Iterable[pa.Table], incidents: Sequence[Incident], contained: int, records: Collection[str]
) -> ReturnVerdict:
    """Return what the watch reports after a containment at a time, in microseconds since 1970.

    `incidents` are those that were raised; those that began later are left out. `records` are the ids of the intruder's.
    """
    known = [one for one in incidents if one.first_event < contained]
    if not known:
        return ReturnVerdict()
    held = list(tables)
    spans = merge_spans(
        (one.tenant, one.account, one.first_event, min(one.last_event, contained)) for one in known
    )
    intruders = frozenset(uid for one in known for uid in one.events)
    before = [_until(table, contained) for table in held]
    gathered = collect_evidence(before, EvidenceCollector(spans, intruders))
    if gathered.actor is None:
        return ReturnVerdict()
    tenants = tuple(sorted({one.tenant for one in known}))
    containment = Containment(
        known[0].id, contained, contained + ATTENTION_DAYS * DAY, gathered.actor, tenants
    )
    found = search_for_return(held, containment).returns()
    own = tuple(one for one in found if any(uid in records for uid in one.records))
    return ReturnVerdict(own, len(found) - len(own))


def _until(table: pa.Table, time: int) -> pa.Table:
    """Return the events before a time: what is known when the intruder is contained."""
    at = pa.scalar(time, pa.int64()).cast(pa.timestamp("us")).cast(table.schema.field("time").type)
    return table.filter(pa.compute.less(table["time"], at))
