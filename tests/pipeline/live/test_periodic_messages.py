"""The weekly digest and the alarm after a stop: said once, true of the store, and nothing is said of a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall.pipeline.live.commit import COVERAGE
from seawall.pipeline.live.periodic_messages import MINUTE, WEEK, PeriodicMessages, last_alive
from seawall.pipeline.live.recipients import Recipients
from seawall.response.channels.note import make_note
from seawall.storage.database import Database
from seawall.storage.database.sources import StoredSource

START = 1_760_000_000_000_000
TARGETS = Recipients(("hook",))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "seawall.db", should_migrate=True)
    yield opened
    opened.close()


def store(database: Database, *sources: StoredSource) -> None:
    with database.writing() as work:
        work.sources.put(sources)


def source(records: int, **changes: Any) -> StoredSource:
    return StoredSource(
        name="contoso.com/m365", kind="m365", tenant="contoso.com", records=records, **changes
    )


def tick(database: Database, messages: PeriodicMessages, wall: int) -> None:
    with database.only_writer() as writer:
        messages.work(database, writer, TARGETS, wall)


def told(database: Database) -> list[tuple[str, dict[str, Any]]]:
    with database.reading() as work:
        return [(one.kind, dict(one.document)) for one in work.outbox.of_target("hook")]


def title(kind: str, document: dict[str, Any]) -> str:
    return make_note("x", kind, "seawall", document, at=START).title


def test_a_week_without_incidents_and_gaps_is_all_quiet(database: Database) -> None:
    messages = PeriodicMessages()
    store(database, source(100))
    tick(database, messages, START)
    store(database, source(350))
    for day in range(1, 7):
        tick(database, messages, START + day * WEEK // 7)
    assert [kind for kind, _ in told(database) if kind == "digest.weekly"] == []
    tick(database, messages, START + WEEK)
    tick(database, messages, START + WEEK + MINUTE)
    ((kind, document),) = [one for one in told(database) if one[0] == "digest.weekly"]
    assert document["organisations"] == [{"tenant": "contoso.com", "raised": 0, "records": 250, "gaps": []}]
    assert title(kind, document) == "Weekly digest: all quiet, coverage complete"


@pytest.mark.parametrize(
    ("later", "gap"),
    [
        ({"records": 100}, "no records arrived"),
        ({"records": 200, "silent_since": START}, "m365 is silent since 2025-10-09T08:53:20Z"),
    ],
)
def test_what_was_not_seen_is_said(database: Database, later: dict[str, Any], gap: str) -> None:
    store(database, source(100))
    tick(database, PeriodicMessages(), START)
    store(database, source(**later))
    tick(database, PeriodicMessages(), START + WEEK)
    (document,) = [document for kind, document in told(database) if kind == "digest.weekly"]
    assert document["organisations"][0]["gaps"] == [gap]
    assert title("digest.weekly", document) == "Weekly digest: coverage is incomplete in 1 organisation"


def test_a_note_of_detection_is_a_gap_while_it_concerns_the_week(database: Database) -> None:
    note = {
        "tenant": "contoso.com",
        "source": "m365",
        "code": "gap",
        "start": START,
        "text": "a day is missing",
    }
    store(database, source(100))
    tick(database, PeriodicMessages(), START)
    store(database, source(200))
    with database.writing() as work:
        work.settings.put(
            COVERAGE, {"notes": [{**note, "end": START + 5}, {**note, "end": START - 5, "text": "old"}]}
        )
    tick(database, PeriodicMessages(), START + WEEK)
    (document,) = [document for kind, document in told(database) if kind == "digest.weekly"]
    assert document["organisations"][0]["gaps"] == ["a day is missing"]


def test_an_empty_store_is_not_called_quiet(database: Database) -> None:
    tick(database, PeriodicMessages(), START)
    tick(database, PeriodicMessages(), START + WEEK)
    (document,) = [document for kind, document in told(database) if kind == "digest.weekly"]
    assert title("digest.weekly", document) == "Weekly digest: no organisation has sent records"


def test_a_stop_is_told_at_the_next_start_and_a_restart_is_not(database: Database) -> None:
    tick(database, PeriodicMessages(), START)
    tick(database, PeriodicMessages(), START + 9 * MINUTE)
    assert told(database) == []
    tick(database, PeriodicMessages(), START + 60 * MINUTE)
    tick(database, PeriodicMessages(), START + 61 * MINUTE)
    ((kind, document),) = told(database)
    assert kind == "watch.interrupted"
    assert (document["from"], document["to"]) == ("2025-10-09T09:02:20Z", "2025-10-09T09:53:20Z")


def test_it_notes_once_a_minute_that_it_lives(database: Database) -> None:
    messages = PeriodicMessages()
    for seconds in (0, 20, 59, 61):
        tick(database, messages, START + seconds * 1_000_000)
        with database.reading() as work:
            expected = START + (61_000_000 if seconds == 61 else 0)
            assert last_alive(work) == expected


def test_a_clock_that_goes_back_tells_nothing(database: Database) -> None:
    messages = PeriodicMessages()
    tick(database, messages, START)
    tick(database, messages, START - WEEK)
    tick(database, messages, START - WEEK + 2 * MINUTE)
    assert told(database) == []
