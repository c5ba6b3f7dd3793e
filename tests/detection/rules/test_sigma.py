"""Sigma rules: what passes, what is refused and why, what correlations count, and what a hit weighs."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.rules.sigma.detector import SILENT_RATE, SigmaDetector
from seawall.detection.rules.sigma.documents import RuleDocument, parse_documents
from seawall.detection.rules.sigma.load import compile_rules, load_rules
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.storage import Coder, Spool
from tests.sample_events import event, table

SHARED = Path(__file__).parents[3] / ".." / "shared" / "data" / "sigma-rules"


def rule(detection: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "title": "A rule", "id": more.pop("id", "0f6c1f3e-6c53-4c8e-9a0e-3d1c6f3f0b11"), "level": "high",
        "logsource": {"product": "m365", "service": "audit"}, "detection": detection, **more,
    }  # fmt: skip


def rules(*contents: dict[str, Any]) -> RuleSet:
    return compile_rules(RuleDocument(f"{number}.yml", one) for number, one in enumerate(contents))


def hits(detection: dict[str, Any], *rows: dict[str, Any]) -> list[bool]:
    found = rules(rule(detection))
    assert not found.skipped, found.skipped
    return [mark is not None for mark in found.mark(table(list(rows)))[0].to_pylist()]


def coded(tmp_path: Path, found: RuleSet, rows: list[dict[str, Any]]) -> list[Any]:
    folder = tmp_path / "spool"
    folder.mkdir()
    coder, spool = Coder(marks=found.mark), Spool(folder)
    spool.add(coder.encode(table(rows)))
    spool.settle(*coder.settle())
    return [(day, spool.load(day)[0]) for day in spool.days()]


def told(tmp_path: Path, found: RuleSet, rows: list[dict[str, Any]]) -> list[str]:
    """The ids of records that rules hit, in order, with a stop after each day."""
    ids, state = [], None
    for day, batch in coded(tmp_path, found, rows):
        detector = SigmaDetector(found)
        if state is not None:
            from seawall.events.array_state import RestoredState

            detector.restore(RestoredState(state))
        ids += [batch.value("metadata_uid", int(row)) for row in detector.observe(batch, day).row]
        state = detector.state()
    return ids


@pytest.mark.parametrize(
    ("item", "values", "expected"),
    [
        ({"Operation": "new-inboxrule"}, ["New-InboxRule", "Set-InboxRule"], [True, False]),
        ({"Operation|cased": "new-inboxrule"}, ["New-InboxRule", "new-inboxrule"], [False, True]),
        ({"Operation|startswith": "new-"}, ["New-InboxRule", "Renew-It"], [True, False]),
        ({"Operation|endswith": "rule"}, ["New-InboxRule", "Rule-Book"], [True, False]),
        ({"Operation|contains|all": ["inbox", "new"]}, ["New-InboxRule", "Set-InboxRule"], [True, False]),
        ({"Operation": "New-*R?le"}, ["New-InboxRule", "New-InboxRle"], [True, False]),
        ({"Operation|re": "^(New|Set)-.*Rule$"}, ["New-InboxRule", "xNew-InboxRule"], [True, False]),
        ({"Operation|re|i": "inboxrule"}, ["New-InboxRule", "New-Mailbox"], [True, False]),
        ({"Operation": "Add member to role"}, ["Add member to role.", "Add member"], [True, False]),
        ({"Operation": None}, [None, "x"], [True, False]),
        ({"Operation": ""}, [None, "x"], [True, False]),
        ({"Operation|exists": True}, [None, "x"], [False, True]),
        ({"Operation|exists": False}, [None, "x"], [True, False]),
        ({"Operation|base64": "foo"}, ["Zm9v", "foo"], [True, False]),
    ],
)
def test_a_name_passes_as_sigma_says(item: dict[str, Any], values: list[Any], expected: list[bool]) -> None:
    rows = [event(str(n), activity_name=value) for n, value in enumerate(values)]
    assert hits({"s": item, "condition": "s"}, *rows) == expected


def test_addresses_numbers_and_other_fields() -> None:
    rows = [
        event("1", src_ip="203.0.113.7", item_count=9),
        event("2", src_ip="198.51.100.1", item_count=2, mailbox="bob@x.example"),
    ]
    assert hits({"s": {"ClientIP|cidr": "203.0.113.0/24"}, "condition": "s"}, *rows) == [True, False]
    assert hits({"s": {"item_count|gte": 5}, "condition": "s"}, *rows) == [True, False]
    assert hits({"s": {"UserId|fieldref": "MailboxOwnerUPN"}, "condition": "s"}, *rows) == [True, False]
    assert hits({"s": {"src_ip": "203.0.113.7"}, "condition": "not s"}, *rows) == [False, True]
    assert hits({"s": ["bob@x"], "condition": "s"}, *rows) == [False, True]


def test_json_is_asked_by_path_in_lists_and_pairs() -> None:
    said = {
        "ExtendedProperties": [{"Name": "RequestType", "Value": "Cmsi:Cmsi"}],
        "Device": {"Tags": ["a", "b"], "Note": '{"Inner": 5}'},
        "Blank": "",
    }
    one = event("1", unmapped=json.dumps(said), parameters=json.dumps({"ForwardTo": "x@y.example"}))
    other = event("2")
    for item in (
        {"RequestType": "cmsi:*"}, {"device.tags": "b"}, {"Device.Note.inner": 5}, {"Parameters.ForwardTo|exists": True},
        {"ForwardTo|endswith": "y.example"}, {"Parameters|contains": "forwardto"},
    ):  # fmt: skip
        assert hits({"s": item, "condition": "s"}, one, other) == [True, False], item
    assert hits({"s": {"Blank": None}, "condition": "s"}, one) == [True]
    assert hits({"s": ["*cmsi:c*"], "condition": "s"}, one, other) == [True, False]


TEXT = st.text(st.sampled_from("aAbB*?.\\-ä "), max_size=6)


def slow(pattern: str, value: str) -> bool:
    """A Sigma string against a value, one character at a time."""
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(pattern):
        if pattern[at] == "\\" and pattern[at + 1 : at + 2] in ("*", "?", "\\"):
            tokens.append(("is", pattern[at + 1]))
            at += 1
        else:
            tokens.append(
                ("any", "")
                if pattern[at] == "*"
                else ("one", "")
                if pattern[at] == "?"
                else ("is", pattern[at])
            )
        at += 1

    def matches(token: int, place: int) -> bool:
        if token == len(tokens):
            return place == len(value)
        kind, text = tokens[token]
        if kind == "any":
            return any(matches(token + 1, end) for end in range(place, len(value) + 1))
        return (
            place < len(value)
            and (kind == "one" or value[place].lower() == text.lower())
            and matches(token + 1, place + 1)
        )

    return matches(0, 0)


def passes(pattern: str, value: str) -> bool:
    """A pattern may pass with the blanks around a value or without; what has no wildcard is compared without."""
    is_pattern = re.search(r"(?<!\\)(?:\\\\)*[*?]", pattern) is not None
    return slow(pattern, value) or slow(pattern if is_pattern else pattern.strip(), value.strip())


@given(TEXT.filter(bool), st.lists(TEXT.filter(bool), min_size=1, max_size=5))
def test_patterns_pass_as_a_slow_reference_says(pattern: str, values: list[str]) -> None:
    rows = [event(str(n), app_name=value) for n, value in enumerate(values)]
    found = rules(rule({"s": {"app_name": pattern}, "condition": "s"}))
    marks = found.mark(table(rows))[0].to_pylist()
    assert [mark is not None for mark in marks] == [passes(pattern, value) for value in values]


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=8), st.sampled_from([
    ("a and not b", lambda a, b, c: a and not b), ("1 of them", lambda a, b, c: a or b or c),
    ("all of them", lambda a, b, c: a and b and c), ("not (a or b) and c", lambda a, b, c: not (a or b) and c),
]))  # fmt: skip
def test_conditions_pass_as_logic_says(bits: list[tuple[bool, bool, bool]], asked: Any) -> None:
    words, logic = asked
    names = ("activity_name", "app_name", "unmapped")
    rows = [
        event(
            str(n),
            activity_name="x" if a else "y",
            app_name="x" if b else None,
            unmapped='{"f":"x"}' if c else '{"g":1}',
        )
        for n, (a, b, c) in enumerate(bits)
    ]
    assert len(names) == 3
    detection = {"a": {"Operation": "x"}, "b": {"app_name": "x"}, "c": {"f": "x"}, "condition": words}
    assert hits(detection, *rows) == [bool(logic(*one)) for one in bits]


def test_what_is_kept_of_selectors_is_bounded_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.detection.rules.sigma.selectors.REMEMBERED", 3)
    found = rules(rule({"s": {"Operation": "x1"}, "t": {"app_name": "y"}, "condition": "s or t"}))
    rows = [event(str(n), activity_name=f"x{n}", app_name="y" if n == 4 else None) for n in range(18)]
    for some in (rows[:2], rows[2:6], rows[:1], rows[6:12], rows[12:], rows[:6]):
        marks = found.mark(table(some))[0].to_pylist()
        assert [mark is not None for mark in marks] == [row in (rows[1], rows[4]) for row in some]
        assert len(found.programs()["m365"].selectors) <= 6


def test_an_application_is_named_by_its_own_sign_ins_alone() -> None:
    rows = [
        event("1", source="entra_signin", account_type="service", actor_user_uid="u"),
        event("2", source="entra_signin", account_type="user", actor_user_uid="u"),
    ]
    found = rules(
        rule(
            {"s": {"ServicePrincipalId": "u"}, "condition": "s"},
            logsource={"product": "azure", "service": "signinlogs"},
        )
    )
    assert [mark is not None for mark in found.mark(table(rows))[0].to_pylist()] == [True, False]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (rule({"s": {"Operation|re": "(?=a)b"}, "condition": "s"}), "invalid|RE2"),
        (rule({"s": {"Operation": "x"}, "condition": "t"}), "not defined"),
        (rule({"s": {"SiteUrl": "x"}, "condition": "s"}, logsource={"product": "m365"}), None),
        (rule({"s": {"EventID": 1}, "condition": "s"}, logsource={"product": "windows"}), "not read here"),
        (rule({"s": {"Operation|expand": "%admins%"}, "condition": "s"}), "placeholder"),
        ({"title": "no rule"}, "cannot be parsed"),
        ({"title": 5, "detection": [], "logsource": "x"}, "cannot be parsed"),
    ],
)
def test_what_does_not_run_says_why(content: dict[str, Any], reason: str | None) -> None:
    found = rules(content)
    if reason is None:
        assert len(found) == 1
    else:
        assert len(found) == 0
        assert re.search(reason, found.skipped[0].reason), found.skipped[0].reason


@pytest.mark.parametrize(
    "text",
    ["a: [" * 40 + "]" * 40, "\n".join(f"k{n}: &a{n} [1]" for n in range(30)) + "\nx: [*a1" + ", *a2" * 30 + "]",
     "a: 'b", "!!python/object/apply:os.system [ls]", "a: " + "9" * 5000],
)  # fmt: skip
def test_hostile_yaml_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_documents(text)


def test_files_that_cannot_be_read_are_listed(tmp_path: Path) -> None:
    (tmp_path / "big.yml").write_bytes(b"#" * 300_000)
    (tmp_path / "latin.yml").write_bytes(b"title: \xff\xfe\xfa")
    (tmp_path / "list.yml").write_text("- 1\n")
    (tmp_path / "good.yml").write_text(json.dumps(rule({"s": {"Operation": "x"}, "condition": "s"})))
    (tmp_path / "same.yml").write_text(json.dumps(rule({"s": {"Operation": "y"}, "condition": "s"})))
    found = load_rules((tmp_path,), with_pack=False)
    assert len(found) == 1
    assert [Path(one.file).name for one in found.skipped] == ["big.yml", "latin.yml", "list.yml", "same.yml"]


BASE = {"name": "base", "id": "11111111-6c53-4c8e-9a0e-3d1c6f3f0b11"}


def correlation(kind: str, names: list[str], condition: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    said = {"type": kind, "rules": names, "group-by": ["UserId"], "timespan": "1h", **more}
    return {
        "title": kind, "id": "22222222-6c53-4c8e-9a0e-3d1c6f3f0b11", "level": "high",
        "correlation": {**said, "condition": condition} if condition else said,
    }  # fmt: skip


def test_events_are_counted_over_midnight(tmp_path: Path) -> None:
    found = rules(
        rule({"s": {"Operation": "x"}, "condition": "s"}, **BASE),
        correlation("event_count", ["base"], {"gte": 3}),
    )
    night = 14 * 60 + 50
    rows = [
        *(event(f"a{n}", 0, night + 5 * n, activity_name="x") for n in range(4)),
        *(event(f"b{n}", 0, night + 40 * n, activity_name="x", account="bob@x.example") for n in range(4)),
    ]
    assert told(tmp_path, found, rows) == ["a2", "a3"]


def test_distinct_values_are_counted(tmp_path: Path) -> None:
    found = rules(
        rule({"s": {"Operation": "x"}, "condition": "s"}, **BASE),
        correlation("value_count", ["base"], {"field": "ClientIP", "gte": 3}),
    )
    rows = [event(str(n), 0, n, activity_name="x", src_ip=f"203.0.113.{max(n, 1)}") for n in range(4)]
    assert told(tmp_path, found, rows) == ["3"]


@pytest.mark.parametrize(("kind", "expected"), [("temporal", ["3", "4"]), ("temporal_ordered", ["4"])])
def test_rules_come_together(tmp_path: Path, kind: str, expected: list[str]) -> None:
    found = rules(
        rule({"s": {"Operation": "x"}, "condition": "s"}, **BASE),
        rule(
            {"s": {"Operation": "y"}, "condition": "s"},
            name="next",
            id="33333333-6c53-4c8e-9a0e-3d1c6f3f0b11",
        ),
        correlation(kind, ["base", "next"], None),
    )
    rows = [
        event("1", 0, 0, activity_name="x"),
        event("2", 0, 90, activity_name="y"),
        event("3", 0, 100, activity_name="x"),
        event("4", 0, 110, activity_name="y"),
    ]
    assert told(tmp_path, found, rows) == expected


def test_a_noisy_rule_silences_itself(tmp_path: Path) -> None:
    found = rules(
        rule({"s": {"Operation": "x"}, "condition": "s"}),
        rule({"s": {"Operation": "y"}, "condition": "s"}, id="44444444-6c53-4c8e-9a0e-3d1c6f3f0b11"),
    )
    rows = [
        event(f"{day}-{n}", day, n, account=f"u{n}@x.example", activity_name="x" if n else "y")
        for day in range(3)
        for n in range(90)
    ]
    detector = SigmaDetector(found)
    for day, batch in coded(tmp_path, found, rows):
        told_ = detector.observe(batch, day)
        assert (told_.weight[told_.rule == 0] == 0).all()
        assert (told_.weight[told_.rule == 1] > 0).all()
    assert detector.count_silenced().tolist() == [1, 0]
    assert detector.rates()[0] > SILENT_RATE
    assert np.isfinite(told_.evidence).all()


def test_every_shared_rule_runs_or_says_why() -> None:
    if not SHARED.is_dir():
        pytest.skip("the shared rules are not here")
    found = load_rules((SHARED,), with_pack=False)
    files = len(list(SHARED.rglob("*.yml")))
    assert len(found) + len(found.skipped) == files
    assert all(one.reason for one in found.skipped)
    assert len(found) == files


def test_a_raw_record_is_hit_by_its_vendors_names(tmp_path: Path) -> None:
    record = {
        "CreationTime": "2026-03-02T09:00:00",
        "Id": "one",
        "Operation": "New-InboxRule",
        "RecordType": 1,
        "UserId": "ann@x.example",
        "Workload": "Exchange",
        "OrganizationId": "6f1f3c0e-2f0b-4a57-9d0e-0b7c1a52e9d4",
        "ResultStatus": "True",
        "Parameters": [{"Name": "ForwardTo", "Value": "y@z.example"}],
    }  # fmt: skip
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    found = rules(rule({"s": {"Operation": "New-InboxRule", "Workload": "Exchange", "ResultStatus": "True"},
                        "p": {"Parameters.ForwardTo|contains": "@"}, "condition": "s and p"}))  # fmt: skip
    (batch,) = [one for one in read([tmp_path / "a.jsonl"]) if one.events.num_rows]
    assert found.mark(enrich(batch.events, Networks.load()))[0].to_pylist() == [found.abouts[0].id]


def test_every_built_in_rule_does_what_its_records_say() -> None:
    from seawall.lab.evaluate.rule_trials import trials

    found = list(trials(Path(str(resources.files("seawall.detection.rules") / "pack"))))
    assert found
    assert [(one.about.file, one.faults) for one in found if one.faults] == []
