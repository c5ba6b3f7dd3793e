"""Exports that somebody drops onto a page: read in a store of their own, at this machine alone, bounded, audited, closed."""

from __future__ import annotations

import io
import json
import stat
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from seawall.console.context import ConsoleSettings
from seawall.console.drops import dropped_store, endpoints
from seawall.console.drops.shelf import MOST_EXPORTS, close_drops, drop_shelf
from seawall.pipeline.live.status import NOTHING, WatchStatus
from tests.console.consoles import Browser, Console, console

BYTES = "application/octet-stream"
RECORD = {
    "Id": "5b3c8a3e-0000-4000-8000-000000000001", "CreationTime": "2026-03-02T09:00:00", "Operation": "UserLoggedIn",
    "Workload": "AzureActiveDirectory", "RecordType": 15, "OrganizationId": "0b7e8f1c-1111-4222-8333-444455556666",
    "UserId": "ann@example.org", "UserKey": "ann", "UserType": 0, "ClientIP": "192.0.2.7", "ResultStatus": "Success",
}  # fmt: skip


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    """A console on loopback whose dropped exports lie in a folder of the test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with console(tmp_path, ConsoleSettings()) as made:
        yield made
        close_drops(made.context)
    assert list((tmp_path / "temporary").iterdir()) == []


class NoWatch:
    """A watch that never starts, for exports that are never read."""

    has_failed = False

    def __init__(self, _: object) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def status(self) -> WatchStatus:
        return NOTHING


@pytest.fixture
def no_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start no process for exports that are never read."""
    monkeypatch.setattr(dropped_store, "WatchProcess", NoWatch)


def begin(browser: Browser, *names: str, size: int = 10) -> dict[str, Any]:
    answer = browser.post("/api/drops", {"names": list(names), "bytes": size})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def send(browser: Browser, drop: dict[str, Any], name: str, content: bytes, kind: str = BYTES) -> Any:
    browser.get("/api/session")
    csrf = browser.csrf or browser.get("/api/session").json()["csrf_token"]
    headers = {
        "origin": browser.origin,
        "sec-fetch-site": "same-origin",
        "x-seawall-csrf": csrf,
        "content-type": kind,
    }
    return browser.ask(
        "POST", f"/api/drops/{drop['id']}/files", params={"name": name}, headers=headers, content=content
    )


