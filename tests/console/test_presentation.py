"""Incidents as the API answers them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from seawall.console.data.incident_values import IncidentValue, SigmaHit
from seawall.console.data.presentation import incident_value, time_text
from seawall_base.json_text import encode_json
from tests.console.samples import HOSTILE, INCIDENT, T0, texts, with_text


def test_a_row_has_counts_on_its_chips() -> None:
    row = incident_value(INCIDENT, answer="safe", announced_at=T0)
    assert row.chips[0].short == "0 of 1,240 peers"
    assert row.chips[1].short == "Context"
    assert (row.related, row.mailboxes, row.announced_at) == (1, 1, "2026-03-01T00:00:00Z")


def test_the_whole_incident() -> None:
    value = incident_value(INCIDENT, aliases=["old"])
    assert value.base + sum(reason.weight for reason in value.reasons) == pytest.approx(value.score)
    assert value.events == 6
    assert value.curve[1] == ("2026-03-01T00:01:00Z", 1.5)
    assert value.technique == "T1078.004 Cloud Accounts"
    assert "0 of 1,240 peers" in value.text
    assert value.text.startswith("HIGH: ann@example.org (example.org)")


def test_sigma_rules_and_how_sessions_began() -> None:
    hit = {"id": "x", "title": "A rule", "level": "high", "technique": "T1114.003", "events": 2}
    details = {
        "sigma": [hit, {**hit, "events": "x"}, "x", {**hit, "technique": None, "events": 0}],
        "session_roots": {"strong": 1, "weak": 12},
    }
    value = incident_value(replace(INCIDENT, details=details))
    assert value.sigma == [SigmaHit("A rule", "high", "T1114.003", 2), SigmaHit("A rule", "high", "", 0)]
    assert value.sessions == "1 with two factors; 12 with a single factor"
    assert value.sessions in value.text
    odd = incident_value(replace(INCIDENT, details={"sigma": 7, "session_roots": []}))
    assert (odd.sigma, odd.sessions) == ([], "")


def test_what_others_say() -> None:
    said = [
        {"time": "2026-03-01T00:01:00Z", "text": "Microsoft says: leaked credentials, high"},
        {"time": "2026-03-01T00:00:00Z", "text": "Google says: Suspicious login, low"},
        {"time": "never", "text": "no time"}, {"time": None, "text": "none"}, {"text": 7}, "x",
    ]  # fmt: skip
    value = incident_value(replace(INCIDENT, details={"statements": said}))
    assert value.statements == [
        "1 Mar 2026 00:00 UTC: Google says: Suspicious login, low",
        "1 Mar 2026 00:01 UTC: Microsoft says: leaked credentials, high",
    ]
    assert all(f"Said by others: {line}" in value.text for line in value.statements)
    assert incident_value(replace(INCIDENT, details={"statements": 7})).statements == []


def test_a_severity_says_why() -> None:
    value = incident_value(replace(INCIDENT, details={"severity_because": ["Because.", 7, "And so."]}))
    assert value.severity_because == ["Because.", "And so."]
    assert "Severity high: Because; and so" in value.text
    assert incident_value(replace(INCIDENT, details={"severity_because": 7})).severity_because == []


def test_severity_and_confidence_stand_apart() -> None:
    details = {
        "likelihood": "likely",
        "severity_because": [
            "Impact grave and takeover likely make it high.",
            "Mail was read: it is known.",
            "A rule matched.",
        ],
        "confidence_because": ["The score makes a takeover possible.", "A rule matched."],
    }
    value = incident_value(replace(INCIDENT, details=details, chance=0.61))
    assert value.severity_text == "Mail was read"
    assert value.severity_because == [
        "Mail was read: it is known.",
        "Impact grave and takeover likely make it high.",
    ]
    assert value.confidence == "likely"
    assert value.confidence_because[:2] == [
        "A rule matched.",
        "By its score alone, about 6 in 10 such incidents are real (61\u00a0%).",
    ]
    assert [step.name for step in value.now] == ["call", "block", "preserve", "deadline"]
    assert value.now[1].commands == [
        'seawall respond apply plan.json --apply --approver "YOUR NAME" --config respond.toml'
    ]


def test_numbers_that_json_does_not_know() -> None:
    odd = replace(
        INCIDENT,
        score=float("inf"),
        base=float("nan"),
        details={"curve": [[1], "x", [1, None]], "p": float("nan")},
    )
    value = json.loads(encode_json(incident_value(odd)))
    assert value["base"] == 0
    assert value["curve"] == []
    assert value["p"] is None


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_json_stays_json(text: str) -> None:
    found = json.loads(encode_json(incident_value(with_text(text))))
    assert found["account"] == text.encode("utf-8", "replace").decode()
    assert "\x1b" not in found["text"]
    assert "\u202e" not in found["text"]


@given(texts)
def test_any_text_is_encoded(text: str) -> None:
    assert json.loads(encode_json(incident_value(with_text(text))))["id"] == INCIDENT.id


def test_times_outside_the_calendar() -> None:
    assert time_text(10**18) == "9999-12-31T23:59:59.999999Z"
    assert time_text(-(10**18)) == "0001-01-01T00:00:00Z"


def test_the_types_hold_what_they_say() -> None:
    assert isinstance(incident_value(INCIDENT), IncidentValue)
