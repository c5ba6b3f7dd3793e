"""Decide within a task which incidents of a shelf are raised, from the candidates of all its days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import zstandard

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import Incident
from seawall.detection.incidents.alert_budget import BudgetDecision, decide
from seawall.detection.incidents.cases import IncidentCase
from seawall.detection.incidents.explain import describe_case
from seawall.detection.incidents.reading_order import order_incidents
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.tallies import Note
from seawall.events.array_state import StateInvalid
from seawall.pipeline.live.candidates import unpack_candidate
from seawall.pipeline.scan import ScanSettings
from seawall.spark.rows import LakeRow
from seawall.spark.scoring import CANDIDATES, STANDING
from seawall.storage.files.incident_documents import incident_from_document, incident_line

INCIDENT, LIMITS = "incident", "limits"
"""Kinds of rows that deciding makes: an incident as a line, and what the budget allowed."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class DecidingTask:
    """What all tasks of deciding share. `days` is the number of days that the budget covers, over all organisations."""

    scan: ScanSettings
    days: int


def decide_shelf(shelf: int, rows: Iterable[LakeRow], task: DecidingTask) -> Iterator[LakeRow]:
    """Yield the incidents of a shelf, the highest first, and its limits."""
    packed: dict[int, list[LakeRow]] = defaultdict(list)
    standing: dict[str, Any] = {}
    for row in rows:
        if row.kind == CANDIDATES:
            packed[row.day].append(row)
        elif row.kind == STANDING:
            standing = msgspec.json.decode(row.content)
    if not standing:
        return
    keys: dict[str, tuple[float, int, str, str]] = {}

    def describe(case: IncidentCase) -> Incident:
        top = case.top
        keys[case.id] = (-case.score, top.first, top.tenant, top.account)
        return describe_case(case)

    notes = msgspec.convert(standing["notes"], list[CoverageNote])
    decision = decide(
        list(_unpack(packed)),
        notes,
        standing["active"],
        task.days,
        task.scan.budget,
        least_score=task.scan.choose_least_score(),
        describe=describe,
    )
    for place, one in enumerate(decision.incidents):
        yield LakeRow(
            INCIDENT, shelf, place=place, names=(_encode(keys[one.id]).decode(),), content=incident_line(one)
        )
    yield LakeRow(LIMITS, shelf, content=_describe_limits(decision))


def collect_incidents(rows: Iterable[LakeRow]) -> tuple[Incident, ...]:
    """Return the incidents of the rows of all shelves in reading order, as a scan does."""
    keyed = [(msgspec.json.decode(row.names[0]), row.shelf, row.place, row.content) for row in rows]
    keyed.sort(key=lambda one: one[:3])
    return order_incidents(incident_from_document(msgspec.json.decode(line)) for _, _, _, line in keyed)


def _unpack(packed: dict[int, list[LakeRow]]) -> Iterator[ScoredCandidate]:
    """Yield the candidates of all days in order. Those of a day in parts are in the order of their places."""
    for _, rows in sorted(packed.items()):
        found: list[tuple[Note, bytes]] = []
        for row in rows:
            listed = _list_packed(row.content)
            places = msgspec.json.decode(row.names[0], type=list[Note]) if row.names else [()] * len(listed)
            found += zip(places, listed, strict=True)
        found.sort(key=lambda one: one[0])
        yield from (unpack_candidate(content) for _, content in found)


def _list_packed(content: bytes) -> list[bytes]:
    try:
        return msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(content), type=list[bytes])
    except (msgspec.MsgspecError, zstandard.ZstdError) as error:
        raise StateInvalid("kept candidates are damaged", fix="scan again into another folder") from error


def _describe_limits(decision: BudgetDecision) -> bytes:
    return _encode(
        {
            "allowed": sum(decision.limits.values()),
            "least_score": decision.threshold.holds_for(decision.limits),
        }
    )
