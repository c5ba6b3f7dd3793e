"""The inventory of a folder: logs, spans, shares of stated fields, and what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.event import KINDS
from seawall.events.readers import UNRECOGNISED, Limits, read
from seawall.events.vendor_detection import SOURCES
from seawall.pipeline.inventory import count_logs as counting
from seawall.pipeline.inventory.count_logs import DAY, LogInventory, count_logs, find_log
from seawall.pipeline.inventory.known_logs import FIELDS, KNOWN_LOGS, MICROSOFT, NEEDED_LOGS, NO_MAIL_LOG

SMALL = Limits()


def audit(day: int, operation: str = "MailItemsAccessed", **more: Any) -> dict[str, Any]:
    return {
        "CreationTime": f"2026-03-{day:02}T09:00:00",
        "Id": f"8d1e7f60-0000-4000-8000-{day:012}",
        "Operation": operation,
        "OrganizationId": "6f1f3c0e-2f0b-4a57-9d0e-0b7c1a52e9d4",
        "RecordType": 50 if operation == "MailItemsAccessed" else 8,
        "UserType": 0,
        "UserId": "ann@contoso.example",
        "Workload": "Exchange",
        **more,
    }


def sign_in(day: int, *, interactive: bool, **more: Any) -> dict[str, Any]:
    return {
        "id": f"5b1d0000-0000-4000-8000-{day:012}",
        "createdDateTime": f"2026-03-{day:02}T08:00:00Z",
        "userPrincipalName": "bob@contoso.example",
        "userId": "5b1d0000-0000-4000-8000-000000000047",
        "appId": "9199bf20-a13f-4107-85dc-02114787ef48",
        "ipAddress": "203.0.113.7",
        "clientAppUsed": "Browser",
        "isInteractive": interactive,
        "status": {"errorCode": 0},
        **more,
    }


def take(folder: Path, *records: object) -> LogInventory:
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return count_logs(read([path]))


def test_logs_are_counted_apart(tmp_path: Path) -> None:
    inventory = take(
        tmp_path,
        audit(1, ClientIPAddress="203.0.113.7", SessionId="s1"),
        audit(1),
        audit(5, UserId="bob@contoso.example"),
        sign_in(3, interactive=True),
        sign_in(4, interactive=False, uniqueTokenIdentifier="t1"),
        {"nothing": "known", "time": "2026-03-09T00:00:00Z"},
    )
    found = {count.name: count for count in inventory.list_logs()}
    assert list(found) == [
        "Mailbox access",
        "Non-interactive sign-ins",
        "Interactive sign-ins",
        counting.UNKNOWN,
    ]
    mail = found["Mailbox access"]
    assert (mail.records, len(mail.accounts), mail.span_days, mail.silent_days) == (3, 2, 5, 3)
    assert mail.share("client address") == pytest.approx(1 / 3)
    assert mail.share("session") == pytest.approx(1 / 3)
    assert mail.share("account") == 1.0
    assert found["Non-interactive sign-ins"].share("token") == 1.0
    assert found["Interactive sign-ins"].share("token") == 0.0
    assert (inventory.records, inventory.events, inventory.span_days) == (6, 6, 9)
    assert sum(inventory.unrecognised.values()) == 1
    assert found[counting.UNKNOWN].source == UNRECOGNISED


def test_what_is_missing_depends_on_the_products(tmp_path: Path) -> None:
    names = [log.name for log in take(tmp_path, audit(1), sign_in(2, interactive=True)).list_missing()]
    assert names == [
        "non-interactive sign-ins",
        "sign-ins of applications",
        "directory changes",
        "Graph activity",
    ]
    okta = {
        "uuid": "1",
        "eventType": "user.session.start",
        "published": "2026-03-01T00:00:00.000Z",
        "actor": {"id": "00u1", "type": "User", "alternateId": "ann@contoso.example"},
        "client": {"ipAddress": "203.0.113.7"},
        "outcome": {"result": "SUCCESS"},
    }
    assert take(tmp_path, okta).list_missing()[-1] == NO_MAIL_LOG
    assert take(tmp_path, {"a": 1, "time": "2026-03-09T00:00:00Z"}).list_missing() == []


def test_a_field_that_few_state_is_advised_on(tmp_path: Path) -> None:
    inventory = take(tmp_path, sign_in(1, interactive=True), sign_in(2, interactive=True, sessionId="s"))
    weak = {(one.log, one.field): one for one in inventory.list_weak_fields()}
    assert ("Interactive sign-ins", "session") not in weak, "half is enough"
    assert "Graph v1.0" in weak["Interactive sign-ins", "token"].advice
    assert weak["Interactive sign-ins", "method"].share == 0.0


def test_a_cut_export_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "EXPORT_RECORDS", 3)
    assert take(tmp_path, audit(1), audit(2), audit(3)).list_cut_files() == [str(tmp_path / "log.jsonl")]
    assert take(tmp_path, audit(1), audit(2)).list_cut_files() == []


def test_problems_are_counted_by_code_and_file(tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_text(json.dumps(audit(1)) + '\n{"a": \n', "utf-8")
    (tmp_path / "LICENSE").write_text("no log\n", "utf-8")
    inventory = count_logs(read([tmp_path]))
    assert inventory.events == 1
    assert sum(inventory.problems.values()) == 2
    assert set(inventory.unread) == {str(tmp_path / "broken.jsonl"), str(tmp_path / "LICENSE")}


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOST_ACCOUNTS", "MOST_DAYS"):
        monkeypatch.setattr(counting, name, 2)
    inventory = take(tmp_path, *(audit(day, UserId=f"u{day}@contoso.example") for day in range(1, 9)))
    [count] = inventory.list_logs()
    assert (count.records, len(count.accounts), len(count.days), count.silent_days) == (8, 2, 2, 0)


def test_every_needed_log_is_a_known_one() -> None:
    names = {log.name for log in KNOWN_LOGS}
    assert len(names) == len(KNOWN_LOGS)
    for needed in NEEDED_LOGS:
        assert set(needed.any_of) <= names
        products = {log.product for log in KNOWN_LOGS if log.name in needed.any_of}
        assert products == {needed.product}
    assert all(set(log.needs) <= set(FIELDS) for log in KNOWN_LOGS)


@given(
    st.sampled_from([source.NAME for source in SOURCES if source.NAME != UNRECOGNISED]),
    st.sampled_from(KINDS),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, "user", "service", "system"]),
)
def test_every_event_of_a_known_source_is_in_a_named_log(
    source: str, kind: str, interactive: bool | None, account_type: str | None
) -> None:
    log = find_log(source, kind, interactive, account_type)
    assert log in KNOWN_LOGS
    assert log.product
    assert (log.product == MICROSOFT) == (source not in {"okta", "google_workspace", "google_alerts"})


def test_days_are_counted_in_utc(tmp_path: Path) -> None:
    late = audit(1, CreationTime="2026-03-01T23:59:59")
    early = audit(2, CreationTime="2026-03-02T00:00:01")
    [count] = take(tmp_path, late, early).list_logs()
    assert (count.span_days, len(count.days), count.last - count.first) == (2, 2, 2_000_000)
    assert count.first // DAY in count.days
