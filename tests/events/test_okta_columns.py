"""Okta's records that are read column by column give what each of them gives by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.events.changed_records import DAMAGE, put_damage, with_changed
from tests.events.test_okta_lines import OKTAS, SAMPLES
from tests.events.test_pages import SPELLED, assert_same, by_column
from tests.thoroughness import examples

__all__ = ["by_column"]

Record = dict[str, Any]


def chained(number: int) -> Record:
    """A client in a chain of proxies."""
    where = {"country": "Japan", "geolocation": None}
    return {"ip": f"198.51.100.{number % 9}", "geographicalContext": where, "version": "V4", "source": None}


def usual(number: int) -> Record:
    """A record as Okta hands it out."""
    kinds = [
        "user.session.start",
        "policy.evaluate_sign_on",
        "group.user_membership.add",
        "system.api_token.create",
    ]
    return {
        "actor": {"id": f"00u{number % 5}", "type": "User", "alternateId": f"M{number % 5}@example.org", "displayName": "M"},
        "client": {
            "userAgent": {"rawUserAgent": f"Mozilla/5.0 {number % 3}", "os": "Mac OS X", "browser": "CHROME"},
            "zone": "null",
            "device": "Computer",
            "ipAddress": f"198.51.100.{number % 9}",
            "geographicalContext": {"country": "Japan", "geolocation": None},
        },
        "device": [None, {"id": f"guo{number % 4}", "managed": True}][number % 2],
        "authenticationContext": {
            "authenticationProvider": None,
            "credentialType": [None, "PASSWORD"][number % 2],
            "externalSessionId": [f"idx{number}", "trs1", None, "unknown"][number % 4],
            **({"rootSessionId": f"root{number}"} if number % 3 else {}),
            "authenticationStep": 0,
        },
        "displayMessage": "said",
        "eventType": kinds[number % 4],
        "outcome": {"result": "SUCCESS", "reason": None},
        "published": f"2026-03-10T10:{number % 60:02}:27.990Z",
        "securityContext": {"asNumber": 2516, "isProxy": False},
        "severity": "INFO",
        "debugContext": {
            "debugData": {
                "requestId": f"r{number}",
                "requestUri": ["/app/office365/x/sso/wsfed/active", "/idp"][number % 2],
                "threatSuspected": "false",
                **({"changedAttributes": "a \"b\" \\ é\u2028", "oldValue": ""} if number % 3 else {}),
                "signOnMode": "SAML 2.0",
                "dtHash": f"hash{number % 3}",
            }
        },
        "legacyEventType": None,
        "transaction": {
            "type": "WEB",
            "id": f"t{number}",
            "detail": {"requestApiTokenId": "00T1"} if number % 7 == 0 else {},
        },
        "uuid": f"{number:08}-fe3e-4d15-bb64-b0e698dfb148",
        "version": ["0", "1"][number % 5 == 0],
        "request": {"ipChain": [chained(number)]},
        "target": [
            {"id": "0oa1", "type": "AppInstance", "alternateId": "Office 365", "displayName": "O", "detailEntry": None},
            {
                "id": f"00u{number % 4}",
                "type": "User",
                "alternateId": f"B{number % 4}@Example.org",
                "displayName": "B",
                "changeDetails": {"from": {"a": 1}, "to": {"a": [2]}} if number % 2 else None,
            },
        ],
    }  # fmt: skip


@pytest.mark.parametrize("spelled", SPELLED)
def test_usual_records_are_read_by_column(tmp_path: Path, spelled: str, by_column: list[int]) -> None:
    records = [usual(number) for number in range(1, 120)]
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, records)))
    for number in range(0, 119, 40):
        (tmp_path / f"{number}.json").write_text(SPELLED[spelled](records[number : number + 40]))
    assert len(assert_same(tmp_path)) == sum(by_column) == 238


def test_samples_are_the_same(tmp_path: Path, by_column: list[int]) -> None:
    records = [usual(number) for number in range(1, 40)]
    for place, name in enumerate([*OKTAS, *OKTAS, *SAMPLES]):
        records.insert(2 * place, SAMPLES[name])
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, records)))
    (tmp_path / "array.json").write_text(json.dumps(records, indent=1, ensure_ascii=False))
    assert_same(tmp_path)
    assert sum(by_column) >= 39


ODD: list[Record] = [
    {"uuid": ""},
    {"uuid": 5},
    {"uuid": ["a"]},
    {"published": "2026"},
    {"published": None},
    {"published": "20é6-03-10T10:00:00.000Z"},
    {"published": {"a": "2026-03-10T10:00:00Z"}},
    {"eventType": "x"},
    {"eventType": 7},
    {"eventType": "com.okta.event_hook", "data": {"events": [{"a": 1}]}},
    {"eventType": "com.okta.event_hook"},
    {"actor": None},
    {"actor": '{"type":"User","alternateId":"x@y.example"}'},
    {"Actor": {"id": "x"}},
    {"event_type": "user.session.end"},
    {"more": {"a": 1}},
    {"value": [{"a": 1}]},
    {"authenticationContext": {"externalSessionId": "a", "external_session_id": "b"}},
    {"authenticationContext": {"external_session_id": "b"}},
    {"authenticationContext": {"externalSessionId": 'quo"te\\'}},
    {"authenticationContext": {"externalSessionId": 12}},
    {"authenticationContext": {"issuer": {"externalSessionId": "in"}, "externalSessionId": "out"}},
    {"authenticationContext": {"issuer": '"externalSessionId":"x",', "externalSessionId": "out"}},
    {"authenticationContext": {"externalSessionId": "only"}},
    {"authenticationContext": {"a": None, "externalSessionId": "last"}},
    {"authenticationContext": []},
    {"authenticationContext": '{"externalSessionId":"text"}'},
    {"debugContext": {"debugData": {"Target": "x"}}},
    {"debugContext": {"debugData": {"a": 1, "b": {"c": 2}, "d": True, "e": [1]}}},
    {"debugContext": {"debugData": {"old a": "x", "a": "y"}}},
    {"debugContext": {"debugData": {"signOnMode": "A", "sign_on_mode": "B"}}},
    {"debugContext": {"debugData": {"sign_on_mode": "B"}}},
    {"debugContext": {"debug_data": {"signOnMode": "B"}}},
    {"debugContext": {"debugData": '{"signOnMode":"B"}'}},
    {"debugContext": {"debugData": {"dtHash": "h", "changedAttributes": "x"}}},
    {"transaction": {"detail": {"request_api_token_id": "00T2"}}},
    {"transaction": {"detail": '{"requestApiTokenId":"00T2"}'}},
    {"transaction": {"Detail": {"requestApiTokenId": "00T2"}}},
    {"target": {"id": "single", "type": "User"}},
    {"target": '[{"id":"text","type":"AppUser"}]'},
    {"target": [{"type": "User", "changeDetails": {"to": {"Target": "own", "changedAttributes": 1}}}]},
    {"version": 0},
    {"version": ""},
    {"request": None},
    {"request": {"ipChain": []}},
    {"client": {"ipAddress": "::1", "userAgent": None}},
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(ODD)))
def test_an_odd_record(tmp_path: Path, place: int) -> None:
    records = [usual(number) for number in range(1, 9)]
    records[3] |= ODD[place]
    records[5] |= ODD[place]
    records += [usual(7) | ODD[place]] * 4
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, records)))
    assert_same(tmp_path)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_value_in_any_place(tmp_path: Path, data: st.DataObject) -> None:
    records = with_changed(data, [usual(number) for number in range(1, 7)])
    spell = SPELLED[data.draw(st.sampled_from(sorted(SPELLED)))]
    (tmp_path / "log.json").write_bytes(spell(records).encode("utf-8", "surrogatepass"))
    assert_same(tmp_path)


@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(DAMAGE, st.booleans())
def test_any_damage(tmp_path: Path, damage: list[tuple[int, bytes]], is_array: bool) -> None:
    records = [usual(number) for number in range(1, 7)]
    text = (json.dumps(records) if is_array else "\n".join(map(json.dumps, records))).encode()
    (tmp_path / "log.json").write_bytes(put_damage(text, damage))
    assert_same(tmp_path)
