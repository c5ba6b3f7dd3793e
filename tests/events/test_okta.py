"""Okta's System Log: shapes, hostile values, and that nothing of a record is lost."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.countries import country_code
from seawall.events.event import KINDS, STATUSES
from seawall.events.microsoft.entra_results import PROMPT_DENIED
from seawall.events.okta import meanings as judge
from seawall.events.okta.event_kinds import kind
from tests.events.support import SHARED, read_all, rows, write_lines
from tests.thoroughness import examples

SAMPLES = Path(__file__).parent / "golden" / "okta"
BARE = json.loads((SAMPLES / "role_granted.json").read_text())


def hook(*events: Any) -> dict[str, Any]:
    """A delivery of an Event Hook."""
    return {
        "eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "cloudEventsVersion": "0.1",
        "source": "https://example.okta.example/api/v1/eventHooks/who1", "eventId": "b5a1",
        "eventTime": "2026-03-02T08:00:05.000Z", "contentType": "application/json", "data": {"events": list(events)},
    }  # fmt: skip


def numbered(number: int) -> dict[str, Any]:
    """One of several records."""
    return {**BARE, "uuid": f"44aeb388-08b4-11ef-9cec-{number:012d}"}


def read_one(record: Any) -> dict[str, Any]:
    """The event that a record becomes."""
    with TemporaryDirectory() as folder:
        events, problems, records = read_all(write_lines(Path(folder) / "log", [record]))
    assert (records, problems) == (1, [])
    return rows(events)[0]


SHAPES = {
    "page": json.dumps([numbered(1), numbered(2), numbered(3)]),
    "page, pretty": json.dumps([numbered(1), numbered(2), numbered(3)], indent=2),
    "lines": "\n".join(json.dumps(numbered(n)) for n in (1, 2, 3)),
    "delivery": json.dumps(hook(numbered(1), numbered(2), numbered(3))),
    "delivery, pretty": json.dumps(hook(numbered(1), numbered(2), numbered(3)), indent=2),
    "deliveries on lines": json.dumps(hook(numbered(1))) + "\n" + json.dumps(hook(numbered(2), numbered(3))),
    "deliveries in an array": json.dumps([hook(numbered(1)), hook(numbered(2), numbered(3))]),
    "partner events": "\n".join(
        json.dumps({"detail-type": "SystemLog", "id": "x", "detail": numbered(n)}) for n in (1, 2, 3)
    ),
    "search hits": "\n".join(json.dumps({"_index": "x", "_source": numbered(n)}) for n in (1, 2, 3)),
    "small letters": "\n".join(
        json.dumps({name.lower(): value for name, value in numbered(n).items()} | {"p_log_type": "Okta.SystemLog"})
        for n in (1, 2, 3)
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_events(tmp_path: Path, shape: str) -> None:
    def columns(text: str) -> list[dict[str, Any]]:
        (tmp_path / "log").write_text(text)
        events, problems, records = read_all(tmp_path / "log")
        assert (records, problems) == (3, [])
        return [{k: v for k, v in row.items() if k != "unmapped"} for row in rows(events)]

    assert columns(SHAPES[shape]) == columns(SHAPES["lines"])


def test_a_delivery_with_no_or_broken_events_is_accounted_for(tmp_path: Path) -> None:
    odd = [hook(), hook(numbered(1), 7, None), {**hook(), "data": {"events": {}}}, {**hook(), "data": []}]
    events, problems, records = read_all(write_lines(tmp_path / "log", odd))
    assert records == 6
    assert [problem.code for problem in problems] == ["not-json"] * 3
    assert [row["source"] for row in rows(events)] == ["okta", "other", "other"]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PATHS = [
    ("uuid",), ("eventType",), ("actor",), ("actor", "alternateId"), ("actor", "type"), ("actor", "id"), ("client",),
    ("client", "userAgent"), ("client", "userAgent", "rawUserAgent"), ("client", "ipAddress"), ("outcome",),
    ("client", "geographicalContext"), ("client", "geographicalContext", "country"), ("outcome", "result"),
    ("outcome", "reason"), ("authenticationContext",), ("authenticationContext", "externalSessionId"), ("debugContext",),
    ("debugContext", "debugData"), ("transaction",), ("transaction", "detail"), ("request",), ("request", "ipChain"),
    ("target",), ("device",), ("securityContext",), ("version",), ("extra",),
]  # fmt: skip


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PATHS), JUNK), min_size=1, max_size=4))
def test_whatever_a_field_holds_the_record_is_accounted_for(
    changes: list[tuple[tuple[str, ...], Any]],
) -> None:
    record = json.loads(json.dumps(BARE))
    for path, value in changes:
        place = record
        for step in path[:-1]:
            place = place[step] if isinstance(place.get(step), dict) else {}
        place[path[-1]] = value
    with TemporaryDirectory() as folder:
        events, problems, records = read_all(write_lines(Path(folder) / "log", [record]))
    assert records == 1
    assert events.num_rows + len(problems) == 1


@settings(max_examples=examples(50), deadline=None)
@given(
    st.dictionaries(st.text("abcxyz", min_size=3, max_size=9), st.text(min_size=1, max_size=9), max_size=4)
)
def test_fields_that_no_column_holds_are_kept(more: dict[str, str]) -> None:
    more = {f"new{name}": value for name, value in more.items()}
    event = read_one(
        {**BARE, **more, "debugContext": {"debugData": {**BARE["debugContext"]["debugData"], **more}}}
    )
    kept = json.loads(event["unmapped"])
    assert more.items() <= kept.items()
    assert more.items() <= kept["debugContext"]["debugData"].items()
    assert more.items() <= json.loads(event["parameters"]).items()


@given(st.text(max_size=80), st.none() | st.text(max_size=20), st.none() | st.text(max_size=40))
def test_judgements_stay_within_their_words(event_type: str, result: str | None, reason: str | None) -> None:
    assert kind(event_type) in KINDS
    status, code, _ = judge.status(event_type, result, reason)
    assert status in (None, *STATUSES)
    assert code is None or status != "success"


@pytest.mark.parametrize(
    ("event_type", "result", "expected"),
    [
        ("user.mfa.okta_verify.deny_push", "SUCCESS", ("failure", PROMPT_DENIED)),
        ("user.authentication.auth_via_mfa", "FAILURE", ("failure", PROMPT_DENIED)),
        ("user.authentication.auth_via_mfa", "CHALLENGE", ("interrupted", "CHALLENGE")),
        ("policy.evaluate_sign_on", "ALLOW", ("success", None)),
        ("policy.evaluate_sign_on", "DENY", ("failure", "DENY")),
        ("user.session.start", None, (None, None)),
    ],
)
def test_outcomes(event_type: str, result: str | None, expected: tuple[str | None, str | None]) -> None:
    assert judge.status(event_type, result, None)[:2] == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("OKTA_VERIFY_PUSH", "mfa"), ("FIDO_WEBAUTHN", "phishing_resistant"), ("SIGNED_NONCE", "phishing_resistant"),
        ("Password", "password"), ("Password;Google Authenticator", "mfa"), (None, None),
    ],
)  # fmt: skip
def test_methods(said: str | None, expected: str | None) -> None:
    assert judge.method("user.session.start", said, None, "user", "success") == (expected,)


def test_who_acts_for_okta_belongs_to_whom_it_is_done_to() -> None:
    assert judge.who("User", "a@okta.com", "1", "A", "example.org")[0] == "example.org"
    assert judge.who("User", "Ann@Example.org", "1", "A", "other.example")[:3] == (
        None,
        "ann@example.org",
        "user",
    )
    assert judge.who("SystemPrincipal", "system@okta.com", None, "Okta System", None)[1:3] == (
        "okta system",
        "system",
    )


def test_countries() -> None:
    assert [country_code(text) for text in ("Germany", "de", " united states ", "UK", "Nowhere", "", None)] == [
        "DE", "DE", "US", "GB", None, None, None,
    ]  # fmt: skip


def test_another_log_with_an_event_type_is_none_of_oktas() -> None:
    assert read_one({"eventType": "a.b", "time": "2026-03-02T08:00:00Z", "actor": "x"})["source"] == "other"


def test_vectors_of_others_are_all_read() -> None:
    path = SHARED / "detection-vectors" / "okta.jsonl"
    if not path.is_file():
        pytest.skip("the detection vectors are not here: the shared data is not part of the project")
    logs = [json.loads(line)["log"] for line in path.read_text().splitlines()]
    with TemporaryDirectory() as folder:
        events, problems, records = read_all(write_lines(Path(folder) / "log", logs))
    assert records == len(logs) == events.num_rows + len(problems)
    assert {problem.code for problem in problems} == {"no-time"}
    times = ("published", "p_event_time")
    assert len(problems) == sum(not any(name in log for name in times) for log in logs)
    assert set(events.column("source").to_pylist()) == {"okta"}