def wait(browser: Browser, drop: dict[str, Any]) -> dict[str, Any]:
    """The export once nothing more happens to it."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        shown: dict[str, Any] = browser.get(f"/api/drops/{drop['id']}").json()
        if shown["state"] in {"ready", "failed"}:
            return shown
        time.sleep(0.1)
    raise AssertionError(shown)


def audited(made: Console) -> list[str]:
    with made.context.database.reading() as work:
        return [one.action for one in work.audit.page() if one.action.startswith("drop")]


def zipped(**files: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return held.getvalue()


def test_a_dropped_export_is_read_and_shown_by_itself(own: Console) -> None:
    browser = own.browser()
    days = [f"2026-03-{2 + number % 9:02}T09:00:00" for number in range(40)]
    lines = "\n".join(
        json.dumps({**RECORD, "Id": f"5b3c8a3e-0000-4000-8000-{number:012}", "CreationTime": day})
        for number, day in enumerate(days)
    ) + '\n{"broken\n'  # fmt: skip
    content = zipped(audit__jsonl=lines)
    drop = begin(browser, "C:\\fakepath\\<b>export</b>.zip", size=len(content))
    assert (drop["state"], drop["bytes_received"]) == ("receiving", 0)
    file = send(browser, drop, "../../export.zip", content)
    assert file.status_code == 201
    assert (file.json()["name"], file.json()["bytes"], file.json()["refused"]) == (
        "../../export.zip",
        len(content),
        None,
    )
    assert browser.post(f"/api/drops/{drop['id']}/read").json()["state"] == "reading"
    shown = wait(browser, drop)
    assert shown["fault"] is None
    assert (shown["state"], shown["records"], shown["events"], shown["problems"]) == ("ready", 41, 40, 1)
    assert shown["bytes_read"] == len(content)
    assert [(one["kind"], one["records"]) for one in shown["sources"] if one["tenant"]] == [
        ("m365_audit", 40)
    ]
    assert [(one["code"], one["count"]) for one in shown["refused"]] == [("not-json", 1)]
    assert "audit.jsonl" in shown["refused"][0]["file"]
    # its own pages and API hold it, and the console around it does not
    assert browser.get(f"{shown['path']}/api/accounts").json()["items"][0]["account"] == "ann@example.org"
    assert browser.get("/api/health/ingest").json()["sources"] == []
    page = browser.get(f"{shown['path']}/", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    session = browser.get(f"{shown['path']}/api/session").json()
    assert (session["may_drop"], session["user"]["name"]) == (False, "local")
    assert browser.get("/api/session").json()["may_drop"] is True
    assert [one["id"] for one in browser.get("/api/drops").json()["items"]] == [drop["id"]]
    assert browser.send("DELETE", f"/api/drops/{drop['id']}").status_code == 204
    assert browser.get(f"/api/drops/{drop['id']}").status_code == 404
    gone = browser.get(f"{shown['path']}/", headers={"accept": "text/html"})
    assert (gone.status_code, gone.headers["location"]) == (303, "/")
    assert browser.get(f"{shown['path']}/api/accounts").status_code == 404
    assert audited(own) == ["drop-begun", "drop-read", "drop-closed"]


def test_an_export_of_nothing_is_read_too(own: Console) -> None:
    browser = own.browser()
    drop = begin(browser, "empty.csv", "words.txt")
    assert send(browser, drop, "empty.csv", b"CreationDate,UserIds,Operations,AuditData\n").status_code == 201
    browser.post(f"/api/drops/{drop['id']}/read")
    shown = wait(browser, drop)
    assert (shown["state"], shown["fault"], shown["records"], shown["incidents"]) == ("ready", None, 0, 0)
    assert browser.send("DELETE", f"/api/drops/{drop['id']}").status_code == 204


def test_other_sites_reach_nothing_of_a_dropped_export(own: Console, no_watch: None) -> None:
    browser = own.browser()
    drop = begin(browser, "a.jsonl")
    path = f"/api/drops/{drop['id']}/files?name=a.jsonl"
    csrf = browser.csrf
    for headers, code in (
        ({"origin": browser.origin, "content-type": BYTES}, "csrf"),
        ({"origin": "https://evil.example", "x-seawall-csrf": csrf, "content-type": BYTES}, "cross-origin"),
        ({"origin": browser.origin, "sec-fetch-site": "cross-site", "x-seawall-csrf": csrf}, "cross-origin"),
    ):
        answer = browser.ask("POST", path, headers=headers, content=b"{}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, code)
    assert browser.get(f"/api/drops/{drop['id']}").json()["bytes_received"] == 0
    wrong = send(browser, drop, "a.jsonl", b"{}", kind="text/plain")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (415, "unsupported-media-type")
    elsewhere = own.browser(address="203.0.113.7")
    assert elsewhere.get(f"/drop/{drop['id']}/api/incidents").status_code == 401
    proxied = browser.get(f"/drop/{drop['id']}/api/incidents", headers={"x-forwarded-for": "203.0.113.7"})
    assert proxied.status_code == 401


@pytest.mark.parametrize(
    "settings",
    [
        ConsoleSettings(needs_sign_in=True),
        ConsoleSettings(hosts=("127.0.0.1",)),
        ConsoleSettings(drops_enabled=False),
    ],
    ids=["sign-in", "named", "off"],
)
def test_nothing_is_dropped_onto_any_other_console(tmp_path: Path, settings: ConsoleSettings) -> None:
    with console(tmp_path, settings) as made:
        browser = made.signed_in("admin")
        assert browser.get("/api/session").json()["may_drop"] is False
        shown = browser.get("/api/drops").json()
        assert (shown["may_drop"], shown["items"]) == (False, [])
        assert browser.post("/api/drops", {"names": ["a.csv"], "bytes": 1}).status_code == 404
        assert browser.get("/drop/0123456789abcdef/api/incidents").status_code == 404


def test_one_export_is_read_at_a_time_and_few_are_kept(
    own: Console, no_watch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = own.browser()
    first = begin(browser, "first.csv")
    again = browser.post("/api/drops", {"names": ["second.csv"], "bytes": 1})
    assert again.status_code == 409
    assert again.json()["error"]["message"] == "another export is being read"
    shelf = drop_shelf(own.context)
    shelf.find(first["id"]).state = "ready"
    for _ in range(MOST_EXPORTS - 1):
        shelf.find(begin(browser, "more.csv")["id"]).state = "ready"
    full = browser.post("/api/drops", {"names": ["one-more.csv"], "bytes": 1})
    assert (full.status_code, "open already" in full.text) == (409, True)
    assert browser.send("DELETE", f"/api/drops/{first['id']}").status_code == 204
    left = begin(browser, "left.csv")
    monkeypatch.setattr(dropped_store, "ABANDONED_SECONDS", -1.0)
    begin(browser, "after-it.csv")  # whoever sent the one before went away
    assert browser.get(f"/api/drops/{left['id']}").status_code == 404


def test_what_is_too_large_or_empty_is_refused_with_a_reason(
    own: Console, no_watch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = own.browser()
    monkeypatch.setattr(dropped_store, "MOST_BYTES", 1000)
    monkeypatch.setattr(endpoints, "MOST_BYTES", 1000)
    assert browser.post("/api/drops", {"names": ["big.csv"], "bytes": 1001}).status_code == 413
    drop = begin(browser, "big.csv")
    large = send(browser, drop, "big.csv", b"x" * 1001)
    assert (large.status_code, large.json()["error"]["code"]) == (413, "too-large")
    empty = send(browser, drop, "none.csv", b"")
    assert (empty.status_code, empty.json()["error"]["message"]) == (422, "the file is empty")
    shown = browser.post(f"/api/drops/{drop['id']}/read").json()
    assert (shown["state"], shown["fault"]) == ("failed", "no file arrived")
    assert browser.post("/api/drops", {"names": [], "bytes": 1}).status_code == 422


def link() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        entry = zipfile.ZipInfo("audit.csv")
        entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return held.getvalue()


HOSTILE = {
    "leads out of it": [
        zipped(**{name: "a"}) for name in ("../audit__csv", "/etc/audit__csv", "C:audit__csv", "a/../../b")
    ],
    "a link or a device": [link()],
    "ZIP bomb": [zipped(a__csv="0" * (64 << 20))],
    "damaged": [b"PK\x03\x04" + b"\0" * 400, zipped(a__csv="a")[:-30]],
}


def test_a_hostile_archive_is_refused_before_it_is_read(own: Console, no_watch: None) -> None:
    browser = own.browser()
    drop = begin(browser, "export.zip", size=100)
    for words, contents in HOSTILE.items():
        for content in contents:
            file = send(browser, drop, "export.zip", content).json()
            assert words in file["refused"], file
    shown = browser.post(f"/api/drops/{drop['id']}/read").json()
    assert (shown["state"], shown["fault"]) == (
        "failed",
        "a file in the ZIP file has a path that leads out of it",
    )
    assert len(shown["files"]) == sum(map(len, HOSTILE.values()))
