"""The coverage of a user's own logs: what it leaves out of a replay, and what no file can do to the reader."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from seawall.detection.incidents.coverage import CoverageMeter
from seawall.events.coded_batch import Vocabulary
from seawall.events.event import EVENT_SCHEMA
from seawall.lab.replay.own_coverage import DAY, HOUR, OwnCoverage, keep_covered, read_coverage
from seawall_base.errors import InputUnreadable
from seawall_base.times import rfc3339

FIRST = 1_704_067_200_000_000
"""The first day of the lab's calendar, in microseconds since 1970."""


def make_events(*rows: tuple[str, float, str]) -> pa.Table:
    """Return events of (kind, day, session)."""
    columns: dict[str, Any] = {
        "metadata_uid": [f"record-{number}" for number in range(len(rows))],
        "kind": [kind for kind, _, _ in rows],
        "time": [FIRST + int(day * DAY) for _, day, _ in rows],
        "session_uid": [session for _, _, session in rows],
        "token_uid": [session for _, _, session in rows],
    }
    arrays = [
        pa.array(columns[field.name]).cast(field.type)
        if field.name in columns
        else pa.nulls(len(rows), field.type)
        for field in EVENT_SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=EVENT_SCHEMA)


def write(path: Path, *notes: dict[str, Any]) -> Path:
    document = {"schema_version": 1, "coverage": [{**BLANK, **note} for note in notes]}
    path.write_text(json.dumps(document), "utf-8")
    return path


BLANK = {
    "tenant": "a", "source": "all", "code": "gap", "start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z",
    "text": "", "account": "",
}  # fmt: skip


def test_a_kind_that_is_missing_is_left_out(tmp_path: Path) -> None:
    found = read_coverage(write(tmp_path / "c.json", {"source": "sign_in", "code": "no-source"}))
    kept = keep_covered(found)(
        make_events(("sign_in", 1, "s"), ("mail_access", 1, "s"), ("directory", 1, ""))
    )
    assert kept["kind"].to_pylist() == ["mail_access", "directory"]
    assert kept["session_uid"].to_pylist() == ["s", ""]
    assert found.sentences == ("no sign-in records",)


def test_logs_that_miss_nothing_leave_all(tmp_path: Path) -> None:
    found = read_coverage(write(tmp_path / "c.json"))
    events = make_events(("sign_in", 1, "s"), ("mail_access", 30, "s"))
    assert keep_covered(found)(events).equals(events)
    assert found.sentences == ("nothing is missing",)


def test_a_gap_leaves_out_its_hours_again_and_again(tmp_path: Path) -> None:
    gap = {"source": "mail_access", "start": "2026-01-03T00:00:00Z", "end": "2026-01-04T12:00:00Z"}
    whole = {"source": "directory", "code": "no-source", "end": "2026-01-11T00:00:00Z"}
    found = read_coverage(write(tmp_path / "c.json", gap, whole))
    assert (found.period, found.gaps) == (10 * DAY, (("mail_access", 2 * DAY, 2 * DAY + 36 * HOUR),))
    events = make_events(
        *(("mail_access", day, "") for day in (1.9, 2, 3.4, 3.6, 12.5)), ("sign_in", 2.5, "")
    )
    kept = keep_covered(found)(events)
    assert kept["metadata_uid"].to_pylist() == ["record-0", "record-3", "record-5"]


def test_sessions_are_lost_by_the_measured_share(tmp_path: Path) -> None:
    text = "3,000 of 4,000 mail access records carry no session identifier."
    found = read_coverage(
        write(tmp_path / "c.json", {"source": "mail_access", "code": "no-identifiers", "text": text})
    )
    assert found.linked == 0.25
    events = make_events(*[("mail_access", 1, "s")] * 2000, *[("sign_in", 1, "s")] * 10)
    kept = keep_covered(found)(events)
    named = [session for session in kept["session_uid"].to_pylist()[:2000] if session]
    assert 400 < len(named) < 600
    assert kept["token_uid"].to_pylist()[:2000].count(None) == 2000 - len(named)
    assert kept["session_uid"].to_pylist()[2000:] == ["s"] * 10


