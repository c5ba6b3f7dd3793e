"""Records over HTTP: whose they are, how much of them, and that nothing in them breaks anything."""

from __future__ import annotations

import gzip
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from seawall.console import ingest
from seawall.console.context import ConsoleSettings
from seawall.pipeline.live.errors import WatchBusy, WatchFailed
from seawall.pipeline.live.status import NOTHING, WatchStatus
from seawall.pipeline.live.watcher import IngestReceipt
from tests.console.consoles import Console, console

TOKEN = "seawall_" + "t" * 40
LINE = b'{"CreationTime":"2026-03-01T00:00:00","Id":"r1","Operation":"MailItemsAccessed"}\n'


@dataclass
class Watch:
    """A watch that takes down what it was given."""

    given: list[tuple[bytes, str, str | None]] = field(default_factory=list)
    error: Exception | None = None
    wait: threading.Event | None = None

    def ingest(self, body: bytes, *, source: str, key: str | None = None) -> IngestReceipt:
        if self.wait is not None:
            self.wait.wait(60)
        if self.error is not None:
            raise self.error
        self.given.append((body, source, key))
        return IngestReceipt("id-1", body.count(b"\n"), 0)

    def status(self) -> WatchStatus:
        return NOTHING


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def taking(tmp_path: Path, watch: Watch) -> Iterator[Console]:
    with console(tmp_path, service=watch) as made:
        with made.context.database.writing() as work:
            work.ingest_tokens.add("collector", TOKEN.encode(), by="admin", at=made.clock())
        yield made
        ingest.close_ingest(made.context)


def post(
    made: Console, content: bytes = LINE, *, path: str = "/api/ingest", **headers: Any
) -> httpx.Response:
    given = {"authorization": f"Bearer {TOKEN}", "content-type": "application/x-ndjson"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in given.items() if value is not None}
    return made.browser().ask("POST", path, content=content, headers=sent)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_records_are_taken_and_counted(taking: Console, watch: Watch) -> None:
    answer = post(taking, LINE * 3)
    assert answer.status_code == 202
    assert answer.json() == {"records": 3, "problems": 0, "accepted_bytes": 3 * len(LINE), "id": "id-1"}
    assert watch.given == [(LINE * 3, "collector", None)]


def test_compressed_records_a_source_and_a_key(taking: Console, watch: Watch) -> None:
    body = gzip.compress(LINE) + gzip.compress(LINE)
    answer = post(
        taking, body, path="/api/ingest?source=exchange-1", content_encoding="gzip", idempotency_key="k1"
    )
    assert answer.json()["accepted_bytes"] == len(body)
    assert watch.given == [(LINE * 2, "collector/exchange-1", "collector\nk1")]


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer x", "Basic abc", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer \x00" + "a" * 30,
     f"bearer {TOKEN} {TOKEN}"],
    ids=["none", "empty", "no token", "short", "basic", "longer", "shorter", "control", "two"],
)  # fmt: skip
def test_another_token_is_refused(taking: Console, watch: Watch, authorization: str | None) -> None:
    answer = post(taking, authorization=authorization)
    assert code(answer) == (401, "token-required")
    assert "bearer" in answer.headers["www-authenticate"].lower()
    assert TOKEN[8:] not in answer.text
    assert watch.given == []


def test_a_revoked_token_is_refused(taking: Console) -> None:
    assert post(taking).status_code == 202
    with taking.context.database.writing() as work:
        assert work.ingest_tokens.revoke("collector", at=taking.clock())
    taking.clock.pass_seconds(3)
    assert code(post(taking)) == (401, "token-required")


def test_a_session_is_no_token(taking: Console, watch: Watch) -> None:
    browser = taking.signed_in("admin")
    answer = browser.ask(
        "POST", "/api/ingest", content=LINE, headers={"content-type": "application/x-ndjson"}
    )
    assert code(answer) == (401, "token-required")
    assert watch.given == []


def test_use_is_noted_now_and_then(taking: Console) -> None:
    post(taking)
    with taking.context.database.reading() as work:
        (first,) = work.ingest_tokens.all()
    assert first.last_used_at is not None
    taking.clock.pass_seconds(3)
    post(taking)
    with taking.context.database.reading() as work:
        assert work.ingest_tokens.all() == [first]
    taking.clock.pass_seconds(61)
    post(taking)
    with taking.context.database.reading() as work:
        assert (work.ingest_tokens.all()[0].last_used_at or 0) > first.last_used_at


