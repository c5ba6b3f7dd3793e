"""Messages wait until they are taken, in their order, with an id that stays."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.pipeline.live.outbox import LONGEST_PAUSE, MOST_ATTEMPTS, MessageDeliverer
from seawall.storage.database import Database
from seawall_base.clock import Clock
from seawall_base.webhook import Webhook
from seawall_base.webhooks import signature, target_of
from tests.base.webhooks.receiver import receiving
from tests.clocks import ClockOf


class Time:
    """Two clocks that stand still until they are told otherwise."""

    def __init__(self) -> None:
        self.now, self.wall = 100.0, 1_700_000_000_000_000

    def clock(self) -> Clock:
        return ClockOf(monotonic=lambda: self.now, now=lambda: self.wall)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "seawall.db", should_migrate=True)
    yield opened
    opened.close()


def written(database: Database, *targets: str, count: int = 1) -> None:
    with database.writing() as work:
        for number in range(count):
            for target in targets:
                work.outbox.add("incident.raised", target, f"i{number}", {"number": number}, at=5)


def numbers(requests: list[tuple[dict[str, str], bytes]]) -> list[int]:
    return [json.loads(body)["data"]["number"] for _, body in requests]


def test_what_waits_is_delivered_once_and_in_order(database: Database) -> None:
    with receiving() as receiver:
        courier = MessageDeliverer(database, [Webhook(receiver.url)], Time().clock())
        written(database, *courier.targets, count=3)
        assert courier.deliver() == 3
        assert courier.deliver() == 0
    assert numbers(receiver.requests) == [0, 1, 2]
    assert len(set(receiver.ids())) == 3
    with database.reading() as work:
        assert (work.outbox.waiting().waiting, work.outbox.waiting().failed) == (0, 0)
    body = json.loads(receiver.requests[0][1])
    assert body["type"] == "incident.raised"
    assert body["timestamp"] == "1970-01-01T00:00:00.000005Z"


def test_a_failure_is_tried_again_with_growing_pauses_and_the_same_id(database: Database) -> None:
    time = Time()
    with receiving(503, 500, 200) as receiver:
        courier = MessageDeliverer(database, [Webhook(receiver.url)], time.clock())
        written(database, *courier.targets, count=2)
        pauses = []
        while len(receiver.requests) < 4:
            before = len(receiver.requests)
            courier.deliver()
            pause = 0.0
            while len(receiver.requests) == before:
                time.now += 0.5
                pause += 0.5
                courier.deliver()
            pauses.append(pause)
    ids = receiver.ids()
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert numbers(receiver.requests) == [0, 0, 0, 1]
    assert pauses == [0.0, 2.0, 4.0]
    with database.reading() as work:
        assert work.outbox.waiting().waiting == 0


def test_one_webhook_does_not_keep_another_waiting(database: Database) -> None:
    with receiving(500) as broken, receiving() as sound:
        courier = MessageDeliverer(database, [Webhook(broken.url), Webhook(sound.url)], Time().clock())
        written(database, *courier.targets, count=120)
        assert courier.deliver() == 100
        assert courier.deliver() == 20
    assert numbers(sound.requests) == list(range(120))
    assert len(broken.requests) == 1
    with database.reading() as work:
        waiting = work.outbox.waiting()
    assert waiting.waiting == 120
    assert "500" in waiting.last_error


def test_the_wall_clock_decides_nothing(database: Database) -> None:
    time = Time()
    with receiving(500, 200) as receiver:
        courier = MessageDeliverer(database, [Webhook(receiver.url)], time.clock())
        written(database, *courier.targets)
        courier.deliver()
        time.wall += 10**15
        assert courier.deliver() == 0
        time.wall -= 2 * 10**15
        time.now += 2.5
        assert courier.deliver() == 1


def test_it_is_given_up_at_last_and_said(database: Database) -> None:
    time = Time()
    with receiving(404) as receiver:
        courier = MessageDeliverer(database, [Webhook(receiver.url)], time.clock())
        written(database, *courier.targets)
        for _ in range(MOST_ATTEMPTS + 3):
            courier.deliver()
            time.now += LONGEST_PAUSE
        assert len(receiver.requests) == MOST_ATTEMPTS
    with database.reading() as work:
        waiting = work.outbox.waiting()
    assert (waiting.waiting, waiting.failed) == (0, 1)
    assert "404" in waiting.last_error
    assert "hidden-part" not in waiting.last_error


def test_a_webhook_that_was_taken_away(database: Database) -> None:
    written(database, target_of(Webhook("https://gone.example.com/x")))
    assert MessageDeliverer(database, [], Time().clock()).deliver() == 0
    with database.reading() as work:
        assert work.outbox.waiting().failed == 1


def test_a_death_between_sending_and_marking_repeats_the_id(database: Database) -> None:
    class Death(BaseException):
        pass

    def die(step: str) -> None:
        if step == "sent":
            raise Death

    with receiving() as receiver:
        webhooks = [Webhook(receiver.url)]
        courier = MessageDeliverer(database, webhooks, Time().clock(), step=die)
        written(database, *courier.targets)
        with pytest.raises(Death):
            courier.deliver()
        assert MessageDeliverer(database, webhooks, Time().clock()).deliver() == 1
    assert len(receiver.requests) == 2
    assert len(set(receiver.ids())) == 1


def test_a_name_that_utf8_does_not_have_stops_nothing(database: Database) -> None:
    """Names of files may hold bytes that are no UTF-8; in a message they are half a surrogate pair."""
    with receiving() as receiver:
        courier = MessageDeliverer(database, [Webhook(receiver.url)], Time().clock())
        with database.writing() as work:
            work.outbox.add(
                "source.silent", courier.targets[0], "s", {"source": "a\udcff", "b\udcff": ["\udcff"]}, at=5
            )
        written(database, *courier.targets)
        assert courier.deliver() == 2
    assert json.loads(receiver.requests[0][1])["data"] == {"source": "a?", "b?": ["?"]}


def test_an_unexpected_error_is_said_and_tried_again(database: Database) -> None:
    told: list[str] = []
    stopped, woken = threading.Event(), threading.Event()

    def post(webhook: Webhook, id_: str, *_: object, **__: object) -> None:
        told.append(id_)
        woken.set()
        if len(told) == 1:
            raise RuntimeError("what nobody thought of")
        stopped.set()

    courier = MessageDeliverer(database, [Webhook("https://hooks.example/x")], Time().clock(), post=post)
    written(database, *courier.targets)
    faults: list[str | None] = []
    courier.step = lambda _: faults.append(courier.fault)
    courier.run(stopped, woken)
    assert told[0] == told[1]
    assert faults == ["messages are not delivered: unexpected RuntimeError"]
    assert courier.fault is None


def test_an_incident_links_to_the_console_where_its_address_is_known(database: Database) -> None:
    secret = "a secret of sixteen"
    with receiving() as receiver:
        webhook = Webhook(receiver.url, secret)
        courier = MessageDeliverer(
            database, [webhook], Time().clock(), console="https://seawall.example.org/"
        )
        with database.writing() as work:
            work.outbox.add("incident.raised", target_of(webhook), "a/b c", {"id": "a/b c"}, at=5)
            work.outbox.add("source.silent", target_of(webhook), "m365/org", {"source": "m365"}, at=5)
        assert courier.deliver() == 2
    (headers, raised), (_, silent) = receiver.requests
    assert json.loads(raised)["link"] == "https://seawall.example.org/incidents/a%2Fb%20c"
    assert "link" not in json.loads(silent)
    signed = signature(secret, headers["webhook-id"], int(headers["webhook-timestamp"]), raised)
    assert headers["webhook-signature"] == signed


def test_no_link_where_the_address_of_the_console_is_not_known(database: Database) -> None:
    with receiving() as receiver:
        courier = MessageDeliverer(database, [Webhook(receiver.url)], Time().clock())
        written(database, *courier.targets)
        assert courier.deliver() == 1
    assert "link" not in json.loads(receiver.requests[0][1])
