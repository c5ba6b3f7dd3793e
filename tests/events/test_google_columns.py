"""Google's activities that are read column by column give what each of them gives by itself."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.events.changed_records import DAMAGE, put_damage, with_changed
from tests.events.test_pages import SPELLED, WRAPPED, assert_same, by_column
from tests.thoroughness import examples

__all__ = ["by_column"]

Record = dict[str, Any]
EVENTS: list[tuple[str, Record]] = [
    ("login", {"type": "login", "name": "login_success", "parameters": [
        {"name": "login_type", "value": "google_password"},
        {"name": "login_challenge_method", "multiValue": ["password", "security_key"]},
        {"name": "is_suspicious", "boolValue": False}]}),
    ("login", {"type": "login", "name": "login_failure", "parameters": [
        {"name": "login_failure_type", "value": ""}, {"name": "failure_type", "value": "x"},
        {"name": "affected_email_address", "value": "B@example.org"}]}),
    ("login", {"type": "attack_warning", "name": "gov_attack_warning"}),
    ("login", {"name": "logout", "parameters": []}),
    ("drive", {"type": "access", "name": "download", "parameters": [
        {"name": "primary_event", "boolValue": True}, {"name": "doc_id", "value": "1xB"},
        {"name": "originating_app_id", "intValue": "691301496089"}, {"name": "doc_title", "value": "\"q\" \\ é"}]}),
    ("drive", {"type": "acl_change", "name": "change_user_access", "parameters": [
        {"name": "doc_id", "value": ""}, {"name": "team_drive_id", "value": "0A"}, {"name": "target_user", "value": "x@y.test"},
        {"name": "old_value", "multiValue": ["none", ""]}, {"name": "b", "intValue": 7}, {"name": "a", "value": None}]}),
    ("token", {"type": "auth", "name": "authorize", "parameters": [
        {"name": "client_id", "value": "1.apps.googleusercontent.com"}, {"name": "app_name", "value": "App"},
        {"name": "scope", "multiValue": ["https://mail.google.com/", "openid"]}]}),
    ("token", {"type": "auth", "name": "activity", "parameters": [
        {"name": "client_id", "value": "104263612345678901234"}, {"name": "api_name", "value": "gmail"},
        {"name": "method_name", "value": "gmail.users.messages.get"}, {"name": "num_response_bytes", "intValue": "5"}]}),
    ("token", {"type": "auth", "name": "activity", "parameters": [
        {"name": "api_name", "value": "admin"}, {"name": "method_name", "value": "directory.users.list"}]}),
    ("admin", {"type": "USER_SETTINGS", "name": "CHANGE_PASSWORD", "parameters": [
        {"name": "USER_EMAIL", "value": "B@example.org"}]}),
    ("admin", {"type": "EMAIL_SETTINGS", "name": "EMAIL_LOG_SEARCH", "parameters": [
        {"name": "EMAIL_LOG_SEARCH_RECIPIENT", "value": "b@example.org"}]}),
    ("user_accounts", {"type": "2sv_change", "name": "2sv_disable"}),
    ("user_accounts", {"type": "email_forwarding_change", "name": "email_forwarding_out_of_domain", "parameters": [
        {"name": "email_forwarding_destination_address", "value": "x@evil.example"}]}),
    ("groups", {"type": "acl_change", "name": "add_user", "parameters": [{"name": "group_email", "value": "g@example.org"}]}),
]  # fmt: skip


def usual(number: int) -> Record:
    """An activity as the Reports API hands it out."""
    application, event = EVENTS[number % len(EVENTS)]
    return {
        "kind": "admin#reports#activity",
        "id": {
            "time": f"2026-03-10T10:{number % 60:02}:27.990Z",
            "uniqueQualifier": f"{number:019}" if number % 5 else str(number),
            "applicationName": application,
            "customerId": "C0eeebqy7",
        },
        "etag": f"e{number}",
        "actor": {
            "callerType": ["USER", "KEY"][number % 9 == 0],
            "email": f"M{number % 5}@example.org",
            "profileId": f"11{number % 5}",
            **({"applicationInfo": {"oauthClientId": "9", "applicationName": "Script"}} if number % 4 == 0 else {}),
        },
        **({"ownerDomain": "example.org"} if number % 3 == 0 else {}),
        "events": [copy.deepcopy(event)],
        **({"ipAddress": f"198.51.100.{number % 250}"} if number % 6 else {}),
        **({"networkInfo": {"regionCode": "JP", **({"ipAsn": [1]} if number % 8 else {})}} if number % 2 else {}),
    }  # fmt: skip


@pytest.mark.parametrize("spelled", SPELLED)
def test_usual_activities_are_read_by_column(tmp_path: Path, spelled: str, by_column: list[int]) -> None:
    records = [usual(number) for number in range(1, 121)]
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, records)))
    for number in range(0, 120, 40):
        page = WRAPPED["google"](records[number : number + 40])
        (tmp_path / f"{number}.json").write_text(SPELLED[spelled](page))
    assert len(assert_same(tmp_path)) == sum(by_column) == 240


ODD: list[Any] = [
    {"id": {"time": 0}},
    {"id": {"time": ["2026-03-10T10:00:00Z"]}},
    {"id": {"uniqueQualifier": 5}},
    {"id": {"uniqueQualifier": None}},
    {"id": {"applicationName": 5}},
    {"id": {"applicationName": None}},
    {"id": {"applicationName": "gmail"}},
    {"id": {"customerId": {"a": 1}}},
    {"id": {"more": 1}},
    {"id": '{"time":"2026-03-10T10:00:00Z","applicationName":"login"}'},
    {"actor": None},
    {"actor": {}},
    {"actor": {"callerType": ""}},
    {"actor": {"callerType": 5}},
    {"actor": {"callerType": ["USER"]}},
    {"actor": {"applicationInfo": False}},
    {"actor": {"applicationInfo": "x"}},
    {"actor": {"applicationInfo": ["x"]}},
    {"actor": {"email": 5, "key": "k"}},
    {"actor": {"email": {"a": 1}}},
    {"actor": {"more": None}},
    {"ipAddress": "none"},
    {"ipAddress": "1" * 600},
    {"ipAddress": ""},
    {"ipAddress": "[2001:DB8::1]:443"},
    {"ipAddress": {"a": 1}},
    {"ownerDomain": None},
    {"ownerDomain": False},
    {"ownerDomain": {"a": {}}},
    {"networkInfo": {}},
    {"networkInfo": None},
    {"networkInfo": {"regionCode": {"a": 1}}},
    {"networkInfo": {"ipAsn": None}},
    {"networkInfo": '{"regionCode":"JP"}'},
    {"kind": "admin#reports#activities", "items": [{"a": 1}]},
    {"kind": 5},
    {"name": "x"},
    {"type": None},
    {"parameters": []},
    {"time_usec": 1, "event_name": "x", "record_type": "login"},
    {"id.time": "2026-03-10T10:00:00Z"},
    {"eventType": "x"},
    {"more": {"a": 1}},
    {"events": None},
    {"events": []},
    {"events": [{}]},
    {"events": [3]},
    {"events": {"type": "a", "name": "b"}},
    {"events": '[{"type":"a","name":"b"}]'},
    {"events": [{"type": "a", "name": "b"}, {"type": "c", "name": "d"}]},
    {"events": [{"type": "", "name": "b"}]},
    {"events": [{"type": None, "name": "b"}]},
    {"events": [{"type": 5, "name": "b"}]},
    {"events": [{"type": "a", "name": "b", "more": 1}]},
    {"events": [{"type": "a", "name": "b", "parameters": None}]},
    {"events": [{"type": "a", "name": "b", "parameters": {"x": "y"}}]},
    {"events": [{"type": "a", "name": "b", "parameters": [3]}]},
    {"events": [{"type": "a", "name": "b", "parameters": [[]]}]},
    {"events": [{"type": "a", "name": "b", "parameters": [{}]}]},
    *(
        {"events": [{"type": "login", "name": "login_success", "parameters": parameters}]}
        for parameters in (
            [{"name": "x"}],
            [{"value": "x"}],
            [{"value": "y", "name": "x"}],
            [{"name": "x", "value": "y", "more": 1}],
            [{"name": "x", "messageValue": {"parameter": [{"name": "a", "value": "b"}]}}],
            [{"name": "x", "multiMessageValue": []}],
            [{"name": "x", "value": {"b": 1, "a": 2}}],
            [{"name": "x", "multiValue": [{"b": 1}, 2]}],
            [{"name": "x", "multiValue": [1, [2], "]", "\\\" [", None, 1.50, True]}],
            [{"name": "x", "multiValue": [1, "]", '\\" [', None, True, "é\u2028\u0000"]}],
            [{"name": "x", "intValue": 10**30}],
            [{"name": "x", "intValue": 1e5}, {"name": "y", "intValue": -5}],
            [{"name": "x", "value": "1"}, {"name": "x", "value": "2"}],
            [{"name": "login_type", "value": "1"}, {"name": "LOGIN_TYPE", "value": "2"}],
            [{"name": "LOGIN_TYPE", "value": "1"}, {"name": "login_type", "value": None}],
            [{"name": "login_type", "multiValue": ["a", None, "", 5, True]}],
            [{"name": "login_type", "boolValue": True}],
            [{"name": "login_type", "value": "[1]"}],
            [{"name": "login_type", "value": "é\u2028\u0000"}],
            [{"name": "", "value": "1"}],
            [{"name": None, "value": "1"}],
            [{"name": "é", "value": "1"}, {"name": "z", "value": "2"}, {"name": "Z", "value": "3"}],
            [{"name": 'a"b', "value": "1"}],
            [{"name": f"n{place}", "value": "1"} for place in range(64)],
            [{"name": f"n{place}", "value": "1"} for place in range(65)],
            [{"name": f"{place % 7}{'x' * (place % 5)}", "value": str(place)} for place in range(35)],
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(ODD)))
def test_an_odd_activity(tmp_path: Path, place: int) -> None:
    records = [usual(number) for number in range(1, 15)]
    for number in (3, 7, 8, 12, 12):
        changed = usual(number)
        for name, value in ODD[place].items():
            is_more = isinstance(value, dict) and isinstance(changed.get(name), dict) and value
            changed[name] = {**changed[name], **value} if is_more else value
        records.append(changed)
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, records)))
    (tmp_path / "page.json").write_text(json.dumps(WRAPPED["google"](records), indent=1, ensure_ascii=False))
    assert_same(tmp_path)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_value_in_any_place(tmp_path: Path, data: st.DataObject) -> None:
    records = with_changed(data, [usual(number) for number in range(1, 9)])
    spell = SPELLED[data.draw(st.sampled_from(sorted(SPELLED)))]
    (tmp_path / "log.json").write_bytes(spell(records).encode("utf-8", "surrogatepass"))
    assert_same(tmp_path)


@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(DAMAGE, st.booleans())
def test_any_damage(tmp_path: Path, damage: list[tuple[int, bytes]], is_page: bool) -> None:
    records = [usual(number) for number in range(1, 12)]
    text = (
        json.dumps(WRAPPED["google"](records)) if is_page else "\n".join(map(json.dumps, records))
    ).encode()
    (tmp_path / "log.json").write_bytes(put_damage(text, damage))
    assert_same(tmp_path)