@pytest.mark.parametrize(
    ("headers", "content", "expected"),
    [
        ({"content_type": "multipart/form-data"}, LINE, (415, "unsupported-media-type")),
        ({"content_type": "text/html"}, LINE, (415, "unsupported-media-type")),
        ({"content_encoding": "br"}, LINE, (415, "unsupported-media-type")),
        ({"content_encoding": "gzip, gzip"}, LINE, (415, "unsupported-media-type")),
        ({"content_encoding": "gzip"}, LINE, (400, "bad-request")),
        ({"content_encoding": "gzip"}, gzip.compress(LINE)[:-4], (400, "bad-request")),
        ({"content_encoding": "gzip"}, b"", (400, "bad-request")),
        ({"idempotency_key": "x" * 201}, LINE, (400, "bad-request")),
        ({"idempotency_key": "a b"}, LINE, (400, "bad-request")),
        ({"content_length": "99999999999"}, LINE, (413, "too-large")),
    ],
    ids=["form", "page", "brotli", "twice", "plain", "cut", "nothing", "long key", "blank in a key", "long"],
)
def test_what_is_no_body_is_refused(
    taking: Console, watch: Watch, headers: dict[str, str], content: bytes, expected: tuple[int, str]
) -> None:
    assert code(post(taking, content, **headers)) == expected
    assert watch.given == []


@pytest.mark.parametrize("source", ["", "../x", "a/b", "%00", "x" * 101, "a%0Ab", "%F0%9F%98%80", "=1"])
def test_a_source_is_a_plain_name(taking: Console, watch: Watch, source: str) -> None:
    answer = post(taking, path=f"/api/ingest?source={source}")
    assert code(answer) == (422, "invalid")
    assert answer.json()["error"]["field"] == "source"
    assert watch.given == []


@pytest.mark.parametrize("source", ["other", "collector", "-", "C:", ".."])
def test_a_source_is_of_its_token(taking: Console, watch: Watch, source: str) -> None:
    """Nothing is filed under another token's name, or a folder's."""
    with taking.context.database.writing() as work:
        work.ingest_tokens.add("other", b"o" * 40, by="admin", at=taking.clock())
    answer = post(taking, path=f"/api/ingest?source={source}")
    if source[0].isalnum():
        assert answer.status_code == 202
        assert [filed for _, filed, _ in watch.given] == [f"collector/{source}"]
    else:
        assert code(answer) == (422, "invalid")


def test_a_bomb_is_refused(taking: Console, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "EXPANDED_BYTES", 1 << 20)
    assert code(post(taking, gzip.compress(bytes(50 << 20)), content_encoding="gzip")) == (413, "too-large")
    assert watch.given == []
    assert post(taking).status_code == 202


def test_bombs_hold_no_more_than_there_is_room_for(
    taking: Console, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many at once, each below its own limit, would else expand together before anybody counts them."""
    monkeypatch.setattr(ingest, "HELD_BYTES", 2 << 20)
    packed = gzip.compress(bytes(64 << 20))
    tracemalloc.start()
    try:
        assert code(post(taking, packed, content_encoding="gzip")) == (429, "too-many-requests")
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert watch.given == []
    assert post(taking).status_code == 202


def test_a_long_body_is_refused(taking: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "BODY_BYTES", 1000)
    assert code(post(taking, b"x" * 1001)) == (413, "too-large")


def test_no_room_is_said_and_given_back(taking: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "HELD_BYTES", 2 * len(LINE))
    for _ in range(3):
        answer = post(taking, LINE * 3)
        assert code(answer) == (429, "too-many-requests")
        assert int(answer.headers["retry-after"]) >= 1
        assert post(taking, LINE).status_code == 202
    packed = gzip.compress(LINE * 50)
    assert code(post(taking, packed, content_encoding="gzip")) == (429, "too-many-requests")
    assert post(taking, LINE).status_code == 202


def test_too_many_at_once(taking: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    assert post(taking).status_code == 202
    monkeypatch.setattr(ingest, "MOST_REQUESTS", 0)
    assert code(post(taking)) == (429, "too-many-requests")


@pytest.mark.parametrize(
    "error",
    [WatchBusy("no room", fix="later"), WatchFailed("it has ended", fix="start it again")],
    ids=["busy", "failed"],
)
def test_a_watch_that_cannot_is_unavailable(taking: Console, watch: Watch, error: Exception) -> None:
    watch.error = error
    answer = post(taking)
    assert code(answer) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1


def test_without_a_watch(tmp_path: Path) -> None:
    with console(tmp_path) as made:
        with made.context.database.writing() as work:
            work.ingest_tokens.add("collector", TOKEN.encode(), by="admin", at=made.clock())
        assert code(post(made)) == (503, "unavailable")
        ingest.close_ingest(made.context)


def test_switched_off(tmp_path: Path) -> None:
    settings = ConsoleSettings(ingest_enabled=False)
    with console(tmp_path, settings, service=Watch()) as made:
        assert code(post(made)) == (404, "not-found")
