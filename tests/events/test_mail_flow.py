"""The flow of mail: who sends acts, who receives does not, and each message counts once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.events.support import mail_read, read_all, rows, write_lines
from tests.thoroughness import examples

SENT = {
    "Timestamp": "2026-03-02T08:00:00Z",
    "NetworkMessageId": "5b1d0000-0000-4000-8000-000000000301",
    "SenderFromAddress": "mara.lind@contoso.example",
    "RecipientEmailAddress": "pay@supplier.example",
    "EmailDirection": "Outbound",
    "DeliveryAction": "Delivered",
}
STEP = {
    "date_time_utc": "2026-03-02T08:00:00Z",
    "sender_address": "mara.lind@contoso.example",
    "recipient_address": "kofi.adu@contoso.example",
    "message_id": "<m1@contoso.example>",
    "network_message_id": "5b1d0000-0000-4000-8000-000000000301",
    "internal_message_id": "1",
    "directionality": "Originating",
    "source": "STOREDRIVER",
    "original_client_ip": "198.51.100.99",
}
CLOUD_APP = {
    "Timestamp": "2026-03-02T10:00:01Z",
    "ActionType": "MailItemsAccessed",
    "Application": "Microsoft Exchange Online",
    "AccountObjectId": "5b1d0000-0000-4000-8000-000000000147",
    "AccountId": "Mara.Lind@example.org",
    "ReportId": "106830890_20893_00000000-0000-4000-8000-000000000001",
}


def event_of(tmp_path: Path, record: dict[str, Any]) -> dict[str, Any]:
    events, problems, records = read_all(write_lines(tmp_path / "records.jsonl", [record]))
    assert (problems, records) == ([], 1)
    (event,) = rows(events)
    return event


@pytest.mark.parametrize(
    ("changes", "kind", "account"),
    [
        ({}, "mail_action", "mara.lind@contoso.example"),
        ({"EmailDirection": "Intra-org"}, "mail_action", "mara.lind@contoso.example"),
        ({"EmailDirection": "Inbound"}, "other", None),
        ({"EmailDirection": "Unknown"}, "other", None),
        ({"SenderFromAddress": "<>"}, "other", None),
        (
            {"SenderFromAddress": "", "SenderMailFromAddress": "kofi.adu@contoso.example"},
            "mail_action",
            "kofi.adu@contoso.example",
        ),
    ],
)
def test_who_sends_acts(tmp_path: Path, changes: dict[str, Any], kind: str, account: str | None) -> None:
    event = event_of(tmp_path, SENT | changes)
    assert (event["source"], event["kind"], event.get("account")) == ("mail_flow", kind, account)
    assert event.get("src_ip") is None


@pytest.mark.parametrize(
    ("action", "status", "code"),
    [
        ("Delivered", "success", None),
        ("Junked", "success", None),
        ("Blocked", "failure", "Blocked"),
        ("Later", None, None),
    ],
)
def test_result_of_a_message(tmp_path: Path, action: str, status: str | None, code: str | None) -> None:
    event = event_of(tmp_path, SENT | {"DeliveryAction": action})
    assert (event.get("status"), event.get("status_code")) == (status, code)
    assert event["status_detail"] == action


def test_only_the_submission_of_a_traced_message_counts(tmp_path: Path) -> None:
    steps = [
        {"event_id": "RECEIVE"},
        {"event_id": "AGENTINFO", "source": "AGENT"},
        {"event_id": "DELIVER"},
        {"event_id": "SEND", "source": "SMTP"},
        {"event_id": "RECEIVE", "source": "MAILBOXRULE"},
        {"event_id": "RECEIVE", "directionality": "Incoming", "source": "SMTP"},
    ]
    events, problems, _ = read_all(write_lines(tmp_path / "trace", [STEP | step for step in steps]))
    assert not problems
    found = rows(events)
    assert [event["kind"] for event in found] == ["mail_action"] + ["other"] * 5
    assert [event.get("src_ip") for event in found] == ["198.51.100.99"] + [None] * 5
    assert len({event["metadata_uid"] for event in found}) == len(steps)


def test_direction_of_a_trace_without_one(tmp_path: Path) -> None:
    trace = {
        "id": "5b1d0000-0000-4000-8000-000000000305",
        "messageId": "<m2@contoso.example>",
        "receivedDateTime": "2026-03-02T09:00:00Z",
        "senderAddress": "mara.lind@contoso.example",
        "recipientAddress": "pay@supplier.example",
        "status": "delivered",
        "fromIP": None,
    }
    assert event_of(tmp_path, trace)["kind"] == "mail_action"
    assert event_of(tmp_path, trace | {"fromIP": "203.0.113.77"})["kind"] == "other"


@pytest.mark.parametrize(
    ("changes", "kind", "status"),
    [
        ({}, "mail_access", "success"),
        ({"ActionType": "ClickBlocked"}, "mail_access", "failure"),
        ({"ActionType": "ClickBlocked", "IsClickedThrough": True}, "mail_access", "success"),
        ({"ActionType": "UrlErrorPage"}, "mail_access", None),
        ({"Workload": "Teams"}, "other", "success"),
    ],
)
def test_clicks(tmp_path: Path, changes: dict[str, Any], kind: str, status: str | None) -> None:
    click = {
        "Timestamp": "2026-03-02T08:10:00Z",
        "Url": "https://login.stranger.example/",
        "ActionType": "ClickAllowed",
        "AccountUpn": "Mara.Lind@contoso.example",
        "Workload": "Email",
        "NetworkMessageId": "5b1d0000-0000-4000-8000-000000000302",
        "IPAddress": "198.51.100.7",
        "ReportId": "r-1",
    }
    event = event_of(tmp_path, click | changes)
    assert (event["kind"], event.get("status")) == (kind, status)
    assert (event["account"], event["src_ip"]) == ("mara.lind@contoso.example", "198.51.100.7")


def test_a_cloud_app_event_is_the_audit_record_that_it_holds(tmp_path: Path) -> None:
    wanted = event_of(tmp_path, mail_read(1))
    for raw in (mail_read(1), json.dumps(mail_read(1)), json.dumps(json.dumps(mail_read(1)))):
        row = CLOUD_APP | {"RawEventData": raw}
        streamed = {
            "time": "2026-03-02T10:01:00Z",
            "category": "AdvancedHunting-CloudAppEvents",
            "properties": row,
        }
        assert event_of(tmp_path, row) == wanted
        assert event_of(tmp_path, streamed) == wanted


def test_a_damaged_audit_record_in_a_cloud_app_event_is_a_problem(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x", [CLOUD_APP | {"RawEventData": '{"Operation": "x'}, CLOUD_APP])
    events, problems, records = read_all(path)
    assert (events.num_rows, records) == (1, 2)
    assert [(problem.code, problem.line) for problem in problems] == [("bad-json", 1)]
    assert "RawEventData" in str(problems[0])


@pytest.mark.parametrize("raw", [None, "", {}, {"cut": True}, "[1]", "no JSON"])
def test_columns_of_a_cloud_app_event_without_its_record(tmp_path: Path, raw: Any) -> None:
    event = event_of(tmp_path, CLOUD_APP | {"RawEventData": raw})
    assert (event["source"], event["kind"]) == ("m365_audit", "mail_access")
    assert event["metadata_uid"] == "00000000-0000-4000-8000-000000000001"
    assert event["account"] == "mara.lind@example.org"
    assert "app_uid" not in event


def test_a_cloud_app_that_is_not_microsofts_stays_as_it_is(tmp_path: Path) -> None:
    event = event_of(tmp_path, CLOUD_APP | {"Application": "Dropbox"})
    assert event["source"] == "other"
    assert json.loads(event["unmapped"])["Application"] == "Dropbox"


@pytest.mark.parametrize(
    ("application", "action", "kind", "status"),
    [
        ("Microsoft 365", "LogonSuccess", "sign_in", "success"),
        ("Office 365", "LogonFailed", "sign_in", "failure"),
        ("Microsoft Azure", "LogonSuccess", "sign_in", "success"),
        ("Microsoft Azure", "Write Deployments", "other", None),
        ("Active Directory", "LogonSuccess", "other", None),
    ],
)
def test_identities_of_the_cloud_are_told_from_those_on_premises(
    tmp_path: Path, application: str, action: str, kind: str, status: str | None
) -> None:
    row = {
        "Timestamp": "2026-03-02T10:03:01Z",
        "ActionType": action,
        "Application": application,
        "AccountObjectId": "5b1d0000-0000-4000-8000-000000000147",
        "AccountUpn": "Mara.Lind@contoso.example",
        "IPAddress": "198.51.100.7",
        "ReportId": "r-1",
    }
    event = event_of(tmp_path, row)
    assert (event["kind"], event.get("status")) == (kind, status)
    assert event["source"] == ("other" if application == "Active Directory" else "m365_audit")
    if event["source"] == "m365_audit":
        assert event["account"] == "mara.lind@contoso.example"


@pytest.mark.parametrize(("access", "count"), [("Bind", 2), ("Sync", 0)])
def test_attachments_are_read_as_mail_is(tmp_path: Path, access: str, count: int) -> None:
    record = mail_read(
        1,
        Operation="AttachmentAccess",
        OperationProperties=[{"Name": "AttachmentAccessType", "Value": access}],
    )
    event = event_of(tmp_path, record)
    assert (event["kind"], event["access_type"], event["item_count"]) == (
        "mail_access",
        access.lower(),
        count,
    )


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("EmailEvents", SENT),
        ("CloudAppEvents", CLOUD_APP),
        (
            "CloudAppEvents",
            CLOUD_APP
            | {
                "RawEventData": {
                    "Id": "r-1",
                    "Operation": "Send",
                    "Workload": "Exchange",
                    "UserId": "mara.lind@contoso.example",
                    "RecordType": 2,
                    "CreationTime": "2026-03-02T10:00:01",
                }
            },
        ),
        (
            "EntraIdSignInEvents",
            {
                "Timestamp": "2026-03-02T10:03:01Z",
                "LogonType": '["interactiveUser"]',
                "ErrorCode": 0,
                "AccountUpn": "mara.lind@contoso.example",
                "RequestId": "r-1",
            },
        ),
    ],
)
def test_a_streamed_row_is_of_the_organisation_that_its_envelope_states(
    tmp_path: Path, table: str, row: dict[str, Any]
) -> None:
    envelope = {
        "time": "2026-03-02T10:05:58Z",
        "tenantId": "3F0C6A50-9c8d-4c7e-8a11-7d3b8d1b2c10",
        "Tenant": "DefaultTenant",
        "operationName": "Publish",
        "category": f"AdvancedHunting-{table}",
    }
    event = event_of(tmp_path, envelope | {"properties": row})
    assert event["org_uid"] == "3f0c6a50-9c8d-4c7e-8a11-7d3b8d1b2c10"
    assert "org_uid" not in event_of(tmp_path, envelope | {"properties": row, "tenantId": None})


def test_opening_a_mailbox_reads_no_message(tmp_path: Path) -> None:
    record = mail_read(1, Operation="MailboxLogin", RecordType=2)
    for name in ("Folders", "OperationCount", "OperationProperties"):
        del record[name]
    event = event_of(tmp_path, record)
    assert (event["kind"], event["item_count"]) == ("mail_access", 0)


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.lists(st.text(max_size=3), max_size=2)
)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), base=st.sampled_from([SENT, STEP, CLOUD_APP]))
def test_any_value_of_any_field_is_an_event_or_a_problem(
    tmp_path_factory: Any, data: Any, base: dict[str, Any]
) -> None:
    names = st.sampled_from(
        [
            *base,
            "properties",
            "category",
            "RawEventData",
            "Type",
            "event_id",
            "recipient_status",
            "AccountUpn",
            "FailureReason",
        ]
    )
    record = base | data.draw(st.dictionaries(names, VALUES, max_size=5))
    _, problems, records = read_all(write_lines(tmp_path_factory.mktemp("any") / "x", [record]))
    assert records == 1
    assert {problem.code for problem in problems} <= {"no-time", "bad-time", "bad-json"}
