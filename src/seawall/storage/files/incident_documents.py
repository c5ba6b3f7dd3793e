"""Incidents as JSON documents and back; a line of `incidents.jsonl` is one document.

Readers may rely on the keys up to `actions` and on their order. Later keys serve the report and `explain`. Times are RFC
3339 in UTC.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from seawall.detection.incident import AttackLink, BaselineComparison, Incident, TimelinePoint
from seawall.detection.incidents.incident_choice import IncidentHead, list_numbers
from seawall.detection.incidents.reading_order import order_incidents
from seawall.detection.incidents.story.act import StorySentence
from seawall.detection.reason import Reason
from seawall_base import private_files
from seawall_base.document_version import SCHEMA_VERSION
from seawall_base.errors import InputUnreadable
from seawall_base.json_text import clamp_to_finite
from seawall_base.msgspec_types import prepare
from seawall_base.operating_system import set_mode
from seawall_base.regular_files import open_file
from seawall_base.times import parse_rfc3339, rfc3339

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(type=dict[str, Any])

prepare(Incident)


def incident_document(incident: Incident) -> dict[str, Any]:
    """Return the incident as values that JSON can hold, keys in the documented order."""
    detected = incident.detected_at
    return {
        "id": incident.id,
        "tenant": incident.tenant,
        "account": incident.account,
        "kind": incident.kind,
        "severity": incident.severity,
        "score": clamp_to_finite(incident.score),
        "raised": incident.raised,
        "detected_at": None if detected is None else rfc3339(detected),
        "first_event": rfc3339(incident.first_event),
        "last_event": rfc3339(incident.last_event),
        "title": incident.title,
        "summary": incident.summary,
        "reasons": [_reason_document(reason) for reason in incident.reasons],
        "events": list(incident.events),
        "mailboxes": list(incident.mailboxes),
        "messages": {"proved": incident.messages_proved, "possible": incident.messages_possible},
        "coverage": list(incident.coverage),
        "actions": list(incident.actions),
        "chance": None if incident.chance is None else clamp_to_finite(incident.chance),
        "base": clamp_to_finite(incident.base),
        "usual": [_usual_document(row) for row in incident.usual],
        "timeline": [_point_document(point) for point in incident.timeline],
        "related": list(incident.related),
        "family": incident.family,
        "attack": incident.attack,
        "attack_links": [_link_document(one) for one in incident.attack_links],
        "story": [_sentence_document(one) for one in incident.story],
        "details": incident.details,
        "schema_version": SCHEMA_VERSION,
    }


def incident_from_document(document: Mapping[str, Any]) -> Incident:
    """Return the incident of a document that `incident_document` wrote; keys after `actions` may be absent.

    Raises `ValueError`, `KeyError` or `TypeError` if the document is no incident.
    """
    detected, messages = document["detected_at"], document["messages"]
    usual = [
        {**row, "usual": [(entry["value"], entry["share"]) for entry in row["usual"]]}
        for row in document.get("usual", ())
    ]
    plain = {
        "base": 0.0,
        **document,
        "detected_at": None if detected is None else parse_rfc3339(detected),
        "first_event": parse_rfc3339(document["first_event"]),
        "last_event": parse_rfc3339(document["last_event"]),
        "messages_proved": messages["proved"],
        "messages_possible": messages["possible"],
        "usual": usual,
        "timeline": [
            {**point, "time": parse_rfc3339(point["time"])} for point in document.get("timeline", ())
        ],
        "story": story_from_document(document),
    }
    return msgspec.convert(plain, Incident)


def story_from_document(document: Mapping[str, Any]) -> tuple[StorySentence, ...]:
    """Return the story of an incident's document, empty if it has none. Raises `ValueError`, `KeyError` or `TypeError`."""
    plain = [
        {**one, "time": parse_rfc3339(one["time"]), "end": parse_rfc3339(one["end"])}
        for one in document.get("story", ())
    ]
    return msgspec.convert(plain, tuple[StorySentence, ...])


def incident_line(incident: Incident) -> bytes:
    """Return the incident as one line of UTF-8 JSON, newline included."""
    return _ENCODER.encode(incident_document(incident)) + b"\n"


