"""What detection says is read from incidents: the highest, the first evidence, and when one was raised."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from seawall.detection.incident import Incident
from seawall.lab.replay.detection import NOT_SEEN, IntruderRecords, judge_incidents
from seawall.lab.replay.own_logs import keep_like
from seawall_base.errors import InputUnreadable

RECORDS = IntruderRecords({"a": 100, "b": 50, "c": 900}, frozenset({"ann"}))


def incident(name: str, events: tuple[str, ...], detected: int | None) -> Incident:
    return Incident(
        name, "t", "ann", "kind", "low", 1.0, 0.0, detected is not None, detected, 0, 1000, name, "", (), events, (), 0, 0
    )  # fmt: skip


def test_nothing_is_not_seen() -> None:
    assert judge_incidents([], RECORDS, 0) == NOT_SEEN
    assert judge_incidents([], RECORDS, 3).others == 3


def test_the_first_evidence_may_be_in_an_incident_that_is_not_raised() -> None:
    found = [(1, incident("high", ("a",), 120)), (40, incident("low", ("b", "x"), None))]
    verdict = judge_incidents(found, RECORDS, 5)
    assert (verdict.first_evidence, verdict.raised_at, verdict.rank, verdict.others) == (50, 120, 1, 4)


def test_a_raised_incident_comes_before_a_higher_one_that_is_not() -> None:
    found = [(2, incident("listed", ("a",), None)), (7, incident("raised", ("c",), 950))]
    verdict = judge_incidents(found, RECORDS, 1)
    assert verdict.rank == 7
    assert verdict.incident is not None
    assert verdict.incident.id == "raised"


def test_only_kinds_of_the_own_logs_are_kept(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_text(
        '{"CreationTime":"2024-01-02T03:04:05","Id":"1","Operation":"Set-Mailbox","OrganizationId":"t","RecordType":1,'
        '"UserKey":"u","UserType":0,"Version":1,"Workload":"Exchange","UserId":"ann@t.example","ObjectId":"x"}\n'
    )
    keep = keep_like(tmp_path)
    names = ["source", "kind", "session_uid", "token_uid", "device_uid"]
    table = pa.table(
        {name: pa.array(["m365_audit", "other"] if name == "source" else ["x", "y"]) for name in names}
    )
    assert keep(table).num_rows == 0


def test_own_logs_that_are_not_there_or_empty_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputUnreadable, match="no such file"):
        keep_like(tmp_path / "nowhere")
    with pytest.raises(InputUnreadable, match="no event"):
        keep_like(tmp_path)
