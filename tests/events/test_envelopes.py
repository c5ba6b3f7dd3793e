"""A record in an envelope of a SIEM or tool is read as the same record alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.envelopes import MOST_LEVELS
from seawall.events.formats.json_records import HEAD, unwrap_records
from seawall.events.readers import Limits
from tests.events.envelope_shapes import PAGES, RECORD_ENVELOPES
from tests.events.support import mail_read, read_all, rows, write_lines
from tests.events.test_golden import GOLDEN
from tests.thoroughness import examples


def _bare_records() -> list[dict[str, Any]]:
    """The records of golden pairs that are in no envelope themselves."""
    found = []
    for path in sorted(GOLDEN.glob("*/*.json")):
        if path.name.endswith(".event.json") or path.parent.name == "other" or path.name.startswith("in_"):
            continue
        record = json.loads(path.read_text())
        if (
            "AuditData" not in record
            and record.get("eventType") != "com.okta.event_hook"
            and "okta" not in record
        ):
            found.append(record)
    return found


BARE = _bare_records()
SINGLE = [record for record in BARE if unwrap_records(record) is None]
"""Those that are no page."""


def events_of(path: Path, records: list[Any]) -> list[dict[str, Any]]:
    """Read records on lines; each must become an event."""
    events, problems, count = read_all(write_lines(path, records))
    assert not problems
    assert count == len(records)
    return [{name: value for name, value in row.items() if name != "source_file"} for row in rows(events)]


@pytest.mark.parametrize("name", RECORD_ENVELOPES)
def test_every_golden_record_reads_the_same_in_an_envelope(tmp_path: Path, name: str) -> None:
    assert len(BARE) > 100
    bare = events_of(tmp_path / "bare.jsonl", BARE)
    assert events_of(tmp_path / "wrapped.jsonl", list(map(RECORD_ENVELOPES[name], BARE))) == bare


@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    record=st.sampled_from(SINGLE),
    names=st.lists(st.sampled_from(sorted(RECORD_ENVELOPES)), min_size=1, max_size=2),
)
def test_envelopes_inside_each_other(tmp_path_factory: Any, record: dict[str, Any], names: list[str]) -> None:
    folder = tmp_path_factory.mktemp("envelopes")
    wrapped = record
    for name in names:
        wrapped = RECORD_ENVELOPES[name](wrapped)
    assert events_of(folder / "wrapped.jsonl", [wrapped]) == events_of(folder / "bare.jsonl", [record])


def _damage(value: Any, cut: int) -> Any:
    """Cut the text of an embedded record, wherever it is."""
    if isinstance(value, dict):
        return {name: _damage(inner, cut) for name, inner in value.items()}
    if isinstance(value, list):
        return [_damage(inner, cut) for inner in value]
    return value[:cut] if isinstance(value, str) and '"Operation"' in value else value


WITH_TEXT = {
    "elastic event.original": "event.original",
    "elastic dotted": "event.original",
    "filebeat message": "message",
    "logstash": "event.original",
    "elasticsearch hit": "event.original",
    "splunk raw": "_raw",
    "splunk result": "_raw",
    "splunk hec text": "event",
    "fluent bit": "log",
    "fluentd": "message",
}


def test_all_texts_are_listed() -> None:
    damaged = {
        name for name, wrap in RECORD_ENVELOPES.items() if _damage(wrap(mail_read()), 9) != wrap(mail_read())
    }
    assert damaged == set(WITH_TEXT)


@pytest.mark.parametrize("name", WITH_TEXT)
@settings(max_examples=examples(20), deadline=None, suppress_health_check=list(HealthCheck))
@given(cut=st.integers(2, len(json.dumps(mail_read())) - 1))
def test_a_cut_record_in_an_envelope_is_a_problem_that_names_the_field(
    tmp_path_factory: Any, name: str, cut: int
) -> None:
    path = tmp_path_factory.mktemp("envelopes") / "cut.jsonl"
    records = [mail_read(1), _damage(RECORD_ENVELOPES[name](mail_read(2)), cut), mail_read(3)]
    events, problems, count = read_all(write_lines(path, records))
    assert (events.num_rows, count) == (2, 3)
    (problem,) = problems
    assert (problem.code, problem.field, problem.line) == ("bad-json", WITH_TEXT[name], 2)


def test_the_remains_of_a_cut_record_are_kept(tmp_path: Path) -> None:
    cut = {"_raw": json.dumps(mail_read())[:600], "sourcetype": "o365:management:activity"}
    _, (problem,), _ = read_all(write_lines(tmp_path / "cut.jsonl", [cut]))
    assert json.loads(problem.remains)["UserId"] == "Mara.Lind@Example.org"


TEXT = json.dumps(mail_read())


@pytest.mark.parametrize(
    "line",
    [
        {"sourcetype": "o365", "_raw": TEXT},
        {"@timestamp": "x", "message": TEXT},
        {"time": 1, "log": TEXT},
        {"sourcetype": "o365", "event": TEXT},
        {"sourcetype": "o365", "event": mail_read()},
        {"preview": False, "result": {"sourcetype": "o365", "_raw": TEXT}},
        {"rule": {"id": "91532"}, "data": {"office365": mail_read()}},
        {"_index": "logs", "_source": {"event": {"kind": "event", "id": "1", "original": TEXT}}},
        {"event": {"kind": "event", "id": "1"}, "o365": {"audit": mail_read()}},
    ],
)
def test_the_remains_of_a_cut_line_are_kept(tmp_path: Path, line: dict[str, Any]) -> None:
    path = tmp_path / "cut.jsonl"
    path.write_text(TEXT + "\n" + json.dumps(line)[:800])
    _, (problem,), _ = read_all(path)
    remains = json.loads(problem.remains)
    assert {name: remains[name] for name in ("UserId", "CreationTime")} == {
        name: mail_read()[name] for name in ("UserId", "CreationTime")
    }
    assert not remains.keys() & {"kind", "id"}


def test_what_follows_a_damaged_record_is_not_taken_for_its_field(tmp_path: Path) -> None:
    record = {"_raw": TEXT[:700], "UserId": "splunk-admin", "TenantId": "other"}
    path = tmp_path / "cut.jsonl"
    path.write_text(TEXT + "\n" + json.dumps(record) + "\n" + json.dumps(record)[:-5])
    _, problems, _ = read_all(path)
    for problem in problems:
        remains = json.loads(problem.remains)
        assert (remains["UserId"], "TenantId" in remains) == (mail_read()["UserId"], False)
    assert len(problems) == 2


@pytest.mark.parametrize(
    "record",
    [
        {"@timestamp": "2026-03-02T10:00:00Z", "message": "sshd: accepted", "event": {"kind": "event"}},
        {
            "@timestamp": "2026-03-02T10:00:00Z",
            "message": '{"level":"info"}',
            "event": {"original": "<134>x"},
        },
        {"time": 1772445600, "event": {"level": "info"}, "sourcetype": "app"},
        {"timestamp": "2026-03-02T10:00:00Z", "data": {"srcip": "198.51.100.7"}, "rule": {"id": "5715"}},
        {"timestamp": "2026-03-02T10:00:00Z", "message": "{not json", "log": "{{ template }}"},
        {"timestamp": "2026-03-02T10:00:00Z", "message": ["a", "b"], "data": [], "event": None},
    ],
    ids=str,
)
def test_an_envelope_of_no_known_log_stays_as_it_is(tmp_path: Path, record: dict[str, Any]) -> None:
    (event,) = events_of(tmp_path / "other.jsonl", [record])
    assert event["source"] == "other"
    assert json.loads(event["unmapped"]) == record


def test_too_many_envelopes_are_not_opened(tmp_path: Path) -> None:
    inside = mail_read()
    for _ in range(MOST_LEVELS):
        inside = {"timestamp": "2026-03-02T10:00:00Z", "event": inside}
    deeper = {"timestamp": "2026-03-02T10:00:00Z", "event": inside}
    found = events_of(tmp_path / "deep.jsonl", [inside, deeper])
    assert [event["source"] for event in found] == ["m365_audit", "other"]


def test_a_bare_audit_record_is_no_envelope(tmp_path: Path) -> None:
    record = mail_read(1, message=json.dumps(mail_read(2)), event={"original": "{broken"})
    (event,) = events_of(tmp_path / "bare.jsonl", [record])
    assert event["metadata_uid"] == mail_read(1)["Id"]


def _read_text(path: Path, text: str, limits: Limits) -> list[dict[str, Any]]:
    path.write_text(text)
    events, problems, count = read_all(path, limits=limits)
    assert not problems
    assert count == events.num_rows
    return [{name: value for name, value in row.items() if name != "source_file"} for row in rows(events)]


SMALL = Limits(record_bytes=30_000, fast_bytes=0)
"""A page of all records is larger than that: it is not parsed as a whole."""


@pytest.mark.parametrize("indent", [None, 2], ids=["one line", "pretty"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_reads_as_its_records(tmp_path: Path, name: str, indent: int | None) -> None:
    bare = events_of(tmp_path / "bare.jsonl", SINGLE)
    for limits in (Limits(), Limits(fast_bytes=0)):
        text = json.dumps(PAGES[name](SINGLE), indent=indent)
        assert _read_text(tmp_path / "page.json", text, limits) == bare


LARGE = ["elasticsearch search", "elasticsearch scroll", "splunk results", "splunk results alone", "alfa"]
"""Pages whose beginning tells what they are, so that they may be larger than a record."""


@pytest.mark.parametrize("copies", [1, 2])
@pytest.mark.parametrize("indent", [None, 2], ids=["one line", "pretty"])
@pytest.mark.parametrize("name", LARGE)
def test_a_page_larger_than_a_record_is_split(
    tmp_path: Path, name: str, indent: int | None, copies: int
) -> None:
    text = json.dumps(PAGES[name](SINGLE * 3), indent=indent)
    assert len(text) > HEAD
    found = _read_text(tmp_path / "page.json", "\n".join([text] * copies), SMALL)
    bare = events_of(tmp_path / "bare.jsonl", SINGLE * 3 * copies)
    assert found == bare


@pytest.mark.parametrize("name", PAGES)
def test_a_page_among_lines(tmp_path: Path, name: str) -> None:
    lines = [mail_read(1), PAGES[name]([mail_read(2), mail_read(3), mail_read(4)]), mail_read(5)]
    path = write_lines(tmp_path / "lines.jsonl", lines)
    for limits in (Limits(), Limits(fast_bytes=0)):
        events, problems, count = read_all(path, limits=limits)
        assert not problems
        assert [event["metadata_uid"][-1] for event in rows(events)] == ["1", "2", "3", "4", "5"]
        assert events.column("source_line").to_pylist() == [1, 2, 3, 4, 5]
        assert count == 5


@settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(sorted(PAGES)),
    cut=st.floats(0.3, 0.995),
    limits=st.sampled_from([Limits(), Limits(record_bytes=4_000)]),
)
def test_a_cut_page_keeps_the_records_before_the_cut(
    tmp_path_factory: Any, name: str, cut: float, limits: Limits
) -> None:
    path = tmp_path_factory.mktemp("pages") / "page.json"
    whole = json.dumps(PAGES[name]([mail_read(number) for number in range(1, 10)]))
    text = whole[: int(len(whole) * cut)]
    path.write_text(text)
    events, problems, count = read_all(path, limits=limits)
    assert count == events.num_rows + sum(problem.counts_as_record for problem in problems)
    assert events.num_rows or problems
    if name in LARGE and name != "alfa":
        complete = sum(text.count(json.dumps(json.dumps(mail_read(n)))[1:-1]) + text.count(json.dumps(mail_read(n)) + "}")
                       for n in range(1, 10))  # fmt: skip
        assert complete - 1 <= events.num_rows <= complete


def test_structures_behind_the_records_are_no_records(tmp_path: Path) -> None:
    text = (
        '{"value": ['
        + json.dumps(mail_read(1))
        + '], "next": {"a": [{"b": 1}]}, "n": 1, "more": [{"c": {}}]}'
    )
    (event,) = _read_text(tmp_path / "page.json", text + "\n ", Limits(record_bytes=2_000, fast_bytes=0))
    assert event["source"] == "m365_audit"


@pytest.mark.parametrize("name", RECORD_ENVELOPES)
@pytest.mark.parametrize(
    "wrap", [lambda r: {"records": r}, lambda r: r, lambda r: {"value": r}], ids=["records", "list", "value"]
)
def test_a_page_in_an_envelope(tmp_path: Path, name: str, wrap: Any) -> None:
    records = [
        {"time": "2026-03-02T10:00:00Z", "category": "SignInLogs", "properties": {"id": str(n)}}
        for n in range(3)
    ]
    bare = events_of(tmp_path / "bare.jsonl", records)
    path = write_lines(tmp_path / "page.jsonl", [RECORD_ENVELOPES[name](wrap(records))])
    for limits in (Limits(), Limits(fast_bytes=0)):
        events, problems, count = read_all(path, limits=limits)
        assert not problems
        assert count == 3
        assert [event["metadata_uid"] for event in rows(events)] == [event["metadata_uid"] for event in bare]


def test_a_page_of_no_known_log_in_an_envelope_stays(tmp_path: Path) -> None:
    record = {"@timestamp": "2026-03-02T10:00:00Z", "message": json.dumps([{"a": 1}, {"b": 2}])}
    (event,) = events_of(tmp_path / "other.jsonl", [record])
    assert json.loads(event["unmapped"]) == record


def test_pages_and_envelopes_inside_each_other_end(tmp_path: Path) -> None:
    """However deep, it is one record or problem, and no recursion."""
    inside: Any = [mail_read()]
    for _ in range(30):
        inside = [{"event": inside}]
    path = write_lines(tmp_path / "deep.jsonl", [{"time": "2026-03-02T10:00:00Z", "event": inside}])
    events, problems, count = read_all(path)
    assert count == 1 == events.num_rows + len(problems)


def test_every_sample_names_where_its_shape_comes_from() -> None:
    told = (GOLDEN / "ENVELOPES.md").read_text()
    samples = {path.stem for path in GOLDEN.glob("*/in_*.json") if not path.name.endswith(".event.json")}
    patterns = re.findall(r"`(in_\w+)(…?)`", told)
    assert len(samples) >= 22
    for sample in samples:
        assert any(sample == name or (more and sample.startswith(name)) for name, more in patterns), sample