def write_incidents(path: Path, incidents: Iterable[Incident]) -> None:
    """Write `incidents.jsonl` in the order given, which should be the reading order.

    The file is replaced atomically: a gate reads it, and half of it would let accounts through. Only its owner may read it,
    except that the group permissions of an existing file stay.
    """
    part = path.with_name(path.name + ".part")
    try:
        with os.fdopen(private_files.open_for_writing(part), "wb") as target:
            target.writelines(incident_line(incident) for incident in incidents)
            target.flush()
            os.fsync(target.fileno())
            with suppress(FileNotFoundError):
                set_mode(target.fileno(), stat.S_IMODE(path.stat().st_mode) & 0o660 | private_files.FILE_MODE)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read_incidents(path: Path) -> Iterator[Incident]:
    """Yield the incidents of an `incidents.jsonl` in the order of the file.

    Raises `InputUnreadable`, with the number of the line, if the file is missing or a line is no incident.
    """
    for number, line in _lines(path):
        with _locate(path, number):
            yield incident_from_document(_DECODER.decode(line))


@dataclass(frozen=True, slots=True)
class FoundIncident:
    """An incident of a file with its number from 1, the number of all, and the numbers of its account's other incidents.

    `others` is empty unless the incident was asked for by its account.
    """

    number: int
    total: int
    incident: Incident
    others: tuple[int, ...] = ()


def look_up(path: Path, wanted: str) -> FoundIncident:
    """Return an incident by its id, the beginning of an id, its number in reading order from 1, or its account.

    Only the wanted incident is decoded in full, because a file may hold ten thousand. Raises `InputUnreadable` and
    `UsageError`.
    """
    lines: dict[str, tuple[int, bytes]] = {}
    read: list[IncidentHead] = []
    for number, line in _lines(path):
        with _locate(path, number):
            head = _HEAD_DECODER.decode(line)
        read.append(head)
        lines.setdefault(head.id, (number, line))
    heads = order_incidents(read)
    rank, *others = list_numbers(heads, wanted)
    number, line = lines[heads[rank - 1].id]
    with _locate(path, number):
        found = incident_from_document(_DECODER.decode(line))
    return FoundIncident(rank, len(heads), found, tuple(others))


_HEAD_DECODER = msgspec.json.Decoder(type=IncidentHead)
_FIX = "run `seawall scan PATH... --out DIR` and name that DIR with --out"


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        source = open_file(path)
    except OSError as error:
        raise InputUnreadable(f"{path}: {error.strerror or error}", fix=_FIX) from error
    with source:
        for number, line in enumerate(source, start=1):
            if line.strip():
                yield number, line


@contextmanager
def _locate(path: Path, number: int) -> Iterator[None]:
    """Turn errors of decoding into `InputUnreadable` with the file and line."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise InputUnreadable(f"{path}, line {number}: not an incident ({error!r})", fix=_FIX) from error


def _reason_document(reason: Reason) -> dict[str, Any]:
    return {
        "layer": reason.layer,
        "aspect": reason.aspect,
        "text": reason.text,
        "weight": clamp_to_finite(reason.weight),
        "value": reason.value,
        "counts": {name: clamp_to_finite(count) for name, count in reason.counts.items()},
    }


def _usual_document(row: BaselineComparison) -> dict[str, Any]:
    return {
        "aspect": row.aspect,
        "now": row.now,
        "usual": [{"value": value, "share": clamp_to_finite(share)} for value, share in row.usual],
        "seen_days": clamp_to_finite(row.seen_days),
        "active_days": clamp_to_finite(row.active_days),
        "peers_with": row.peers_with,
        "peers": row.peers,
        "is_unusual": row.is_unusual,
        "normal_if": row.normal_if,
    }


def _point_document(point: TimelinePoint) -> dict[str, Any]:
    return {
        "time": rfc3339(point.time),
        "lane": point.lane,
        "count": point.count,
        "is_intruder": point.is_intruder,
        "label": point.label,
    }


def _link_document(one: AttackLink) -> dict[str, Any]:
    return {"incident": one.incident, "account": one.account, "kind": one.kind, "name": one.name}


def _sentence_document(one: StorySentence) -> dict[str, Any]:
    return {
        "time": rfc3339(one.time),
        "end": rfc3339(one.end),
        "actor": one.actor,
        "act": one.act,
        "object": one.object,
        "whom": one.whom,
        "place": one.place,
        "count": one.count,
        "sentence": one.sentence,
        "short": one.short,
        "left": one.left,
        "events": list(one.events),
        "unlisted": one.unlisted,
        "is_intruders": one.is_intruders,
        "is_key": one.is_key,
    }
