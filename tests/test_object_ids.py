"""A scan joins records that state a person's object id alone with those that state the name.

The shapes are those of real logs: a sign-in of the unified audit log holds the object id in `UserKey` and the name in `UserId`,
Entra's sign-in log has `userId` and `userPrincipalName`; other records of the unified audit log have the id as `UserId`, and
a `UserType` of 0 or of none that is documented.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from seawall import scan
from seawall.cli.main import app

TENANT = "7a1c0000-0000-4000-8000-000000000001"
ANN = "0f3a0000-0000-4000-8000-00000000a001"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def audited(number: int, **fields: Any) -> dict[str, Any]:
    time = START + timedelta(hours=7 * number)
    return {
        "Id": f"a{number:07}-0000-4000-8000-000000000000", "CreationTime": f"{time:%Y-%m-%dT%H:%M:%S}", "OrganizationId": TENANT,
        "Workload": "Exchange", "RecordType": 2, "Operation": "Create", "ClientIP": "203.0.113.7", "UserType": 0, **fields,
    }  # fmt: skip


def by_id(number: int, uid: str = ANN, **fields: Any) -> dict[str, Any]:
    """A record that names the person by the id alone."""
    return audited(number, UserId=uid.upper() if number % 2 else uid, UserKey=uid, **fields)


def audit_sign_in(number: int, name: str = "Ann@Contoso.example", uid: str = ANN) -> dict[str, Any]:
    return audited(
        number, Workload="AzureActiveDirectory", RecordType=15, Operation="UserLoggedIn", UserId=name, UserKey=uid,
        ResultStatus="Success",
    )  # fmt: skip


def entra_sign_in(number: int) -> dict[str, Any]:
    time = START + timedelta(hours=7 * number)
    return {
        "id": f"e{number:07}-0000-4000-8000-000000000000", "createdDateTime": f"{time:%Y-%m-%dT%H:%M:%SZ}", "appId": "owa",
        "userPrincipalName": "ann@contoso.example", "userId": ANN, "ipAddress": "203.0.113.7", "status": {"errorCode": 0},
        "isInteractive": True, "clientAppUsed": "Browser", "resourceTenantId": TENANT,
    }  # fmt: skip


def graph_read(number: int, uid: str = ANN, path: str = "/me/messages/x") -> dict[str, Any]:
    """A request to Microsoft Graph, whose log names the person and the mailbox by id."""
    return {
        "TimeGenerated": f"{START + timedelta(hours=7 * number):%Y-%m-%dT%H:%M:%SZ}", "RequestId": f"graph-{number}",
        "RequestMethod": "GET", "RequestUri": f"https://graph.microsoft.com/v1.0{path}", "ResponseStatusCode": 200,
        "AadTenantId": TENANT, "UserId": uid, "AppId": "owa", "IPAddress": "203.0.113.7", "Type": "MicrosoftGraphActivityLogs",
    }  # fmt: skip


STATING = {"unified audit log": audit_sign_in, "Entra's sign-in log": entra_sign_in}


@pytest.mark.parametrize("states", STATING.values(), ids=STATING)
@pytest.mark.parametrize("names", [("a.jsonl", "b.jsonl"), ("b.jsonl", "a.jsonl")], ids=["before", "after"])
@pytest.mark.parametrize("at", [0, 9], ids=["earlier", "later"])
def test_records_by_id_are_the_named_persons(
    tmp_path: Path, states: Any, names: tuple[str, str], at: int
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    bare = [by_id(number, UserType=number % 3 * 4) for number in range(1, 9)]
    (logs / names[0]).write_text("".join(json.dumps(record) + "\n" for record in bare))
    (logs / names[1]).write_text(json.dumps(states(at)) + "\n")
    result = scan(logs, tmp_path / "out")
    events = (
        pq.read_table(tmp_path / "out" / "events.parquet").select(["account", "actor_user_uid"]).to_pylist()
    )
    assert {event["account"] for event in events} == {"ann@contoso.example"}
    assert {event["actor_user_uid"] for event in events} == {ANN}
    assert len(events) == 9
    assert (result.summary["accounts"], result.summary["object_ids_joined"]) == (1, 1)
    assert result.summary["object_ids_with_several_names"] == 0


def test_the_terminal_says_how_many_ids_were_joined(tmp_path: Path) -> None:
    logs = tmp_path / "logs.jsonl"
    records = [
        by_id(2),
        audit_sign_in(1),
        audit_sign_in(3, "ann.new@contoso.example"),
        by_id(4, ANN[:-1] + "2"),
    ]
    logs.write_text("".join(json.dumps(record) + "\n" for record in records))
    said = CliRunner().invoke(app, ["scan", str(logs), "--out", str(tmp_path / "out")])
    wanted = "joined: 1 object id with the names of the same accounts (1 of them have several names: the earliest counts)"
    assert wanted in " ".join(said.output.split())
    alone = CliRunner().invoke(app, ["scan", str(logs.with_name("out")), "--out", str(tmp_path / "none")])
    assert "joined:" not in alone.output


def test_a_real_tenants_records_by_id_are_the_persons(tmp_path: Path) -> None:
    """Four records of this tenant state a user by the object id alone; 93 sign-ins state it with the name."""
    logs = Path(__file__).resolve().parents[2] / "shared" / "data" / "m365-tenant-2021"
    if not logs.exists():
        pytest.skip("m365-tenant-2021 is not here: the shared data is not part of the project")
    result = scan(logs, tmp_path / "out")
    assert result.summary["object_ids_joined"] == 1
    events = (
        pq.read_table(tmp_path / "out" / "events.parquet").select(["account", "account_type"]).to_pylist()
    )
    people = {event["account"] for event in events if event["account_type"] == "user"}
    assert {name for name in people if name and "@" not in name} == set()


@pytest.mark.parametrize("states", STATING.values(), ids=STATING)
def test_a_mailbox_by_id_is_the_named_persons(tmp_path: Path, states: Any) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    other = "0f3a0000-0000-4000-8000-00000000b002"
    reads = [
        graph_read(1),
        graph_read(2, path=f"/users/{ANN.upper()}/messages"),
        graph_read(3, path=f"/users/{other}/messages"),
        graph_read(4, other, f"/users/{ANN}/messages"),
    ]
    (logs / "graph.jsonl").write_text("".join(json.dumps(record) + "\n" for record in reads))
    (logs / "sign-ins.jsonl").write_text(json.dumps(states(9)) + "\n")
    scan(logs, tmp_path / "out")
    events = pq.read_table(tmp_path / "out" / "events.parquet", filters=[("kind", "=", "mail_access")])
    found = zip(events["account"].to_pylist(), events["mailbox"].to_pylist(), strict=True)
    name = "ann@contoso.example"
    assert list(found) == [(name, name), (name, name), (name, other), (other, name)]
