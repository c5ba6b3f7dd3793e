"""Incident documents keep the contract and lose nothing on the way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.incident import SEVERITIES, BaselineComparison, Incident, TimelinePoint
from seawall.detection.reason import Reason
from seawall.storage.files.incident_documents import (
    incident_document,
    incident_from_document,
    incident_line,
    read_incidents,
    write_incidents,
)
from seawall_base.errors import InputUnreadable
from seawall_base.times import parse_rfc3339, rfc3339

from .samples import incident

CONTRACT = [
    "id",
    "tenant",
    "account",
    "kind",
    "severity",
    "score",
    "raised",
    "detected_at",
    "first_event",
    "last_event",
    "title",
    "summary",
    "reasons",
    "events",
    "mailboxes",
    "messages",
    "coverage",
    "actions",
]

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
TIME = st.integers(min_value=631_152_000_000_000, max_value=4_102_444_800_000_000)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
COUNT = st.integers(min_value=0, max_value=2**53)
LAYER = st.sampled_from(("behaviour", "lineage", "rules", "assurance"))

REASON = st.builds(Reason, LAYER, TEXT, TEXT, NUMBER, TEXT, st.dictionaries(TEXT, NUMBER, max_size=3))
USUAL = st.builds(
    BaselineComparison,
    TEXT,
    TEXT,
    st.lists(st.tuples(TEXT, NUMBER), max_size=3).map(tuple),
    NUMBER,
    NUMBER,
    COUNT,
    COUNT,
    st.booleans(),
    TEXT,
)
POINT = st.builds(TimelinePoint, TIME, TEXT, COUNT, st.booleans(), TEXT)
INCIDENT = st.builds(
    Incident,
    id=TEXT,
    tenant=TEXT,
    account=TEXT,
    kind=TEXT,
    severity=st.sampled_from(SEVERITIES),
    score=NUMBER,
    base=NUMBER,
    raised=st.booleans(),
    detected_at=st.none() | TIME,
    first_event=TIME,
    last_event=TIME,
    title=TEXT,
    summary=TEXT,
    reasons=st.lists(REASON, max_size=3).map(tuple),
    events=TEXTS,
    mailboxes=TEXTS,
    messages_proved=COUNT,
    messages_possible=COUNT,
    coverage=TEXTS,
    actions=TEXTS,
    usual=st.lists(USUAL, max_size=2).map(tuple),
    timeline=st.lists(POINT, max_size=2).map(tuple),
    related=TEXTS,
    family=TEXT,
    details=st.dictionaries(TEXT, TEXT | COUNT | st.booleans(), max_size=2),
)


@given(INCIDENT)
def test_round_trip(original: Incident) -> None:
    assert incident_from_document(msgspec.json.decode(incident_line(original))) == original


@given(TIME)
def test_times_round_trip(time: int) -> None:
    text = rfc3339(time)
    assert text.endswith("Z")
    assert parse_rfc3339(text) == time


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        parse_rfc3339("2026-03-01T12:00:00")


def test_contract_keys_come_first_and_in_order() -> None:
    document = incident_document(incident())
    assert list(document)[: len(CONTRACT)] == CONTRACT
    assert list(document["messages"]) == ["proved", "possible"]
    assert list(document["reasons"][0])[:4] == ["layer", "aspect", "text", "weight"]
    assert document["first_event"] == "2026-03-28T23:00:00Z"


@pytest.mark.parametrize("score", [float("inf"), float("-inf"), float("nan")])
def test_no_number_breaks_the_json(score: float) -> None:
    line = incident_line(replace(incident(), score=score))
    assert isinstance(msgspec.json.decode(line)["score"], float)


def test_a_reader_of_the_contract_alone_is_served() -> None:
    document: dict[str, Any] = {key: incident_document(incident())[key] for key in CONTRACT}
    assert incident_from_document(document).account == incident().account


def test_files_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "incidents.jsonl"
    incidents = [incident(1), incident(2, raised=False)]
    write_incidents(path, incidents)
    assert list(read_incidents(path)) == incidents
    assert path.read_bytes().count(b"\n") == 2


@pytest.mark.parametrize("bad", [b"{", b"[]", b'{"id": "x"}', b'"text"', b"\xff\xfe"])
def test_a_broken_line_is_named(tmp_path: Path, bad: bytes) -> None:
    path = tmp_path / "incidents.jsonl"
    path.write_bytes(incident_line(incident()) + b"\n" + bad + b"\n")
    with pytest.raises(InputUnreadable, match="line 3"):
        list(read_incidents(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputUnreadable, match="No such file"):
        list(read_incidents(tmp_path / "incidents.jsonl"))


@pytest.mark.parametrize(("key", "value"), [("severity", "fatal"), ("first_event", "yesterday")])
def test_wrong_values_are_refused(key: str, value: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        incident_from_document({**incident_document(incident()), key: value})


def test_a_writer_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "incidents.jsonl"
    write_incidents(path, [incident(1)])
    path.chmod(0o640)
    before = path.read_bytes()

    def breaking() -> Iterator[Incident]:
        yield incident(2)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_incidents(path, breaking())
    assert path.read_bytes() == before
    write_incidents(path, [])
    assert path.read_bytes() == b""
    assert path.stat().st_mode & 0o777 == 0o640, "who could read it can read it still"
    assert [file.name for file in tmp_path.iterdir()] == ["incidents.jsonl"]
