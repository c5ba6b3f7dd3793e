"""Events of the Open Cybersecurity Schema Framework tell detection what the vendor's record tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.events.support import read_all, rows, write_lines
from tests.events.test_ecs import JSON_VALUES, OKTA, read_both
from tests.thoroughness import examples

_TAKEN = {
    "uuid",
    "published",
    "eventType",
    "displayMessage",
    "version",
    "actor",
    "client",
    "device",
    "outcome",
}


def okta(record: dict[str, Any]) -> dict[str, Any]:
    """Write a record of Okta as the dossiers of ocsf/examples do (`Okta/v1.3.0/System Logs`)."""
    actor, client = record.get("actor") or {}, record.get("client") or {}
    agent, place = client.get("userAgent") or {}, client.get("geographicalContext") or {}
    context, device, outcome = (
        record.get(name) or {} for name in ("authenticationContext", "device", "outcome")
    )
    user = {"uid": actor.get("id"), "email_addr": actor.get("alternateId"), "name": actor.get("displayName"),
            "type": actor.get("type")}  # fmt: skip
    rest = {name: value for name, value in record.items() if name not in _TAKEN}
    rest["authenticationContext"] = {
        name: value for name, value in context.items() if name != "externalSessionId"
    }
    rest["client"] = {"userAgent": {"browser": agent.get("browser")}, "zone": client.get("zone")}
    rest["outcome"] = {"reason": outcome.get("reason")}
    return {
        "class_uid": 3002,
        "category_uid": 3,
        "actor": {"user": user, "session": {"uid": context.get("externalSessionId")}},
        "device": {"uid": device.get("id"), "name": device.get("name")},
        "http_request": {"user_agent": agent.get("rawUserAgent")},
        "message": record.get("displayMessage"),
        "metadata": {
            "event_code": record["eventType"],
            "product": {"name": "Okta System Log", "vendor_name": "Okta", "version": record.get("version")},
            "uid": record["uuid"],
            "version": "1.3.0",
        },
        "src_endpoint": {
            "ip": client.get("ipAddress"),
            "location": {"city": place.get("city"), "country": place.get("country")},
        },
        "status": (outcome.get("result") or "Unknown").capitalize(),
        "time_dt": record["published"],
        "unmapped": rest,
    }


@pytest.mark.parametrize("record", OKTA)
def test_okta(tmp_path: Path, record: dict[str, Any]) -> None:
    bare, made = read_both(tmp_path, record, okta(record))
    for event in (bare, made):
        event.pop("unmapped", None)
        event.pop("parameters", None)
        event["status_code"] = event.get("status_code", "").lower()
    assert made == bare


@settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    product=st.sampled_from(["Okta", "Microsoft Entra ID", "azure-signin", "Microsoft 365", "o365-audit-logs", "Slack", ""]),
    number=st.sampled_from([3001, 3002, 3006, 6001, 6003, "3002", None]),
    parts=st.dictionaries(
        st.sampled_from(["actor", "user", "unmapped", "src_endpoint", "status", "device", "http_request", "group", "raw_data"]),
        JSON_VALUES,
    ),
)  # fmt: skip
def test_any_event_is_accounted_for(
    tmp_path_factory: Any, product: str, number: Any, parts: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("ocsf") / "any.jsonl"
    event = {"class_uid": number, "metadata": {"product": {"name": product}}, "time": 1772445600000, **parts}
    events, problems, count = read_all(write_lines(path, [event]))
    assert count == 1 == events.num_rows + len(problems)
    assert all(problem.code != "reader-failed" for problem in problems)


def test_times_in_seconds_and_milliseconds(tmp_path: Path) -> None:
    product = {"product": {"name": "o365-audit-logs", "vendor_name": "office365"}}
    event = {"class_uid": 3002, "metadata": product, "user": {"uid": "mara.lind@contoso.example"}}
    lines = [{**event, "time": time} for time in (1772445600, 1772445600000)]
    first, second = rows(read_all(write_lines(tmp_path / "times.jsonl", lines))[0])
    assert first["time"] == second["time"]
    assert first["kind"] == second["kind"] == "sign_in"


def test_an_okta_event_without_a_type_stays_another_log(tmp_path: Path) -> None:
    event = {"class_uid": 3002, "metadata": {"product": {"name": "Okta"}}, "time": 1772445600000}
    (found,) = rows(read_all(write_lines(tmp_path / "one.jsonl", [event]))[0])
    assert found["source"] == "other"
    assert json.loads(found["unmapped"]) == event
