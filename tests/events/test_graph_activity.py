"""Microsoft Graph activity: what each request is, in every form in which the log is exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.microsoft import graph_activity
from seawall.events.microsoft.graph_requests import MOST_PARTS, read_request, reduce_request
from tests.events.support import ORGANISATION, read_all, rows
from tests.thoroughness import examples

HOST = "https://graph.microsoft.com"
USER = "5b1d0000-0000-4000-8000-000000000047"
COLLEAGUE = "5b1d0000-0000-4000-8000-000000000048"
MESSAGE = "AAMkAGI2TG93AAA="


def request(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A row of MicrosoftGraphActivityLogs."""
    return {
        "TimeGenerated": f"2026-03-02T09:{number // 60:02}:{number % 60:02}.1234567Z",
        "RequestId": f"6a000000-0000-4000-8000-{number:012}",
        "RequestMethod": "GET",
        "ResponseStatusCode": 200,
        "AadTenantId": ORGANISATION,
        "IPAddress": "198.51.100.7",
        "UserAgent": "python-requests/2.32.3",
        "RequestUri": f"{HOST}/v1.0/me/messages/{MESSAGE}",
        "SignInActivityId": "kmXUqF7yHkGLrIuT9uhcAA",
        "TokenIssuedAt": "2026-03-02T08:58:01Z",
        "AppId": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        "UserId": USER,
        "Scopes": "Mail.Read",
        "SessionId": "5b1d0000-0000-4000-8000-000000000049",
        "Type": "MicrosoftGraphActivityLogs",
        **changes,
    }


