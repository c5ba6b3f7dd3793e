"""Sign-ins that are read column by column give what each of them gives by itself."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.formats.line_formats import find_line_format
from tests.events.support import count_by_column
from tests.events.test_both_ways import JSON_VALUES, assert_same
from tests.thoroughness import examples

Record = dict[str, Any]
APPLICATION = "9199bf20-a13f-4107-85dc-02114787ef48"
TENANT = "a7bc3487-d129-4254-834d-e9d36b1863db"


def graph(number: int) -> Record:
    """A sign-in as Graph hands it out."""
    return {
        "id": f"{number:08}-6cc0-401f-9fd0-bffcf243a200",
        "createdDateTime": f"2026-03-10T{number % 24:02}:26:53Z",
        "userPrincipalName": f"Mara{number % 7}@example.org",
        "userId": f"{number % 7:08}-6cc0-401f-9fd0-bffcf243a2ff",
        "appId": APPLICATION,
        "appDisplayName": "Outlook",
        "ipAddress": f"198.51.100.{number % 250}",
        "clientAppUsed": "Browser",
        "userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/120.0",
        "correlationId": f"corr-{number}",
        "conditionalAccessStatus": ["success", "notApplied", "failure"][number % 3],
        "isInteractive": number % 2 == 0,
        "signInEventTypes": ["interactiveUser"],
        "riskState": "none",
        "riskEventTypes_v2": [[], ["unlikelyTravel", "newKindOfRisk"], ["none"]][number % 3],
        "resourceDisplayName": "Microsoft Graph",
        "resourceId": "00000003-0000-0000-c000-000000000000",
        "resourceTenantId": TENANT,
        "uniqueTokenIdentifier": f"8U07T8BsH0Cf0L_88k{number}",
        "status": {
            "errorCode": [0, 50126, 50074][number % 3],
            "failureReason": "Other.",
            "additionalDetails": None,
        },
        "deviceDetail": {
            "deviceId": "",
            "operatingSystem": "Windows10",
            "browser": "Edge 120",
            "isCompliant": True,
            "isManaged": number % 3 == 0,
            "trustType": ["", "Azure AD joined"][number % 2],
        },
        "originalRequestId": f"{number - number % 5:08}-6cc0-401f-9fd0-bffcf243a200",
        "authenticationProtocol": ["none", "deviceCode", "oAuth2"][number % 3],
        "signInTokenProtectionStatus": ["none", "bound"][number % 2],
        "tokenProtectionStatusDetails": {
            "signInSessionStatus": ["none", "bound", "unbound"][number % 3],
            "signInSessionStatusCode": [0, None, 1002][number % 3],
        },
        "managedServiceIdentity": {"msiType": ["none", "systemAssigned"][number % 2]},
        "agent": {"agentType": "notAgentic", "parentAppId": None} if number % 4 else {},
        "location": {"city": "Oslo", "countryOrRegion": "NO", "geoCoordinates": {"latitude": 59.91}},
        "appliedConditionalAccessPolicies": [{"id": "p", "result": "success"}] * (number % 2),
        "authenticationDetails": [
            {
                "authenticationStepDateTime": f"2026-03-10T00:26:{number % 60:02}Z",
                "authenticationMethod": "Password",
                "succeeded": number % 3 == 0,
                "authenticationStepResultDetail": "MFA denied",
            }
        ],
    }


def table_row(number: int) -> Record:
    """The same as a row of Log Analytics: other capitals, structures as text."""
    record = {name[0].upper() + name[1:]: value for name, value in graph(number).items()}
    for name, value in record.items():
        if isinstance(value, dict | list):
            record[name] = json.dumps(value)
    record |= {
        "LocationDetails": record.pop("Location"),
        "Location": "NO",
        "TimeGenerated": "2026-03-10T11:00:00Z",
    }
    return record | {"Type": "SigninLogs", "ResultType": "0", "AADTenantId": TENANT, "CreatedDateTime": ""}


def diagnostic(number: int) -> Record:
    """The same inside the envelope of diagnostic settings."""
    return {
        "time": "2026-03-10T11:00:00Z",
        "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam",
        "operationName": "Sign-in activity",
        "category": ["SignInLogs", "NonInteractiveUserSignInLogs"][number % 2],
        "resultType": "0",
        "callerIpAddress": "203.0.113.9",
        "Level": 4,
        "properties": graph(number),
    }


def service_principal(number: int) -> Record:
    """A sign-in of an application or an agent, in diagnostic settings."""
    record = diagnostic(number) | {"category": "ServicePrincipalSignInLogs"}
    record["properties"] |= {
        "userPrincipalName": "",
        "servicePrincipalId": f"{number % 3:08}-6cc0-401f-9fd0-bffcf243a2aa",
        "clientCredentialType": ["clientSecret", "managedIdentity"][number % 2],
        "federatedCredentialId": ["", "c0ffee00-6cc0-401f-9fd0-bffcf243a200"][number % 2],
        "agent": {
            "agentType": "agenticAppInstance",
            "agentSubjectType": "agentIDuser",
            "parentAppId": APPLICATION,
        },
    }
    return record


FORMS = (graph, table_row, diagnostic, service_principal)


def odd(number: int, chance: random.Random) -> Any:
    """Records in which the two ways could disagree."""
    form = chance.choice(FORMS)
    record = form(number)
    inner = record.get("properties", record)
    field = chance.choice(list(inner))
    changes: list[Any] = [
        {**record, "Extra": {"a": [1.5, None]}, "zExtra": "[]"},
        {field: inner[field], **record},
        {**record, "ID": "other", "Status": {"errorCode": 7}},
        dict(reversed(record.items())),
        {name: value for name, value in record.items() if name not in ("id", "Id")},
        {**record, "Operation": "x", "CreationTime": "2026-03-10T11:00:00"},
        {**record, "Type": "OfficeActivity"},
        {"value": [record, record]},
        [record],
        {**record, "status": '{"errorCode": 50126, "additionalDetails": "more"}'},
        {**record, "properties": json.dumps(record)},
        {**record, "Properties": graph(number + 1)},
        {**record, "PROPERTIES": graph(number + 1)},
        {**record, "properties": None},
        {**record, "log": {"id": "x"}},
        {"a": 1},
    ]
    inner[field] = chance.choice(
        [None, "", "[]", 0, 5, False, [], {}, "{broken", {"countryOrRegion": 0}, [[1]], ["x", 2]]
    )
    return chance.choice([record, *changes])


def partial(number: int) -> Record:
    """Of applications first, which lack what people's sign-ins have in between."""
    record = graph(number) | {"autonomousSystemNumber": 7, "riskDetail": "none"}
    lacks = (
        "riskState",
        "deviceDetail",
        "appliedConditionalAccessPolicies",
        "conditionalAccessStatus",
        "riskDetail",
    )
    return {
        name: value
        for place, (name, value) in enumerate(record.items())
        if (number > 5 and number % 7 != place) or name not in lacks
    }


