"""The page shows the recorded verdicts, and a replay gives them again: a change that moves one must renew the record."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tools import replay_table
from tools.figures.digests import stale

from seawall.lab.replay.detection import judge_incidents
from seawall.lab.replay.document import replay_document
from seawall.lab.replay.incident_file import list_names
from seawall.lab.replay.layers import DETECTOR_SETTINGS
from seawall.lab.replay.organisation import HONEST
from seawall.lab.replay.run import IncidentFindings, ReplayRequest, run_replays
from seawall.pipeline.scan import scan
from seawall.report.replay_page import render_replay
from seawall.report.replay_terminal import print_replays

NAMES = ["storm-2372", "tycoon-2fa"]
"""Incidents that are really replayed in every run of the tests; they share an organisation."""


def test_the_page_shows_the_recorded_verdicts() -> None:
    record = replay_table.read_record()["incidents"]
    assert set(record) == set(list_names())
    assert replay_table.PAGE.read_text("utf-8") == replay_table.draw_page(record)


def test_the_record_answers_for_every_setting() -> None:
    record = replay_table.read_record()["incidents"]
    assert len(record) >= 10
    for name, one in record.items():
        assert len(one["settings"]) == 17, name
        assert one["messages_read"] >= one["settings"]["all"]["messages_read_before"], name
        assert one["detected_after"] <= one["messages_read"], name


def test_a_moved_verdict_is_named() -> None:
    record = replay_table.read_record()["incidents"]
    name = next(iter(record))
    moved = {name: {**record[name], "settings": {"all": {"rank": -1}}}}
    assert replay_table.find_moved(moved, record)[0].startswith(f"{name}, all: ")
    assert replay_table.find_moved({name: record[name]}, record) == []
    assert replay_table.find_moved({"heist": record[name]}, record) == ["heist is not recorded"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replay")


@pytest.fixture(scope="module")
def found(folder: Path) -> list[IncidentFindings]:
    return run_replays(ReplayRequest(NAMES), folder)


@pytest.fixture(scope="module")
def document(found: list[IncidentFindings]) -> dict[str, Any]:
    return replay_document(found, ReplayRequest(NAMES).choice, "the reference configuration")


@pytest.mark.slow
def test_two_incidents_are_judged_as_recorded(document: dict[str, Any]) -> None:
    record = replay_table.read_record()["incidents"]
    now = {one["name"]: replay_table.summarise(one) for one in document["incidents"]}
    assert replay_table.find_moved(now, record) == []


@pytest.mark.slow
def test_all_detectors_say_what_an_ordinary_scan_says(found: list[IncidentFindings], folder: Path) -> None:
    one = found[0]
    result = scan([folder / "logs" / HONEST, one.staged.logs])
    own = [
        (rank, incident)
        for rank, incident in enumerate(sorted(result.incidents, key=lambda each: (-each.score, each.id)), 1)
        if any(uid in one.records_read.times for uid in incident.events)
    ]
    verdict = judge_incidents(own, one.records_read, sum(i.raised for i in result.incidents))
    replayed = one.detections[DETECTOR_SETTINGS[0]]
    assert verdict.incident is not None
    assert replayed.incident is not None
    assert (verdict.first_evidence, verdict.raised_at, verdict.rank) == (
        replayed.first_evidence,
        replayed.raised_at,
        replayed.rank,
    )
    assert verdict.incident.score == pytest.approx(replayed.incident.score, abs=1e-6)
    assert verdict.others == replayed.others


@pytest.mark.slow
def test_a_layer_that_is_off_says_nothing(document: dict[str, Any]) -> None:
    for one in document["incidents"]:
        for row in one["settings"]:
            for name in ("prevented", "warned"):
                assert row[name] is None or row[name]["by"] in row["on"]
            if not set(row["on"]) & {"lineage", "behaviour", "rules", "alerts"}:
                assert (row["rank"], row["raised"]) == (None, None)


@pytest.mark.slow
def test_page_and_terminal_show_the_answer(document: dict[str, Any]) -> None:
    page = render_replay(document)
    assert "Storm-2372" in page
    assert page.count('<svg class="replay"') == 4, "two pictures of each incident"
    assert "<script" not in page
    written = io.StringIO()
    print_replays(Console(file=written, width=200), document)
    text = written.getvalue()
    assert "policies alone" in text
    assert "Storm-2372" in text


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_all_incidents_are_judged_as_recorded() -> None:
    """Replay all if anything changed that decides a verdict since the record was made; else the record holds."""
    record = replay_table.read_record()
    changed = stale(record["digests"], replay_table.find_digests())
    now = replay_table.measure(list_names()) if changed else record["incidents"]
    assert replay_table.find_moved(now, record["incidents"]) == [], (
        f"changed: {changed}; renew the record with python -m tools.replay_table"
    )


@pytest.mark.soak
def test_all_incidents_are_judged_as_recorded_in_this_place() -> None:
    record = replay_table.read_record()["incidents"]
    assert replay_table.find_moved(replay_table.measure(list_names()), record) == []