REQUESTS = [
    ("GET", "/v1.0/me/messages/AAMk=", "mail_access", "GET /me/messages/{id}", "bind", 1, ""),
    ("GET", "/v1.0/me/messages/AAMk=/$value", "mail_access", "GET /me/messages/{id}/$value", "bind", 1, ""),
    ("get", "/beta//me//messages('AAMk=')/attachments/AA1=/$value", "mail_access",
     "GET /me/messages/{id}/attachments/{id}/$value", "bind", 1, ""),
    ("GET", "/v1.0/me/messages", "mail_access", "GET /me/messages", "sync", 0, ""),
    ("GET", "/v1.0/me/messages?%24search=%22password%22", "mail_access", "GET /me/messages?$search", "sync", 0, ""),
    ("GET", "/v1.0/me/messages?$top=5&$SEARCH=x", "mail_access", "GET /me/messages?$search", "sync", 0, ""),
    ("GET", "/v1.0/me/messages?$filter=contains(subject,'research=')", "mail_access", "GET /me/messages", "sync", 0, ""),
    ("GET", "/v1.0/me/mailFolders/inbox/messages/delta", "mail_access", "GET /me/mailFolders/{id}/messages/delta",
     "sync", 0, ""),
    ("GET", "/v1.0/me/mailFolders('sentitems')/messages/microsoft.graph.delta()", "mail_access",
     "GET /me/mailFolders/{id}/messages/delta", "sync", 0, ""),
    ("GET", f"/v1.0/users/{COLLEAGUE.upper()}/messages/x1", "mail_access", "GET /users/{id}/messages/{id}", "bind", 1,
     COLLEAGUE),
    ("GET", f"/v1.0/users('{COLLEAGUE}')/messages/x1", "mail_access", "GET /users/{id}/messages/{id}", "bind", 1,
     COLLEAGUE),
    ("GET", "/v1.0/users/Mara.Lind@contoso.example/mailFolders/AA=/childFolders/BB=/messages", "mail_access",
     "GET /users/{id}/mailFolders/{id}/childFolders/{id}/messages", "sync", 0, "mara.lind@contoso.example"),
    ("GET", "/v1.0/users/Mara%40contoso.example/messages/x1", "mail_access", "GET /users/{id}/messages/{id}", "bind", 1,
     "mara@contoso.example"),
    ("GET", "/v1.0/users/%41nn%00@contoso.example/messages/x1", "mail_access", "GET /users/{id}/messages/{id}", "bind", 1, None),
    ("GET", "/v1.0/users/%41nn@contoso.example/messages/x1", "mail_access", "GET /users/{id}/messages/{id}", "bind", 1,
     "ann@contoso.example"),
    ("GET", "/v1.0/users/ann_x.example%23EXT%23@contoso.example/messages/x1", "mail_access",
     "GET /users/{id}/messages/{id}", "bind", 1, "ann_x.example#ext#@contoso.example"),
    ("GET", "/v1.0/me/messages/$count", "other", "GET /me/messages/$count", None, None, ""),
    ("GET", "/v1.0/me/mailFolders", "other", "GET /me/mailFolders", None, None, ""),
    ("GET", "/v1.0/me/mailFolders/inbox/messageRules", "other", "GET /me/mailFolders/{id}/messageRules", None, None, ""),
    ("POST", "/v1.0/me/mailFolders/inbox/messageRules", "mail_rule", "POST /me/mailFolders/{id}/messageRules", None, None,
     ""),
    ("DELETE", "/v1.0/me/mailFolders/inbox/messageRules/AQAA=", "mail_rule",
     "DELETE /me/mailFolders/{id}/messageRules/{id}", None, None, ""),
    ("POST", "/v1.0/me/sendMail", "mail_action", "POST /me/sendMail", None, 1, ""),
    ("POST", "/v1.0/me/microsoft.graph.sendMail", "mail_action", "POST /me/sendMail", None, 1, ""),
    ("POST", "/v1.0/me/messages/AAMk=/forward", "mail_action", "POST /me/messages/{id}/forward", None, 1, ""),
    ("DELETE", "/v1.0/me/messages/AAMk=", "mail_action", "DELETE /me/messages/{id}", None, 1, ""),
    ("POST", "/v1.0/me/mailFolders/inbox/childFolders", "mail_action", "POST /me/mailFolders/{id}/childFolders", None,
     None, ""),
    ("PATCH", "/v1.0/me/mailboxSettings", "admin", "PATCH /me/mailboxSettings", None, None, ""),
    ("POST", "/beta/admin/exchange/mailboxes/MBX:1@2/exportItems", "mail_access",
     "POST /admin/exchange/mailboxes/{id}/exportItems", "sync", 0, None),
    ("POST", "/v1.0/oauth2PermissionGrants", "directory", "POST /oauth2PermissionGrants", None, None, None),
    ("GET", "/v1.0/oauth2PermissionGrants", "other", "GET /oauth2PermissionGrants", None, None, None),
    ("POST", f"/v1.0/servicePrincipals/{USER}/addPassword", "directory", "POST /servicePrincipals/{id}/addPassword", None,
     None, None),
    ("POST", f"/v1.0/users/{USER}/authentication/fido2Methods", "directory",
     "POST /users/{id}/authentication/fido2Methods", None, None, None),
    ("PATCH", f"/v1.0/users/{USER}", "directory", "PATCH /users/{id}", None, None, None),
    ("POST", "/v1.0/me/authentication/phoneMethods", "directory", "POST /me/authentication/phoneMethods", None, None, None),
    ("POST", "/v1.0/roleManagement/directory/roleAssignments", "directory",
     "POST /roleManagement/directory/roleAssignments", None, None, None),
    ("POST", "/v1.0/me/getMemberGroups", "other", "POST /me/getMemberGroups", None, None, None),
    ("POST", "/v1.0/me/calendar/events", "other", "POST /me/calendar/events", None, None, None),
    ("GET", "/v1.0/me/chats/19:ab@thread.v2/messages", "other", "GET /me/chats/{id}/messages", None, None, None),
    ("POST", "/v1.0/$batch", "other", "POST /$batch", None, None, None),
    ("GET", "/v1.0/me/drive/root:/Pay/2026 plan.xlsx:/content", "file", "GET /me/drive/root:/content", None, None, None),
    ("GET", "/v1.0/drives/b!x1/items/01AB/content", "file", "GET /drives/{id}/items/{id}/content", None, None, None),
    ("GET", "/v1.0/groups/{g}/drive/root/children", "file", "GET /groups/{id}/drive/root/children", None, None, None),
    ("GET", "/v1.0/reports/getEmailActivityUserDetail(period='D7')", "other", "GET /reports/getEmailActivityUserDetail",
     None, None, None),
    ("GET", "/v1.0/users", "other", "GET /users", None, None, None),
    ("", "", "other", "request", None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "kind", "operation", "access", "items", "mailbox"),
    REQUESTS,
    ids=lambda value: str(value)[:60],
)
def test_request(
    method: str,
    path: str,
    kind: str,
    operation: str,
    access: str | None,
    items: int | None,
    mailbox: str | None,
) -> None:
    for uri in (HOST + path, path) if path else (path,):
        found = read_request(method, reduce_request(uri))
        assert (found.kind, found.operation, found.access_type, found.items, found.mailbox) == (
            kind, operation, access, items, mailbox,
        )  # fmt: skip


@pytest.mark.parametrize(
    "start", ["/v2/{0}", "/{0}", "https://x.example/{0}", "https://x.example/myorganization"]
)
def test_legacy_interface(start: str) -> None:
    uri = start.format(ORGANISATION) + "/users/" + USER + "?api-version=1.6"
    found = read_request("PATCH", reduce_request(uri))
    assert (found.kind, found.operation) == ("directory", "PATCH /users/{id}")


