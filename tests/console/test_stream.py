"""The stream of news: what it tells, and when it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from seawall.console import news as news_module
from seawall.console import stream as stream_module
from seawall.console.news import NewsFeed, StreamListener
from seawall.detection.incident import Incident
from seawall.detection.reason import Reason
from tests.console.consoles import Browser, Console


def incident(number: int, *, raised: bool = True, title: str = "somebody reads mail") -> Incident:
    return Incident(
        id=f"incident-{number}", tenant="acme", account=f"user{number}@acme.example", kind="token", severity="high",
        score=10.0, base=1.0, raised=raised, detected_at=1, first_event=1, last_event=2, title=title,
        summary="a summary", reasons=(Reason("behaviour", "network", "new network", 9.0),), events=("a",), mailboxes=(),
        messages_proved=0, messages_possible=0,
    )  # fmt: skip


def put(console: Console, *incidents: Incident, announce: bool = False) -> None:
    with console.context.database.writing() as work:
        work.incidents.put(incidents)
        if announce:
            work.announcements.add([one.id for one in incidents], at=console.clock())


class Reader:
    """One open stream, read through the ASGI interface."""

    def __init__(self, browser: Browser, **headers: str) -> None:
        self.text = ""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.has_ended = False
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        sent = {"host": browser.origin.partition("://")[2], "cookie": cookie, **headers}
        self._scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "https",
            "path": "/api/stream", "raw_path": b"/api/stream", "query_string": b"", "root_path": "",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()],
            "client": (browser.address, 5000), "server": ("x", 443),
        }  # fmt: skip
        self._app = browser.console.app
        self._gone = asyncio.Event()

    async def run(self) -> None:
        await self._app(self._scope, self._receive, self._send)
        self.has_ended = True

    def leave(self) -> None:
        self._gone.set()

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.text += message.get("body", b"").decode()

    def told(self, event: str) -> list[Any]:
        blocks = [
            dict(line.split(": ", 1) for line in b.splitlines() if ": " in line)
            for b in self.text.split("\n\n")
        ]
        return [json.loads(block["data"]) for block in blocks if block.get("event") == event]


async def until(condition: Any, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def play(console: Console, scene: Coroutine[Any, Any, None]) -> None:
    async def run() -> None:
        async with console.app.router.lifespan_context(console.app):
            await scene

    console.loop.run_until_complete(run())


def test_a_new_incident_is_told_soon_and_a_candidate_is_not(team: Console) -> None:
    reader = Reader(team.signed_in("viewer"))

    async def scene() -> None:
        task = asyncio.create_task(reader.run())
        await until(lambda: "retry" in reader.text)
        news: NewsFeed = team.context.notes["news"]
        await until(lambda: news._revision is not None)
        put(team, incident(1), announce=True)
        put(team, incident(2, raised=False))
        await until(lambda: reader.told("incident"))
        put(team, incident(1, title="a\r\nevent: evil\n\ndata: x"))
        await until(lambda: len(reader.told("incident")) > 1)
        reader.leave()
        await task

    play(team, scene())
    assert reader.status == 200
    assert reader.headers["content-type"].startswith("text/event-stream")
    assert reader.headers["cache-control"] == "no-store"
    first, second = reader.told("incident")[:2]
    assert (first["id"], first["new"], first["severity"]) == ("incident-1", True, "high")
    assert (second["id"], second["new"]) == ("incident-1", False)
    assert second["title"].endswith("data: x")
    assert reader.told("evil") == []
    assert {one["id"] for one in reader.told("incident")} == {"incident-1"}


def test_who_comes_back_is_told_what_was_missed(team: Console) -> None:
    put(team, incident(1))
    with team.context.database.reading() as work:
        heard = work.incidents.revision()
    put(team, incident(2))
    reader = Reader(team.signed_in("viewer"), last_event_id=str(heard))

    async def scene() -> None:
        task = asyncio.create_task(reader.run())
        await until(lambda: reader.told("incident"))
        reader.leave()
        await task

    play(team, scene())
    assert [one["id"] for one in reader.told("incident")] == ["incident-2"]


def test_a_stream_ends_with_its_session(team: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "CHECK_SECONDS", 0.1)
    browser = team.signed_in("viewer")
    reader = Reader(browser)

    async def scene() -> None:
        task = asyncio.create_task(reader.run())
        await until(lambda: "retry" in reader.text)
        with team.context.database.writing() as work:
            work.sessions.revoke_all(1, at=team.clock())
        await asyncio.wait_for(task, 30)

    play(team, scene())
    assert reader.has_ended


def test_a_stream_of_whoever_sits_here_ends_when_there_are_users(
    own: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "CHECK_SECONDS", 0.1)
    reader = Reader(own.browser())

    async def scene() -> None:
        task = asyncio.create_task(reader.run())
        await until(lambda: "retry" in reader.text)
        with own.context.database.writing() as work:
            work.users.add("ann", "admin", at=own.clock(), password_hash="a hash")
        await asyncio.wait_for(task, 30)

    play(own, scene())
    assert reader.has_ended


def test_streams_are_few_and_end_with_the_console(team: Console) -> None:
    browser = team.signed_in("viewer")
    readers = [Reader(browser) for _ in range(9)]

    async def scene() -> None:
        tasks = [asyncio.create_task(reader.run()) for reader in readers[:8]]
        await until(lambda: all("retry" in reader.text for reader in readers[:8]))
        await readers[8].run()
        assert readers[8].status == 429
        readers[0].leave()
        await tasks[0]
        again = Reader(browser)
        task = asyncio.create_task(again.run())
        await until(lambda: again.status == 200)
        team.context.notes["news"].close()
        await asyncio.wait_for(asyncio.gather(*tasks[1:], task), 30)

    play(team, scene())


def test_one_that_cannot_keep_up_is_ended_and_the_others_are_not(team: Console) -> None:
    async def scene() -> None:
        news = NewsFeed(team.context, lambda _: {"now": team.clock(), "revision": 1})
        slow, quick = news.listen(), news.listen()
        for number in range(news_module.QUEUE + 1):
            news._put(news_module.StreamEvent("incident", b"{}", number))
            assert quick.queue.get_nowait() is not None
        assert slow.queue.get_nowait() is None
        assert slow.queue.empty()
        news.leave(slow)
        assert len(news) == 1

    asyncio.run(scene())
    assert isinstance(StreamListener().queue, asyncio.Queue)


def test_a_name_that_utf8_does_not_have_ends_no_stream(team: Console) -> None:
    async def scene() -> None:
        reader = Reader(team.signed_in("viewer"))
        task = asyncio.create_task(reader.run())
        await until(lambda: reader.status == 200 and len(team.context.notes["news"]))
        news: NewsFeed = team.context.notes["news"]
        await until(lambda: news._revision is not None)
        put(team, replace(incident(1), account="a\udcff"), announce=True)
        await until(lambda: reader.told("incident"))
        put(team, incident(2), announce=True)
        await until(lambda: len(reader.told("incident")) >= 2)
        assert [one["account"] for one in reader.told("incident")][:2] == ["a?", "user2@acme.example"]
        reader.leave()
        await task

    play(team, scene())
