"""All or nothing, one writer, and a database that goes away and comes back."""

from __future__ import annotations

import threading

import pytest

from seawall.errors import DatabaseAway, DatabaseInUse
from seawall.store.database import Database
from tests.store.database.conftest import Execute
from tests.store.database.postgresql import Server


def test_what_raises_keeps_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as work:  # noqa: PT012
        work.checkpoints.put({"a": {"offset": 1}})
        work.states.put("behaviour", b"learnt")
        work.audit.append(at=1, actor="a", action="b")
        raise ZeroDivisionError
    with database.reading() as work:
        assert work.checkpoints.all() == {}
        assert work.states.names() == []
        assert work.audit.page() == []


def test_a_reader_sees_one_moment(database: Database) -> None:
    with database.writing() as work:
        work.checkpoints.put({"a": {"offset": 1}})
    with database.reading() as reading:
        assert reading.checkpoints.get("a") == {"offset": 1}
        with database.writing() as work:
            work.checkpoints.put({"a": {"offset": 2}, "b": {}})
        assert list(reading.checkpoints.all()) == ["a"]
    with database.reading() as reading:
        assert reading.checkpoints.all() == {"a": {"offset": 2}, "b": {}}


def test_there_is_one_writer_at_a_time(database: Database, place: str) -> None:
    other = Database.open(place)
    with database.only_writer() as first:
        with pytest.raises(DatabaseInUse, match="already writes"), other.only_writer():
            pass
        with database.writing(first) as work:
            work.checkpoints.put({"a": {}})
        with other.writing() as work:  # answers of analysts need not be the writer
            work.audit.append(at=1, actor="ann", action="answer")
    with other.only_writer() as second:
        assert second.generation == first.generation + 1
    other.close()


def test_a_writer_that_was_replaced_keeps_nothing(database: Database, execute: Execute, place: str) -> None:
    with database.only_writer() as writer:
        execute(place, "UPDATE counters SET value = value + 1 WHERE name = 'writer'")
        with pytest.raises(DatabaseInUse, match="has become the writer"), database.writing(writer) as work:
            work.checkpoints.put({"a": {}})
    with database.reading() as work:
        assert work.checkpoints.all() == {}


def test_writers_wait_for_each_other(database: Database) -> None:
    def append(actor: str) -> None:
        for at in range(20):
            with database.writing() as work:
                work.audit.append(at=at, actor=actor, action="count")

    threads = [threading.Thread(target=append, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as work:
        verdict = work.audit.verify()
    assert (verdict.entries, verdict.fault) == (80, "")


def test_a_server_that_goes_away_and_comes_back(server: Server) -> None:
    url = server.database()
    database = Database.open(url, should_migrate=True)
    with database.only_writer() as writer:
        with database.writing(writer) as work:
            work.checkpoints.put({"a": {"offset": 1}})
        with pytest.raises(DatabaseAway), database.writing(writer) as work:  # noqa: PT012
            work.checkpoints.put({"a": {"offset": 2}})
            work.session.flush()
            server.stop()
        with pytest.raises(DatabaseAway), database.writing(writer):
            pass
        server.start()
        with database.writing(writer) as work:
            assert work.checkpoints.get("a") == {"offset": 1}
            work.checkpoints.put({"a": {"offset": 3}})
    with database.only_writer(), database.reading() as work:
        assert work.checkpoints.get("a") == {"offset": 3}
    database.close()
