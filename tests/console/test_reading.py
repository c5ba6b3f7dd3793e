"""Who reads records is in the audit trail: once for each person, account and hour, and before anything is answered."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from seawall.console.context import ConsoleSettings
from seawall.console.data import reading_audit
from seawall.console.endpoint import ApiCall
from seawall.storage.errors import DatabaseAway
from tests.console.consoles import Console
from tests.console.filled import ANN, BOB, filled

WORST = f"{0:012x}"
OF_ANN = f"/api/account/records?tenant=org&account={ANN}&limit=25"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Console]:
    with filled(tmp_path, ConsoleSettings()) as made:
        yield made


def trail(console: Console) -> list[tuple[str, str, dict[str, Any]]]:
    with console.context.database.reading() as work:
        return [
            (one.actor, one.subject, dict(one.details))
            for one in work.audit.page(limit=1000)
            if one.action == reading_audit.ACTION
        ]


def test_reading_on_is_one_reading(own: Console) -> None:
    browser = own.browser()
    page = browser.get(OF_ANN).json()
    while page["next_cursor"]:
        page = browser.get(f"{OF_ANN}&cursor={page['next_cursor']}").json()
    assert browser.get("/api/record?tenant=org&id=id-3").status_code == 200
    assert browser.get(f"/api/incidents/{WORST}/records").json()["items"]
    assert trail(own) == [("local", ANN, {"organisation": "org"})]
    browser.get(f"/api/account/records?tenant=org&account={BOB}")
    own.clock.now += reading_audit.HOUR
    browser.get("/api/record?tenant=org&id=id-3")
    assert [(actor, subject) for actor, subject, _ in trail(own)] == [
        ("local", ANN), ("local", BOB), ("local", ANN)
    ]  # fmt: skip
    assert trail(own)[-1][2] == {"organisation": "org", "record": "id-3"}


def test_each_person_is_named(own: Console) -> None:
    for name in ("rosa", "max"):
        browser = own.signed_in("viewer", name)
        for _ in range(3):
            assert browser.get(f"/api/incidents/{WORST}/records").json()["items"]
    details = {"organisation": "org", "incident": WORST}
    assert trail(own) == [("rosa", ANN, details), ("max", ANN, details)]


@pytest.mark.parametrize(
    "path",
    ["/api/account/records?tenant=org&account=nobody", "/api/record?tenant=org&id=nosuch",
     "/api/incidents", f"/api/incidents/{WORST}", f"/api/account?tenant=org&account={ANN}"],
)  # fmt: skip
def test_what_shows_no_record_is_no_reading(own: Console, path: str) -> None:
    own.browser().get(path)
    assert trail(own) == []


def test_what_cannot_be_written_down_is_not_shown(own: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise DatabaseAway("away")

    with monkeypatch.context() as patch:
        patch.setattr(own.context.database, "writing", away)
        answer = own.browser().get(OF_ANN)
        assert answer.status_code == 503
        assert ANN not in answer.text
    assert own.browser().get(OF_ANN).status_code == 200
    assert len(trail(own)) == 1


def test_many_at_once_are_written_down_once(own: Console) -> None:
    call = cast("ApiCall", SimpleNamespace(
        context=own.context, who=SimpleNamespace(name="rosa"), now=own.clock(),
        note=lambda work, action, subject, **details: work.audit.append(
            at=1, actor="rosa", action=action, subject=subject, details=details),
    ))  # fmt: skip
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: reading_audit.audit_reading(call, "org", f"{number % 3}@x"), range(60)))
    assert sorted(subject for _, subject, _ in trail(own)) == ["0@x", "1@x", "2@x"]


def test_the_memory_of_readings_is_bounded(own: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_audit, "MOST_KNOWN", 2)
    for _ in range(2):
        for account in (ANN, BOB, "eve@x.example"):
            own.browser().get(f"/api/account/records?tenant=org&account={account}")
    assert {subject for _, subject, _ in trail(own)} == {ANN, BOB, "eve@x.example"}
    assert len(own.context.notes["readings"].list_readings(own.clock())) <= 2