def test_whose_mailbox(tmp_path: Path) -> None:
    cases = [
        (request(1), USER, "owner"),
        (request(2, RequestUri=f"{HOST}/v1.0/users/{USER.upper()}/messages"), USER, "owner"),
        (request(3, RequestUri=f"{HOST}/v1.0/users/{COLLEAGUE}/messages"), COLLEAGUE, "delegate"),
        (request(4, RequestUri=f"{HOST}/v1.0/users/a@contoso.example/messages"), "a@contoso.example", None),
        (
            request(5, UserId="", RequestUri=f"{HOST}/v1.0/users/{COLLEAGUE}/messages"),
            COLLEAGUE,
            "application",
        ),
        (request(6, RequestUri=f"{HOST}/v1.0/users"), None, None),
    ]
    events = rows(read(tmp_path, [record for record, _, _ in cases]))
    assert [(event.get("mailbox"), event.get("logon_type")) for event in events] == [
        case[1:] for case in cases
    ]
    assert events[4]["account"] == "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
    assert events[4]["account_type"] == "service"


def test_an_application_in_advanced_hunting(tmp_path: Path) -> None:
    hunted = {
        "EntityType": "app",
        "AccountObjectId": COLLEAGUE,
        "ApplicationId": "04B07795-8ddb-461a-bbee-02f9e1bf7b46",
    }
    record = request(1, RequestUri=f"{HOST}/v1.0/users/{USER}/messages", **hunted)
    (event,) = rows(
        read(tmp_path, [{name: record[name] for name in record if name not in ("UserId", "AppId", "Type")}])
    )
    assert (event["account"], event["account_type"]) == ("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "service")
    assert (event["actor_user_uid"], event["logon_type"]) == (COLLEAGUE, "application")


def read(folder: Path, records: list[Any]) -> Any:
    path = folder / "log.json"
    path.write_text("\n".join(json.dumps(record) for record in records))
    events, problems, count = read_all(path)
    assert not problems
    assert count == len(records)
    return events


def as_diagnostic(record: dict[str, Any]) -> dict[str, Any]:
    """A record as diagnostic settings write it."""
    inner = {
        name[0].lower() + name[1:]: value
        for name, value in record.items()
        if name not in ("Type", "AadTenantId")
    }
    return {
        "time": record["TimeGenerated"],
        "category": record["Type"],
        "properties": {**inner, "tenantId": record["AadTenantId"]},
        "tenantId": record["AadTenantId"],
    }


FORMS: dict[str, Any] = {
    "row": lambda record: record,
    "row without table": lambda record: {name: value for name, value in record.items() if name != "Type"},
    "small letters": lambda record: {name.lower(): value for name, value in record.items()},
    "texts": lambda record: {name: str(value) for name, value in record.items()},
    "diagnostic": as_diagnostic,
    "diagnostic as text": lambda record: {
        **as_diagnostic(record),
        "properties": json.dumps(as_diagnostic(record)["properties"]),
    },
    "event hub": lambda record: {"records": [as_diagnostic(record)]},
    "search hit": lambda record: {"_index": "x", "_source": record},
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_give_the_same_events(tmp_path: Path, form: str) -> None:
    records = [request(1), request(2, RequestMethod="POST", ResponseStatusCode=429)]
    expected, found = (
        read(tmp_path, [change(record) for record in records]).drop_columns("unmapped")
        for change in (FORMS["row"], FORMS[form])
    )
    assert found.to_pylist() == expected.to_pylist()
    assert found["source"].to_pylist() == ["graph_activity"] * 2
    assert found["status"].to_pylist() == ["success", "failure"]


def test_workspace_is_no_organisation(tmp_path: Path) -> None:
    (event,) = rows(
        read(tmp_path, [request(1, AadTenantId=None, TenantId="77777777-0000-4000-8000-000000000001")])
    )
    assert "org_uid" not in event


def test_other_logs_of_requests_are_not_taken() -> None:
    assert not graph_activity.recognises({"RequestUri": "/x", "RequestMethod": "GET", "UserId": "x"})
    assert not graph_activity.recognises({"category": "SignInLogs", "properties": {"requestUri": "/x"}})


ADDRESS = st.lists(
    st.sampled_from([
        "https://", "graph.microsoft.com", "/", "//", "v1.0", "beta", "me", "users", "messages", "mailFolders", "(", ")", "'",
        ":", "root:", "?", "$search=", "%24SEARCH=", "delta", "microsoft.graph.", "AAMk=", "é", "=", ".", "$value", "a" * 50,
    ]) | st.text(max_size=4), max_size=24,
).map("".join)  # fmt: skip


@settings(max_examples=examples(300), deadline=None)
@given(method=st.sampled_from(["GET", "post", "DELETE", "", "x" * 99]), uri=ADDRESS)
def test_any_address_is_a_short_request(method: str, uri: str) -> None:
    reduced = reduce_request(uri)
    assert reduced.count("/") <= MOST_PARTS + 1
    found = read_request(method, reduced)
    assert found.kind in ("mail_access", "mail_rule", "mail_action", "admin", "directory", "file", "other")
    assert 0 < len(found.operation) < 500
