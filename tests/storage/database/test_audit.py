"""The audit trail: nobody changes it unnoticed."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from seawall.storage.database import Database
from seawall.storage.errors import DatabaseBroken
from seawall_base.hash_chain import ChainHead
from tests.storage.database.conftest import Execute

ENTRIES = 12


@pytest.fixture
def filled(database: Database) -> Database:
    with database.writing() as work:
        for at in range(ENTRIES):
            work.audit.append(
                at=at,
                actor="ann\x00",
                action="answer",
                subject=f"incident-{at}",
                details={"b": [1, 2.5], "a": "\ud800"},
            )
    return database


def test_a_whole_trail_is_whole(filled: Database) -> None:
    with filled.reading() as work:
        head = work.audit.head()
        verdict = work.audit.verify(known=head)
        assert (verdict.is_whole, verdict.entries, verdict.head) == (True, ENTRIES, head)
        page = work.audit.page(after=3, limit=4)
    assert [entry.sequence for entry in page] == [4, 5, 6, 7]
    assert (page[0].actor, page[0].details) == ("ann\x00", {"b": [1, 2.5], "a": "\ud800"})


def test_an_empty_trail_is_whole(database: Database) -> None:
    with database.reading() as work:
        assert work.audit.verify().is_whole
        assert not work.audit.verify(known=ChainHead(1, "0" * 64)).is_whole


def test_a_long_trail_is_verified_in_pages(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.storage.database.audit._PAGE", 5)
    with database.writing() as work:
        for at in range(23):
            work.audit.append(at=at, actor="a", action="b")
    with database.reading() as work:
        assert work.audit.verify().entries == 23


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit",
    ],
)
def test_the_database_refuses_changes(filled: Database, place: str, statement: str) -> None:
    if statement.startswith("TRUNCATE" if "://" not in place else "INSERT"):
        pytest.skip("a statement of the other database")
    with pytest.raises(DatabaseBroken, match="append-only"), filled.writing() as work:
        work.session.execute(text(statement))
    with filled.reading() as work:
        assert work.audit.verify().entries == ENTRIES


def _unguard(place: str, execute: Execute) -> None:
    if "://" in place:
        execute(place, "ALTER TABLE audit DISABLE TRIGGER ALL")
    else:
        execute(place, "DROP TRIGGER audit_no_UPDATE")
        execute(place, "DROP TRIGGER audit_no_DELETE")


CHANGES = {
    "time": ("UPDATE audit SET at = at + 1 WHERE sequence = 5", "entry 5 was changed"),
    "actor": ("UPDATE audit SET actor = 'bob' WHERE sequence = 5", "entry 5 was changed"),
    "action": ("UPDATE audit SET action = 'look' WHERE sequence = 5", "entry 5 was changed"),
    "subject": ("UPDATE audit SET subject = '' WHERE sequence = 5", "entry 5 was changed"),
    "details": ("UPDATE audit SET details = '{}' WHERE sequence = 5", "entry 5 was changed"),
    "digest": (f"UPDATE audit SET digest = '{'1' * 64}' WHERE sequence = 5", "entry 5 was changed"),
    "previous": (f"UPDATE audit SET previous = '{'1' * 64}' WHERE sequence = 5", "entry 5 is not bound"),
    "missing": ("DELETE FROM audit WHERE sequence = 5", "entry 5 is missing"),
    "first": ("DELETE FROM audit WHERE sequence = 1", "entry 1 is missing"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_past_the_database_are_found(
    filled: Database, place: str, execute: Execute, change: str
) -> None:
    statement, fault = CHANGES[change]
    _unguard(place, execute)
    execute(place, statement)
    with filled.reading() as work:
        verdict = work.audit.verify()
    assert verdict.fault.startswith(fault)
    assert verdict.entries == (0 if change == "first" else 4)


def test_a_cut_or_rewritten_end_is_found_by_a_noted_head(
    filled: Database, place: str, execute: Execute
) -> None:
    with filled.reading() as work:
        noted = work.audit.head()
    _unguard(place, execute)
    execute(place, f"DELETE FROM audit WHERE sequence = {ENTRIES}")
    with filled.reading() as work:
        assert work.audit.verify().is_whole  # the chain alone cannot know
        assert f"entry {ENTRIES} was noted" in work.audit.verify(known=noted).fault
    with filled.writing() as work:
        work.audit.append(at=1, actor="mallory", action="nothing")
    with filled.reading() as work:
        assert work.audit.verify().is_whole
        assert "not the one that was noted" in work.audit.verify(known=noted).fault


def test_details_must_be_plain_data(database: Database) -> None:
    with database.writing() as work:
        for details in ({"a": object()}, {"a": float("nan")}):
            with pytest.raises((TypeError, ValueError)):
                work.audit.append(at=1, actor="a", action="b", details=details)
        entry = work.audit.append(at=1, actor="a", action="b", details={"pair": (1, 2)})
        assert json.dumps(entry.details) == '{"pair": [1, 2]}'
        assert work.audit.verify().is_whole
