"""Requests with keys: counted once, never taken for one another, and forgotten for good in the end."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from seawall.pipeline.live import child
from seawall.pipeline.live import ingest_queue as module
from seawall.pipeline.live.errors import KeyReused, WatchBusy
from seawall.pipeline.live.ingest_queue import KEPT_AS, IngestQueue
from seawall.pipeline.live.message_socket import MessageSocket
from seawall.pipeline.live.process import WatchProcess
from seawall.pipeline.live.watcher import IngestReceipt
from seawall.pipeline.tail import DeliveryQueue
from tests.pipeline.live.running import quick, running, until

ONE, OTHER = b'{"a": 1}\n', b'{"a": 2}\n'


class Kept:
    """A worker that keeps what comes, and what the checkpoint is after it."""

    def __init__(self) -> None:
        self.intake = DeliveryQueue()
        self.checkpoint: dict[str, Any] = {}
        self.bodies = IngestQueue(self.intake, lambda body, source: [])

    def keep(self) -> None:
        delivery = self.intake.take(10)
        assert delivery is not None
        for name, value in delivery.changes.items():
            if value is None:
                self.checkpoint.pop(name, None)
            else:
                self.checkpoint[name] = dict(value)
        for done in delivery.done:
            done()

    def send(self, body: bytes, key: str) -> IngestReceipt:
        with ThreadPoolExecutor(1) as sender:
            sent = sender.submit(self.bodies.ingest, body, source="a", key=key, at=1)
            self.keep()
            return sent.result()

    def again(self, body: bytes, key: str) -> IngestReceipt:
        """Send what needs not be kept."""
        return self.bodies.ingest(body, source="a", key=key, at=2)


def test_a_key_with_another_body_is_refused() -> None:
    kept = Kept()
    kept.send(ONE, "k")
    assert kept.again(ONE, "k").is_repeat
    with pytest.raises(KeyReused, match="another body"):
        kept.again(OTHER, "k")
    assert len(kept.intake) == 0
    assert not kept.send(OTHER, "another").is_repeat


def test_a_key_of_a_body_on_its_way_is_refused_with_another() -> None:
    kept = Kept()
    with ThreadPoolExecutor(1) as sender:
        first = sender.submit(kept.again, ONE, "k")
        until(lambda: len(kept.intake) == 1)
        with pytest.raises(KeyReused):
            kept.again(OTHER, "k")
        kept.keep()
        assert not first.result().is_repeat


def test_bodies_are_told_apart_after_a_start_too() -> None:
    kept, fresh = Kept(), Kept()
    kept.send(ONE, "k")
    fresh.bodies.restore(kept.checkpoint)
    assert fresh.again(ONE, "k").is_repeat
    with pytest.raises(KeyReused):
        fresh.again(OTHER, "k")


def test_a_key_of_before_digests_is_known_with_any_body() -> None:
    kept, fresh = Kept(), Kept()
    kept.send(ONE, "k")
    for value in kept.checkpoint.values():
        del value["body"]
    fresh.bodies.restore(kept.checkpoint)
    assert fresh.again(OTHER, "k").is_repeat


def test_a_watch_in_another_process_says_the_same(tmp_path: Path) -> None:
    with WatchProcess(quick(tmp_path / "store")) as watch:
        watch.ingest(ONE, source="a", key="k")
        with pytest.raises(KeyReused, match="another body") as caught:
            watch.ingest(OTHER, source="a", key="k")
        assert "a new key for each body" in caught.value.fix
        assert watch.ingest(ONE, source="a", key="k").is_repeat
    with running(quick(tmp_path / "store")) as service, pytest.raises(KeyReused):
        service.ingest(OTHER, source="a", key="k")


def test_what_is_to_be_forgotten_is_so_though_a_delivery_finds_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_KEYS", 2)
    monkeypatch.setattr(module, "_ROOM_SECONDS", 0.05)
    kept = Kept()
    for key in ("1", "2", "3"):
        kept.send(ONE, key)
    assert len(kept.checkpoint) == 3  # the first goes with the next
    with monkeypatch.context() as full:
        full.setattr(kept.intake, "put", lambda *_: False)
        with pytest.raises(WatchBusy, match="is full"):
            kept.again(ONE, "4")
    kept.send(ONE, "5")
    names = {KEPT_AS + module._digest(key.encode()) for key in ("2", "3", "5")}
    assert set(kept.checkpoint) == names


def test_a_forgotten_key_that_comes_again_is_known_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEYS", 1)
    kept, fresh = Kept(), Kept()
    for key in ("1", "2", "1"):
        kept.send(ONE, key)
    fresh.bodies.restore(kept.checkpoint)
    assert fresh.again(ONE, "1").is_repeat


class Slow:
    """A service that keeps nothing until it is let."""

    def __init__(self) -> None:
        self.is_let, self.taken = threading.Event(), 0

    def ingest(self, body: bytes, *, source: str, key: str | None) -> IngestReceipt:
        self.taken += 1
        assert self.is_let.wait(30)
        return IngestReceipt("id", 1, 0)


@pytest.mark.parametrize(("most", "most_bytes"), [(3, 1 << 20), (100, 3 * len(ONE))], ids=["number", "bytes"])
def test_bodies_beyond_the_room_are_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, most: int, most_bytes: int
) -> None:
    monkeypatch.setattr(child, "BODIES", most)
    monkeypatch.setattr(child, "MOST_BYTES", most_bytes)
    here, there = (MessageSocket(one) for one in socket.socketpair())
    service: Any = Slow()
    listener = threading.Thread(target=child._listen, args=(there, service, threading.Event()))
    listener.start()
    try:
        for number in range(5):
            here.send({"kind": "ingest", "number": number, "source": "a", "key": None}, ONE)
        for number in (3, 4):
            found = here.receive()
            assert found is not None
            assert (found[0]["kind"], found[0]["number"], found[0]["code"]) == (
                "refused",
                number,
                "watch-busy",
            )
        service.is_let.set()
        answers = [here.receive() for _ in range(3)]
        assert sorted(found[0]["number"] for found in answers if found) == [0, 1, 2]
        here.send({"kind": "ingest", "number": 9, "source": "a", "key": None}, ONE)
        last = here.receive()
        assert last is not None
        assert last[0]["kind"] == "receipt"
        assert service.taken == 4
    finally:
        service.is_let.set()
        here.close()
        listener.join(10)
        there.close()
