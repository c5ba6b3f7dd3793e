"""All or nothing, one writer, and a database that goes away and comes back."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from seawall.storage.database import Database
from seawall.storage.database.users import Users
from seawall.storage.errors import DatabaseAway
from seawall_base.errors import DatabaseInUse
from tests.storage.database.conftest import Execute
from tests.storage.database.postgresql import Server

ROOT = Path(__file__).parents[3]


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


WRITER = """
import sys
from seawall.storage.database import Database
from tests.storage.database.test_incidents import incident

database = Database.open(sys.argv[1])
with database.only_writer() as writer:
    while True:
        with database.writing(writer) as work:
            number = (work.checkpoints.get("log") or {"number": 0})["number"] + 1
            work.checkpoints.put({"log": {"number": number}})
            work.incidents.put([incident(number)])
            work.states.put("state", str(number).encode() * 1000)
            work.audit.append(at=number, actor="watch", action="batch")
        print(number, flush=True)
"""


def test_what_is_killed_has_done_everything_or_nothing(database: Database, place: str) -> None:
    said = 0
    for kill in range(4):
        command = [sys.executable, "-c", WRITER, place]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(random.Random(kill).uniform(0, 0.1))
            process.kill()
            answered = process.stdout.read().split()
        said = max([said, *map(int, answered)])
        with database.reading() as work:
            number = (work.checkpoints.get("log") or {})["number"]
            assert number >= said  # what was answered is there
            assert work.states.get("state") == str(number).encode() * 1000
            assert work.incidents.count() == number
            assert work.audit.verify().entries == number
            said = number


def test_a_full_disk(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "seawall.db", should_migrate=True)
    with database.writing() as work:
        work.checkpoints.put({"a": {"offset": 1}})
    with pytest.raises(DatabaseAway, match="full"), database.writing() as work:  # noqa: PT012
        work.session.execute(text("PRAGMA max_page_count = 100"))
        work.checkpoints.put({"a": {"offset": 2}})
        work.states.put("state", bytes(1_000_000))
    with database.reading() as work:
        assert work.checkpoints.all() == {"a": {"offset": 1}}
        assert work.states.names() == []
    database.close()


def test_two_that_add_the_same_user_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.writing() as work:
        work.users.add("ann", "viewer", at=1)
    monkeypatch.setattr(Users, "find", lambda *_: None)  # as for one that asked a moment earlier
    with pytest.raises(DatabaseInUse, match="at the same time"), database.writing() as work:
        work.users.add("Ann", "admin", at=1)
