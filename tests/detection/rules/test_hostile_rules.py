"""Folders of rules that somebody made to do harm: each file is a rule or a reason, soon, and nothing of it is more than text."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seawall
from seawall.detection.rules.sigma.documents import RuleDocument, parse_documents
from seawall.detection.rules.sigma.load import MOST_RULES, compile_rules, load_rules
from seawall.pipeline.scan import ScanSettings
from tests.cli.conftest import Run, run
from tests.detection.rules.test_sigma import rule
from tests.detection.rules.vendor_records import m365
from tests.thoroughness import examples

__all__ = ["run"]

STEERING = (
    "\x1b]0;pwned\x07\x1b[31m\u202eRED <script>alert(1)</script> [bold]x[/bold] \r\n=cmd|' /C calc'!A0 \x9b2J"
)
SECONDS = 10.0
"""What one file may take, on a machine with other things to do. Without limits those here take from half a minute to forever."""


def asking(selection: Any, condition: Any = "s", **more: Any) -> dict[str, Any]:
    return rule({"s": selection, "condition": condition, **more})


def folder_of(place: Path, *contents: dict[str, Any]) -> Path:
    place.mkdir()
    for number, content in enumerate(contents):
        (place / f"{number}.yml").write_text(json.dumps(content), "utf-8")
    return place


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &a [*a]", "within itself"),
        ("title: &t {x: *t}\ndetection: *t", "within itself"),
        ("a: &a [x, [[*a]]]", "within itself"),
        ("? " * 5000 + "x", "deep"),
        ("{" * 3000 + "}" * 3000, "nesting"),
        ("a: &a [1]\n" + "".join(f"b{n}: *a\n" for n in range(17)), "aliases"),
        ('a: "\\ud800"', "no YAML"),
        ("? [a, b]\n: c", "no YAML"),
        ("a: !!python/name:os.system", "no YAML"),
        ("date: 2001-13-45", "month"),
    ],
)
def test_a_text_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_documents(text)


def test_an_alias_of_what_is_closed_is_read() -> None:
    assert parse_documents("a: &a [1]\nb: [*a, *a]\n&k c: *a") == [{"a": [1], "b": [[1], [1]], "c": [1]}]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (asking({"UserAgent|re": "x{0,1000}" * 50}), "too large"),
        (asking({"UserAgent|re": "((a{1,500}){1,500}){1,500}"}), "repetition"),
        (asking({"UserAgent|re": "a" * 5000}), "5,000 characters"),
        (asking({"UserAgent": "*a" * 2000}), "characters"),
        (asking({"UserAgent|re": "(?<=x)y"}), "invalid"),
        (asking({"Operation": "x"}, " and ".join(["s"] * 20_000)), "2,000 words"),
        (asking({"Operation": "x"}, ["s"] * 5_000), "2,000 words"),
        (asking({"Operation": "x"}, "not " * 5_000 + "s"), "2,000 words"),
        (asking({"Operation": "x"}, " and ".join(["1 of s*"] * 200),
                **{f"s{n}": {"Operation": [f"x{m}" for m in range(50)]} for n in range(50)}), "2,000 words"),
        (asking({"Operation|contains|all": [f"x{n}" for n in range(25_000)]}), "20,000 questions"),
        (asking({"ClientIP|cidr": "999.1.1.1/44"}), "CIDR"),
        (asking({"item_count|gte": float("nan")}), "number"),
        (asking({}), "empty"),
        ({**asking({"Operation": "x"}), "title": "x" * 100_000}, "title"),
        ({**asking({"Operation": "x"}), "id": "../../etc/passwd"}, "UUID"),
        ({**asking({"Operation": "x"}), "level": {"a": []}}, "level"),
        ({**asking({"Operation": "x"}), "logsource": {"product": STEERING}}, "not read here"),
    ],
    ids=range(17),
)  # fmt: skip
def test_a_rule_is_refused_soon(
    content: dict[str, Any], reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    started = time.process_time()
    found = compile_rules([RuleDocument("x.yml", content)])
    assert time.process_time() - started < SECONDS
    assert len(found) == 0
    assert reason in found.skipped[0].reason
    assert len(found.skipped[0].reason) < 2_100
    assert capfd.readouterr().err == ""  # the engine's own messages would hold the rule's text as it is


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*b", "(.*)(.*)(.*)(.*)x", ".*" * 300 + "b", "(?:a?){200}a{200}"]
)
def test_a_pattern_takes_no_longer_than_the_text_is_long(pattern: str) -> None:
    from tests.sample_events import event, table

    found = compile_rules([RuleDocument("x.yml", asking({"UserAgent|re": pattern}))])
    rows = table([event(str(n), user_agent="a" * 20_000 + "!" + str(n)) for n in range(20)])
    started = time.process_time()
    found.mark(rows)
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("count", [10**400, -(10**400)])
def test_a_correlation_that_is_none_stops_nothing(count: int) -> None:
    base = {**asking({"Operation": "x"}), "name": "base"}
    said = {"type": "event_count", "rules": ["base"], "timespan": "1h", "condition": {"gte": count}}
    other = {"title": "c", "id": "22222222-6c53-4c8e-9a0e-3d1c6f3f0b11", "correlation": said}
    found = compile_rules([RuleDocument("a.yml", base), RuleDocument("b.yml", other)])
    assert (len(found), len(found.skipped)) == (1, 1)


def test_names_that_are_no_texts_are_no_fault() -> None:
    found = compile_rules(
        [RuleDocument("x.yml", {**asking({"Operation": "x"}), "custom": {1: "a", "b": 2, None: 3}})]
    )
    assert (len(found), found.skipped) == (1, ())


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_KEYS = st.sampled_from(
    ["title", "id", "logsource", "detection", "condition", "correlation", "level", "tags", "product", "s", "name", "Operation|re",
     "rules", "type", "timespan", "s|contains|all", "UserId|cidr", "action", "filter", "status", "related", "date", "fields"]
)  # fmt: skip
_VALUES = st.recursive(
    _SCALARS | st.sampled_from(["s", "m365", "1 of them", "not s", "event_count", "1h"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=examples(200), deadline=None)
@given(st.dictionaries(_KEYS, _VALUES, max_size=8))
def test_whatever_a_document_says_it_is_a_rule_or_a_reason(content: dict[str, Any]) -> None:
    found = compile_rules(
        [RuleDocument("x.yml", {"title": "x", "logsource": {"product": "m365"}, **content})]
    )
    assert len(found) + len(found.skipped) == 1
    assert all(one.reason for one in found.skipped)


@settings(max_examples=examples(200), deadline=None)
@given(st.text(st.sampled_from("ab:-[]{}&*!|>\"' \n?#%@,") | st.characters(), max_size=60))
def test_whatever_a_text_says_it_is_read_or_refused(text: str) -> None:
    try:
        parse_documents(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - both ways are right


def test_links_pipes_devices_and_names_that_are_no_text(tmp_path: Path) -> None:
    place = folder_of(tmp_path / "mine", asking({"Operation": "x"}))
    (place / "inner").mkdir()
    (place / "inner" / "up").symlink_to("..")
    (place / "itself").symlink_to(".")
    (place / "dangling.yml").symlink_to("nowhere")
    (place / "zero.yml").symlink_to("/dev/zero")
    os.mkfifo(place / "pipe.yml")
    (place / "folder.yml").mkdir()
    with open(os.fsencode(place) + b"/z\xff.yml", "w") as file:  # noqa: PTH123 - a name that is no text
        file.write("- 1")
    found = load_rules((place,), with_pack=False)
    assert len(found) == 1
    assert [one.file for one in found.skipped] == [
        "mine/dangling.yml", "mine/pipe.yml", "mine/zero.yml", "mine/z\\udcff.yml",
    ]  # fmt: skip


def test_of_too_many_rules_the_first_run(tmp_path: Path) -> None:
    place = tmp_path / "many"
    place.mkdir()
    one = asking({"Operation": "x"})
    for start in range(0, MOST_RULES + 100, 100):
        documents = [{**one, "id": str(UUID(int=start + number + 1))} for number in range(100)]
        (place / f"{start:05}.yml").write_text("\n---\n".join(map(json.dumps, documents)), "utf-8")
    found = load_rules((place,), with_pack=False)
    assert (len(found), len(found.skipped)) == (MOST_RULES, 100)
    assert "more than" in found.skipped[0].reason


def test_a_rule_that_steers_terminals_and_pages_is_text(run: Run, tmp_path: Path) -> None:
    said = {"title": STEERING, "description": STEERING, "falsepositives": [STEERING], "misses": [STEERING]}
    told = rule({"s": {"account": "ann@x.example"}, "condition": "s"}, level="critical")
    place = folder_of(tmp_path / "mine", {**told, **said})
    (place / "b\x1b[31m<b>.yml").write_text(f'title: "{"x" * 300}\\e[31m"', "utf-8")
    logs = tmp_path / "logs"
    logs.mkdir()
    records = [
        m365("New-InboxRule", "Exchange", 1, UserId="ann@x.example" if number == 90 else f"u{number % 9}@x.example",
             Id=f"8d1e7f60-0000-4000-8000-{number:012}", CreationTime=f"2026-03-{1 + number // 4:02}T09:{number % 4}0:00",
             ClientIP=f"203.0.113.{number % 9}")
        for number in range(91)
    ]  # fmt: skip
    (logs / "a.jsonl").write_text("\n".join(map(json.dumps, records)), "utf-8")
    seawall.scan(logs, out=tmp_path / "out", settings=ScanSettings(rules=(place,), budget=1.0))
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "pwned" in page
    outputs = [page.replace("\n", "")]
    name, out = str(told["id"]), str(tmp_path / "out")
    for arguments in (
        ["rules", "list"], ["rules", "explain", name], ["explain", "1", "--out", out], ["rules", "test", str(place)],
        ["scan", str(logs), "--out", out],
    ):  # fmt: skip
        more = (
            ["--rules", str(place)] if arguments[0] in ("rules", "scan") and "test" not in arguments else []
        )
        got = run(*arguments, *more)
        outputs.append((got.out + got.err).replace("\n", ""))
    assert any("RED" in text for text in outputs[1:])
    for text in outputs:
        assert not set(text) & set("\x1b\x07\x9b\u202e\r")
    assert "<script>alert" not in page
