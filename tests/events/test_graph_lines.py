"""Graph activity that is read column by column gives what each record gives by itself."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.formats.line_formats import find_line_format
from seawall.events.microsoft.graph_reduction import reduce_requests
from seawall.events.microsoft.graph_requests import reduce_request
from tests.events.support import count_by_column
from tests.events.test_both_ways import JSON_VALUES, assert_same
from tests.events.test_graph_activity import ADDRESS, REQUESTS, as_diagnostic, request
from tests.thoroughness import examples

Record = dict[str, Any]


def row(number: int) -> Record:
    """A row of Log Analytics; no two are equal."""
    method, path, *_ = REQUESTS[number % len(REQUESTS)]
    return request(
        number,
        RequestMethod=method,
        RequestUri=f"https://graph.microsoft.com{path}",
        ResponseStatusCode=[200, 204, 403, 429][number % 4],
        SignInActivityId=["kmXUqF7yHkGLrIuT9uhcAA", f"kmX{number}==", ""][number % 3],
        ResponseSizeBytes=number,
        UserId=["", "5B1D0000-0000-4000-8000-000000000047"][number % 2],
        ServicePrincipalId=["6a7b0000-0000-4000-8000-0000000000ab", ""][number % 2],
        Roles="",
        ATContent="",
    )


def diagnostic(number: int) -> Record:
    """The same inside the envelope of diagnostic settings."""
    return as_diagnostic(row(number)) | {"resourceId": "/TENANTS/X1/PROVIDERS/MICROSOFT.AADIAM", "Level": 4}


def legacy(number: int) -> Record:
    """A record of the legacy interface."""
    record = diagnostic(number) | {"category": "AzureADGraphActivityLogs"}
    inner = record["properties"]
    inner |= {"httpMethod": inner.pop("requestMethod"), "httpStatusCode": inner.pop("responseStatusCode")}
    inner |= {"issuedAt": "3/2/2026 1:50:39 PM", "requestUri": f"/v2/x1/users/{number}"}
    del record["time"], record["resourceId"]
    return record


def hunted(number: int) -> Record:
    """A row of advanced hunting."""
    named = {"AppId": "ApplicationId", "UserId": "AccountObjectId", "TimeGenerated": "Timestamp",
             "SignInActivityId": "UniqueTokenIdentifier", "ResponseSizeBytes": "ResponseSize"}  # fmt: skip
    dropped = ("Type", "AadTenantId", "UserAgent", "SessionId", "TokenIssuedAt")
    record = {named.get(name, name): value for name, value in row(number).items() if name not in dropped}
    return record | {"TargetWorkload": "Microsoft.Exchange", "EntityType": ["user", "app", ""][number % 3]}


FORMS = (row, diagnostic, legacy, hunted)


@pytest.mark.parametrize("form", FORMS)
def test_most_are_read_column_by_column(form: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = count_by_column(monkeypatch)
    path = tmp_path / "requests.jsonl"
    path.write_text("".join(json.dumps(form(number)) + "\n" for number in range(300)))
    found = assert_same(path)
    assert len(found) == 300
    assert {event["source"] for event in found} == {"graph_activity"}
    assert len({event["activity_name"] for event in found}) > (1 if form is legacy else 25)
    assert sum(read) == 300


def odd(number: int, chance: random.Random) -> Any:
    """Records in which the two ways could disagree."""
    record = chance.choice(FORMS)(number)
    inner = record.get("properties", record)
    field = chance.choice(list(inner))
    changes: list[Any] = [
        {**record, "Extra": {"a": [1.5, None]}, "zExtra": "[]"},
        {field: inner[field], **record},
        {**record, "REQUESTURI": "/v1.0/me/sendMail", "requestMETHOD": "POST"},
        dict(reversed(record.items())),
        {name: value for name, value in record.items() if name not in ("RequestId", "requestId")},
        {**record, "Operation": "x", "CreationTime": "2026-03-10T11:00:00"},
        {**record, "Type": chance.choice(["OfficeActivity", "SigninLogs", "AADGraphActivityLogs"])},
        {**record, "category": "SignInLogs"},
        {**record, "createdDateTime": "x", "isInteractive": True, "APPID": "y"},
        {"records": [record, record]},
        {**record, "properties": json.dumps(record)},
        {**record, "Properties": row(number + 1)},
        {**record, "tenantId": "b", "TenantId": "c"},
        {**record, "properties": None},
        {"a": 1},
    ]
    inner[field] = chance.choice(
        [None, "", "[]", 0, 5, False, [], {}, "{broken", "\u0130\\/?$search=", [[1]]]
    )
    return chance.choice([record, *changes])


@pytest.mark.parametrize("seed", range(12))
def test_odd_records_are_the_same(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    lines = [json.dumps(FORMS[seed % len(FORMS)](number)) for number in range(12)]
    lines += [
        json.dumps(odd(number, chance), separators=chance.choice([None, (",", ":")])) for number in range(250)
    ]
    lines[30:30] = ["", "{broken", "3", lines[2][:-20], "   "]
    path = tmp_path / "requests.jsonl"
    path.write_text("\n".join(lines))
    assert len(assert_same(path)) > 200


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_value_in_any_field_is_the_same(tmp_path_factory: Any, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("both") / "requests.jsonl"
    records = [form(number) for number in range(4) for form in FORMS]
    for number in range(data.draw(st.integers(1, 6))):
        record = data.draw(st.sampled_from(FORMS))(100 + number)
        inner = record.get("properties", record)
        fields = st.sampled_from([*inner, "UserPrincipalName", "New"])
        inner |= data.draw(st.dictionaries(fields, JSON_VALUES | ADDRESS, max_size=3))
        records.append(record)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert_same(path)


@settings(max_examples=examples(300), deadline=None)
@given(addresses=st.lists(ADDRESS | st.none(), max_size=6), start=st.integers(0, 2))
def test_compiled_reduction_is_the_same(addresses: list[str | None], start: int) -> None:
    found = reduce_requests(pa.array(addresses, pa.string()).slice(start)).to_pylist()
    assert found == [None if one is None else reduce_request(one) for one in addresses[start:]]


@pytest.mark.parametrize(
    "address",
    [
        "", "?", "/", "v1.0", "/V1.0", "HTTPS://x", "https://x/", "https://x/beta/me?$search=", "/me?%24SEARCH=1", "/me?%2",
        "/me?$search", "/v1.0/beta/x", "/v1.0/a/b/" + "c" * 40, "/v1.0/a/b/" + "c" * 41, "/v1.0/" + "a" * 201,
        "/a/b/oauth2Permission",
        "/a/b/2x", "/a/b/x2", "/a/b/x2x2", "/a/b/$2x", "/a/b/x2$", "/a/b/x(", "/a/b/x()", "/a/b/x(')", "/a/b/x(y=1)", "/a/b/x(1)",
        "/a/b/microsoft.graph.", "/a/b/microsoft.graph.:", "/a/b/:", "/a/b/root:/x/y:/z", "/a/root:/x/y:/z", "/a:/b/c", "/é/é/é",
        "/a/b/c/d/e/f/g/h/i/j", "http://" + "é" * 9, "/v1.0/a/b/c'", "/me/messages('a/b')",
    ],
)  # fmt: skip
def test_compiled_reduction_of_rare_addresses(address: str) -> None:
    assert reduce_requests(pa.array([address])).to_pylist() == [reduce_request(address)]


def test_the_first_lines_tell_the_format() -> None:
    for form in FORMS:
        text = "".join(json.dumps(form(number)) + "\n" for number in range(8)).encode()
        assert find_line_format(text, 64) == "graph_activity"