def test_a_share_that_is_not_said_leaves_no_session(tmp_path: Path) -> None:
    note = {"source": "mail_access", "code": "no-identifiers", "text": "some carry none"}
    found = read_coverage(write(tmp_path / "c.json", note))
    assert found.linked == 0
    assert keep_covered(found)(make_events(("mail_access", 1, "s")))["session_uid"].to_pylist() == [None]


def test_a_short_history_begins_days_before_the_incident(tmp_path: Path) -> None:
    note = {"code": "short-history", "end": "2026-01-05T00:00:00Z"}
    found = read_coverage(write(tmp_path / "c.json", note))
    kept = keep_covered(found)(make_events(("sign_in", 9.9, ""), ("sign_in", 10.1, ""), ("sign_in", 15, "")))
    assert kept["metadata_uid"].to_pylist() == ["record-1", "record-2"]


def test_what_cannot_be_applied_is_counted(tmp_path: Path) -> None:
    notes = [{"code": "throttled"}, {"code": "of-tomorrow"}, {"code": "no-source", "source": "of-tomorrow"}]
    found = read_coverage(write(tmp_path / "c.json", *notes))
    assert (found.other, found.missing) == (3, frozenset())
    assert found.sentences == ("3 notes that a replay cannot apply, about single accounts or files",)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"coverage": {}}',
        '{"coverage": [7]}',
        '{"coverage": [{"source": 1, "code": "gap", "start": "", "end": ""}]}',
        '{"coverage": [{"source": "all", "code": "gap", "start": "soon", "end": "2026-01-01T00:00:00Z"}]}',
        '{"coverage": [{"source": "all", "code": "gap", "start": "2026-01-01", "end": "2026-01-01"}]}',
        '{"coverage": [{"source": "all", "code": "gap", "start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}]}',
        '{"coverage": [], "deep": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "\x00\xff",
    ],
)
def test_another_file_is_refused_in_one_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputUnreadable) as refused:
        read_coverage(path)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "none", "."):
        with pytest.raises(InputUnreadable):
            read_coverage(tmp_path / name)


def test_a_file_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.lab.replay.own_coverage.MOST_BYTES", 100)
    with pytest.raises(InputUnreadable, match="larger than"):
        read_coverage(write(tmp_path / "c.json", {}, {}))


def test_dates_of_the_far_future_are_only_distances(tmp_path: Path) -> None:
    note = {"source": "directory", "start": "9999-12-30T00:00:00Z", "end": "9999-12-31T00:00:00Z"}
    found = read_coverage(write(tmp_path / "c.json", note))
    assert (found.gaps, found.period) == ((("directory", 0, DAY),), DAY)


def test_the_notes_of_a_scan_are_read(tmp_path: Path) -> None:
    meter = CoverageMeter()
    hours = np.array([(2 << 24) | (FIRST // HOUR + hour) for hour in range(480)], np.int64)
    vocabularies = {
        "kind": Vocabulary(["sign_in", "directory", "mail_access"]),
        "org_uid": Vocabulary(["a"]),
        "account": Vocabulary([]),
    }
    empty = np.zeros(0, np.int32)
    mail = (np.array([0]), np.array([1_000]), np.array([4_000]))
    meter.observe_parts(vocabularies, hours, [empty] * 3, np.zeros(0, np.int64), mail)
    notes = [
        {**asdict(note), "start": rfc3339(note.start), "end": rfc3339(note.end)} for note in meter.notes()
    ]
    found = read_coverage(write(tmp_path / "c.json", *notes))
    assert found == OwnCoverage(frozenset({"sign_in", "directory"}), 0.25, (), 20 * DAY)
    assert found.sentences == (
        "no sign-in records",
        "no directory audit records",
        "75% of mail access records without a session",
    )