@pytest.mark.parametrize("form", [*FORMS, partial])
def test_most_are_read_column_by_column(form: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = count_by_column(monkeypatch)
    path = tmp_path / "signins.jsonl"
    path.write_text("".join(json.dumps(form(number)) + "\n" for number in range(300)))
    found = assert_same(path)
    assert len(found) == 300
    assert {event["source"] for event in found} == {"entra_signin"}
    assert sum(read) >= 300 - 6


@pytest.mark.parametrize("seed", range(12))
def test_odd_records_are_the_same(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    lines = [json.dumps(FORMS[seed % len(FORMS)](number)) for number in range(12)]
    lines += [
        json.dumps(odd(number, chance), separators=chance.choice([None, (",", ":")])) for number in range(250)
    ]
    lines[30:30] = ["", "{broken", "3", lines[2][:-20], "   "]
    path = tmp_path / "signins.jsonl"
    path.write_text("\n".join(lines))
    assert len(assert_same(path)) > 200


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_value_in_any_field_is_the_same(tmp_path_factory: Any, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("both") / "signins.jsonl"
    records = [form(number) for number in range(4) for form in FORMS]
    for number in range(data.draw(st.integers(1, 6))):
        record = data.draw(st.sampled_from(FORMS))(100 + number)
        inner = record.get("properties", record)
        fields = st.sampled_from([*inner, "AppliedEventListeners", "New"])
        inner |= data.draw(st.dictionaries(fields, JSON_VALUES, max_size=3))
        records.append(record)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert_same(path)


def test_blocks_without_a_sign_in_are_read(tmp_path: Path) -> None:
    path = tmp_path / "signins.jsonl"
    usual = [json.dumps(graph(number)) for number in range(40)]
    path.write_text("\n".join([*usual, *["{broken"] * 100, *["[]"] * 60, *usual, *['{"a": 1}'] * 60]))
    assert len(assert_same(path)) == 80


def test_the_first_lines_tell_the_format() -> None:
    text = "".join(json.dumps(graph(number)) + "\n" for number in range(8)).encode()
    assert find_line_format(text, 64) == "entra_signin"
    assert find_line_format(b"{broken\n" * 9 + text, 64) is None
    assert find_line_format(b"", 64) is None
