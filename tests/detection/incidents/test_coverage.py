"""Coverage says what the logs could not show: gaps, missing sources, throttling, missing identifiers, short history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incidents.coverage import CoverageMeter
from tests.sample_events import batches, event, sign_in


def notes(tmp_path: Path, rows: list[dict[str, Any]]) -> list[CoverageNote]:
    meter = CoverageMeter()
    for _, batch in batches(tmp_path, rows):
        meter.observe(batch)
    return meter.notes()


def hourly(days: int, skip: range = range(0)) -> list[dict[str, Any]]:
    """Mail and sign-ins every hour, a hole in the mail at the hours of `skip`."""
    rows = []
    for hour in range(24 * days):
        if hour not in skip:
            rows.append(event(f"e{hour}", 0, 60 * hour, session_uid="s"))
        rows += [
            sign_in(f"s{hour}", 0, 60 * hour),
            event(f"d{hour}", 0, 60 * hour, kind="directory", mailbox=None),
        ]
    return rows


def test_complete_logs_need_no_note(tmp_path: Path) -> None:
    assert notes(tmp_path, hourly(20)) == []


def test_a_hole_is_a_gap_of_its_source_with_its_hours(tmp_path: Path) -> None:
    (gap,) = notes(tmp_path, hourly(20, range(100, 148)))
    assert (gap.code, gap.source, gap.tenant) == ("gap", "mail_access", "org")
    assert (gap.end - gap.start) // 3_600_000_000 == 48


def test_what_is_missing_altogether_is_said(tmp_path: Path) -> None:
    found = {(note.code, note.source) for note in notes(tmp_path, [event(f"e{n}", n) for n in range(20)])}
    assert ("no-source", "sign_in") in found
    assert ("no-source", "directory") in found
    assert ("no-identifiers", "mail_access") in found


def test_identifiers_are_counted_for_each_organisation(tmp_path: Path) -> None:
    rows = [
        event(f"{org}{n}", n, org_uid=org, session_uid="s" if n < linked else None)
        for org, linked in (("a", 20), ("b", 3), ("c", 0))
        for n in range(20)
    ]
    found = {note.tenant: note.text for note in notes(tmp_path, rows) if note.code == "no-identifiers"}
    assert found == {
        "b": "17 of 20 mail access records carry no session identifier.",
        "c": "20 of 20 mail access records carry no session identifier.",
    }


def test_throttling_blinds_an_account_for_a_day(tmp_path: Path) -> None:
    rows = [*hourly(20), event("t", 3, is_throttled=True, session_uid="s")]
    (note,) = notes(tmp_path, rows)
    assert (note.code, note.account) == ("throttled", "ann@x.example")
    assert note.end - note.start == 86_400_000_000


def test_a_short_history_is_said(tmp_path: Path) -> None:
    assert "short-history" in {note.code for note in notes(tmp_path, hourly(3))}


def test_a_file_as_long_as_an_export_may_be_was_probably_cut_off(tmp_path: Path) -> None:
    rows = [*hourly(20), event("x", 2, 30, source_file="full.csv"), event("y", 5, 30, source_file="full.csv")]
    meter = CoverageMeter(["full.csv", "of-duplicates-only.csv"])
    days = batches(tmp_path, rows)
    for _, batch in days:
        meter.observe(batch)
    (note,) = [note for note in meter.notes() if note.code == "truncated"]
    assert (note.tenant, note.end - note.start) == ("org", 3 * 86_400_000_000)
    assert "full.csv" in note.text


def test_graph_activity_is_no_coverage_of_mail(tmp_path: Path) -> None:
    by_graph = [
        event(f"g{hour}", 0, 60 * hour, source="graph_activity", session_uid="s") for hour in range(480)
    ]
    (gap,) = notes(tmp_path, [*hourly(20, range(100, 148)), *by_graph])
    assert (gap.code, gap.source) == ("gap", "mail_access")
    alone = [row for row in hourly(20) if row["kind"] != "mail_access"]
    (tmp_path / "alone").mkdir()
    (note,) = notes(tmp_path / "alone", [*alone, *by_graph])
    assert (note.code, note.source) == ("no-source", "mail_access")
    assert "Microsoft Graph activity alone" in note.text
