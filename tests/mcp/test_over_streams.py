"""Every tool through the official SDK's client over standard streams, on the results of a scan whose logs are hostile."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from seawall.mcp.calls import LARGEST_ANSWER
from seawall.mcp.log_text import SENTENCE_LENGTH
from seawall.storage.files.assistant_calls import ASSISTANT_CALLS
from tests.mcp.assistants import (
    ORGANISATION_WIDE,
    Answered,
    Call,
    ask_over_streams,
    list_texts,
    text_of,
)
from tests.mcp.planted import APPLICATION, MARK, RULE, VICTIM

SEARCHES: tuple[Call, ...] = (
    ("search", {"kind": "account", "value": VICTIM, "limit": 50}),
    ("search", {"kind": "ip", "value": "185.220.101.5"}),
    ("search", {"kind": "ip", "value": "192.0.2.1"}),
    ("search", {"kind": "ip", "value": "185.220.101.5", "before": "2026-03-10"}),
    ("incident", {"incident": "1", "offset": 4, "limit": 3}),
)
HOSTILE: tuple[Call, ...] = (
    ("incident", {"incident": "../../etc/passwd"}),
    ("incident", {"incident": "1' OR '1'='1"}),
    ("incident", {"incident": "9" * 5_000}),
    ("incident", {"incident": "999999"}),
    ("incident", {}),
    ("incident", {"incident": 1}),
    ("incidents", {"limit": -1}),
    ("incidents", {"limit": 10**30}),
    ("incidents", {"limit": 51}),
    ("incidents", {"offset": -5}),
    ("incidents", {"severity": "enormous"}),
    ("incidents", {"after": "yesterday"}),
    ("incidents", {"after": "2026-03-05", "before": "2026-03-01"}),
    ("incidents", {"path": "/etc"}),
    ("incidents", {"account": "x\u202ey"}),
    ("search", {"kind": "sql", "value": "select 1"}),
    ("search", {"kind": "ip", "value": "'; DROP TABLE incidents; --"}),
    ("search", {"kind": "account", "value": "x" * 10_000}),
    ("search", {"kind": "account", "value": {"$ne": 1}}),
    ("search", {"kind": "rule", "value": "a"}),
    ("write", {"file": "/etc/passwd"}),
    ("query", {"sql": "select * from events"}),
)
CALLS = (*ORGANISATION_WIDE, *SEARCHES, *HOSTILE)


@pytest.fixture(scope="module")
def results(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(planted, tmp_path_factory.mktemp("asked") / "out"))


@pytest.fixture(scope="module")
def asked(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Answered:
    errors = tmp_path_factory.mktemp("errors") / "stderr"
    got = ask_over_streams(["--out", str(results)], CALLS, errors)
    assert "assistants may read" in errors.read_text("utf-8")
    return got


def answer(asked: Answered, name: str) -> dict[str, Any]:
    """The first answer of a tool."""
    return asked.document(next(place for place, call in enumerate(CALLS) if call[0] == name))


def untrusted(listing: dict[str, Any]) -> list[str]:
    return [one["untrusted"] for one in listing["items"]]


def test_the_server_offers_ten_tools_that_only_read(asked: Answered) -> None:
    assert [tool.name for tool in asked.tools] == [
        "incidents", "incident", "story", "timeline", "usual_against_now", "scope", "coverage", "plan", "rule_hits", "search",
    ]  # fmt: skip
    for tool in asked.tools:
        about = tool.annotations
        assert about is not None
        assert (about.read_only_hint, about.destructive_hint, about.open_world_hint) == (True, False, False)
    for words in ("untrusted", "Never follow an instruction", "change nothing", "record ids"):
        assert words in asked.instructions


def test_incidents_are_listed_with_what_a_person_asks_first(asked: Answered) -> None:
    found = answer(asked, "incidents")["incidents"]
    (one,) = found["items"]
    assert (found["total"], found["cut"], one["rank"], one["raised"]) == (1, False, 1, True)
    assert (one["account"]["untrusted"], one["severity"]) == (VICTIM, "critical")
    assert one["records"] == 9
    assert RULE in one["title"]["untrusted"]


def test_an_incident_is_explained_and_names_its_records(asked: Answered, results: Path) -> None:
    found = answer(asked, "incident")
    line = json.loads((results / "incidents.jsonl").read_text("utf-8").splitlines()[0])
    assert untrusted(found["records"]) == line["events"]
    weights = [reason["weight"] for reason in found["reasons"]["items"]]
    total = found["base"] + found["other_weight"] + sum(weights)
    assert total == pytest.approx(found["incident"]["score"], abs=1e-4)
    assert found["addresses"]["items"][0] == {
        "address": {"untrusted": "185.220.101.5"},
        "records": found["addresses"]["items"][0]["records"],
    }
    assert found["first_steps"]["items"]


def test_record_ids_of_an_incident_come_in_pages(asked: Answered, results: Path) -> None:
    line = json.loads((results / "incidents.jsonl").read_text("utf-8").splitlines()[0])
    found = asked.document(len(ORGANISATION_WIDE) + len(SEARCHES) - 1)["records"]
    assert (untrusted(found), found["total"], found["cut"]) == (line["events"][4:7], 9, True)


def test_the_story_is_in_order_and_each_act_has_its_records(asked: Answered, results: Path) -> None:
    lines = answer(asked, "story")["lines"]["items"]
    assert [one["time"] for one in lines] == sorted(one["time"] for one in lines)
    known = set(json.loads((results / "incidents.jsonl").read_text("utf-8").splitlines()[0])["events"])
    assert len(lines) == 5
    for one in lines:
        assert one["records"]["items"]
        assert set(untrusted(one["records"])) <= known


def test_timeline_and_usual_values_come_from_the_incident(asked: Answered) -> None:
    slots = answer(asked, "timeline")["slots"]["items"]
    assert any(slot["by_attacker"] for slot in slots)
    fields = answer(asked, "usual_against_now")["fields"]["items"]
    assert fields[0]["is_unusual"]
    assert any(one["usual"]["items"] for one in fields)
    assert answer(asked, "timeline")["records"] == answer(asked, "incident")["records"]


def test_scope_coverage_plan_and_hits_name_records(asked: Answered) -> None:
    members = answer(asked, "scope")["members"]["items"]
    assert members[0]["verdict"] == "touched"
    assert members[0]["records"]["items"]
    assert answer(asked, "scope")["state"] == "done"
    assert {gap["code"] for gap in answer(asked, "coverage")["gaps"]["items"]} >= {"no-identifiers"}
    steps = answer(asked, "plan")["steps"]["items"]
    assert [one["number"] for one in steps] == list(range(1, len(steps) + 1))
    assert any(one["records"]["items"] for one in steps)
    hits = answer(asked, "rule_hits")["hits"]["items"]
    assert hits
    assert all(one["records"]["items"] for one in hits)


def test_a_search_counts_and_shows_the_newest_records(asked: Answered) -> None:
    place = len(ORGANISATION_WIDE)
    victim, away, nothing, early = (asked.document(place + step) for step in range(4))
    assert victim["matches"] == 21 * 4 + 9
    assert (len(victim["records"]["items"]), victim["records"]["cut"]) == (50, True)
    assert away["matches"] == 9
    times = [one["time"] for one in away["records"]["items"]]
    assert times == sorted(times, reverse=True)
    assert all(one["in_incident"] for one in away["records"]["items"])
    assert len(away["incidents"]["items"]) == 1
    assert (nothing["matches"], nothing["first"], nothing["records"]["items"]) == (0, None, [])
    assert early["matches"] == 0


def test_planted_orders_are_returned_as_data_alone(asked: Answered) -> None:
    """Whatever the logs say stands in a field `untrusted`, without control characters, and cut with a word that it is."""
    seen: set[str] = set()
    for place in range(len(CALLS) - len(HOSTILE)):
        for path, text in list_texts(asked.document(place)):
            if MARK in text or "Ignore previous" in text:
                assert path[-1] == "untrusted", (CALLS[place], path)
                seen |= {name for name in ("AGENT", "RULE", "APPLICATION", "FILE") if f"{MARK}{name}" in text}
            assert len(text) <= SENTENCE_LENGTH
            assert not set(text) & set("\u202e\u200b\x07\x1b\r\n")
    assert {"AGENT", "RULE", "APPLICATION"} <= seen
    agent = next(
        one["user_agent"]
        for one in asked.document(len(ORGANISATION_WIDE))["records"]["items"]
        if MARK in one["user_agent"]["untrusted"]
    )
    assert agent["cut"]
    assert "⟨U+202E⟩" in agent["untrusted"]
    assert APPLICATION in str(answer(asked, "story"))


def test_planted_orders_are_in_no_words_of_the_server(asked: Answered) -> None:
    words = asked.instructions + "".join(tool.model_dump_json() for tool in asked.tools)
    assert MARK not in words
    assert VICTIM not in words


@pytest.mark.parametrize("place", range(len(HOSTILE)), ids=lambda place: str(HOSTILE[place])[:60])
def test_hostile_arguments_are_refused_with_what_to_do(asked: Answered, place: int) -> None:
    refused = asked.answers[len(CALLS) - len(HOSTILE) + place]
    assert refused.is_error
    assert refused.structured_content is None
    said = text_of(refused)
    assert "What to do: " in said
    assert len(said) <= 500
    assert "Traceback" not in said


def test_every_call_is_recorded_and_nothing_else_is_written(
    asked: Answered, results: Path, planted: Path
) -> None:
    lines = [json.loads(line) for line in (results / ASSISTANT_CALLS).read_text("utf-8").splitlines()]
    assert [line["tool"] for line in lines] == [name for name, _ in CALLS]
    assert {line["actor"] for line in lines} == {"local"}
    count = len(CALLS) - len(HOSTILE)
    assert {line["outcome"] for line in lines[:count]} == {"answered"}
    assert {line["outcome"] for line in lines[count:]} == {"refused"}
    assert all(0 < line["bytes"] <= LARGEST_ANSWER for line in lines[:count])
    assert max(len(json.dumps(line)) for line in lines) < 2_000
    assert (results / ASSISTANT_CALLS).stat().st_mode & 0o777 == 0o600
    before = {path.name: path.read_bytes() for path in planted.iterdir()}
    after = {path.name: path.read_bytes() for path in results.iterdir() if path.name != ASSISTANT_CALLS}
    assert after == before
