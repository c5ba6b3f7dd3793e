"""One user's heavy requests hold up nobody: threads apart, a few at once for each user, and 429 for the surplus."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from seawall.console import application
from seawall.console.api_error import ApiError
from seawall.console.context import ConsoleSettings
from seawall.console.endpoint import ApiCall
from seawall.console.table import all_endpoints
from seawall.console.worker_pool import MOST_WAITING, PoolLimits, WorkerPool
from tests.console.consoles import Browser, Console, console

HEAVY = {
    ("GET", "/api/incidents/{id}/evidence.zip"),
    ("GET", "/api/incidents/{id}/plan.json"),
    ("GET", "/api/incidents/{id}/report.html"),
    ("GET", "/api/incidents/{id}/report.pdf"),
    ("GET", "/api/incidents/{id}/summary.pdf"),
    ("GET", "/api/incidents.csv"),
    ("GET", "/api/campaigns"),
    ("GET", "/api/campaigns/{id}"),
    ("GET", "/api/look"),
    ("GET", "/api/look/records"),
    ("GET", "/api/tables/{name}"),
    ("GET", "/api/tables/{name}/rows.csv"),
    ("GET", "/api/audit/verify"),
    ("POST", "/api/channels/{name}/test"),
}
EVIDENCE = "/api/incidents/{id}/evidence.zip"
SECONDS = 60
"""For what must happen, on a busy machine; nothing waits for it to pass."""


@dataclass
class Gate:
    """A handler that is held until the test opens it."""

    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    opened: threading.Event = field(default_factory=threading.Event)

    def handle(self, _: ApiCall) -> PlainTextResponse:
        self.begun.release()
        assert self.opened.wait(SECONDS)
        return PlainTextResponse("done")

    async def has_begun(self, count: int) -> None:
        for _ in range(count):
            assert await asyncio.to_thread(self.begun.acquire, timeout=SECONDS)


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.opened.set()


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch, gate: Gate) -> Callable[[str], None]:
    """Have a route call the gate in place of its own handler."""

    def held(path: str) -> None:
        rows = tuple(replace(one, handle=gate.handle) if one.path == path else one for one in all_endpoints())
        monkeypatch.setattr(application, "all_endpoints", lambda: rows)

    return held


async def ask(browser: Browser, path: str) -> httpx.Response:
    shown = browser.console
    transport = httpx.ASGITransport(shown.app, client=(browser.address, 50_000))
    headers = {
        "host": browser.origin.partition("://")[2],
        "cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items()),
    }
    async with httpx.AsyncClient(transport=transport) as client:
        return await asyncio.wait_for(client.get(browser.origin + path, headers=headers), SECONDS)


def run(shown: Console, work: Coroutine[Any, Any, None]) -> None:
    shown.loop.run_until_complete(asyncio.wait_for(work, 4 * SECONDS))


def check_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    error = answer.json()["error"]
    assert error["code"] == "too-many-requests"
    assert set(error) == {"code", "message", "fix", "field"}


def test_the_heavy_routes_are_marked() -> None:
    assert {(one.method, one.path) for one in all_endpoints() if one.is_heavy} == HEAVY
    raw = next(one for one in all_endpoints() if one.raw)
    with pytest.raises(ValueError, match="plain function"):
        replace(raw, is_heavy=True)


def test_sixty_exports_of_one_user_delay_nobody(
    tmp_path: Path, gate: Gate, hold: Callable[[str], None]
) -> None:
    """Sixty parallel `evidence.zip` took every thread: others waited for 28 seconds."""
    hold(EVIDENCE)
    with console(tmp_path) as team:
        greedy, other = team.signed_in("viewer", "greedy"), team.signed_in("viewer", "other")
        elsewhere = team.signed_in("viewer", "greedy")  # another session of the same user
        each = team.context.settings.heavy_each

        async def work() -> None:
            path = "/api/incidents/x/evidence.zip"
            asked = [asyncio.ensure_future(ask(greedy, path)) for _ in range(60)]
            await gate.has_begun(each)
            refused, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            while len(waiting) > each:
                more, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                refused |= more
            assert len(refused) == 60 - each
            for one in refused:
                check_refused(one.result())
            check_refused(await ask(elsewhere, path))
            for browser in (other, greedy):
                assert (await ask(browser, "/api/incidents")).status_code == 200
                assert (await ask(browser, "/api/session")).status_code == 200
            others = asyncio.ensure_future(ask(other, path))
            await gate.has_begun(1)  # it runs beside those of the first user
            gate.opened.set()
            assert (await others).text == "done"
            assert [(await one).text for one in waiting] == ["done"] * each
            assert (await ask(greedy, path)).text == "done"

        run(team, work())


def test_whoever_sits_at_the_machine_has_the_same_limit(
    tmp_path: Path, gate: Gate, hold: Callable[[str], None]
) -> None:
    hold("/api/incidents.csv")
    with console(tmp_path, ConsoleSettings(heavy_each=1)) as own:

        async def work() -> None:
            first = asyncio.ensure_future(ask(own.browser(), "/api/incidents.csv"))
            await gate.has_begun(1)
            check_refused(await ask(own.browser(), "/api/incidents.csv"))
            assert (await ask(own.browser(), "/api/incidents")).status_code == 200
            gate.opened.set()
            assert (await first).status_code == 200

        run(own, work())


def test_whoever_may_not_ask_takes_no_place(tmp_path: Path, gate: Gate, hold: Callable[[str], None]) -> None:
    hold("/api/audit/verify")
    with console(tmp_path) as team:

        async def work() -> None:
            assert (await ask(team.browser(), "/api/audit/verify")).status_code == 401
            viewer = team.signed_in("viewer")
            asked = [ask(viewer, "/api/audit/verify") for _ in range(8)]
            assert {answer.status_code for answer in await asyncio.gather(*asked)} == {403}
            assert team.context.notes["runner"].heavy.load().refused == 0

        run(team, work())


def test_ordinary_requests_of_one_user_leave_threads_for_others(
    tmp_path: Path, gate: Gate, hold: Callable[[str], None]
) -> None:
    """Searches, accounts and plans are light one by one; many at once took every thread likewise."""
    hold("/api/incidents")
    with console(tmp_path) as team:
        greedy, other = team.signed_in("viewer", "greedy"), team.signed_in("viewer", "other")
        settings = team.context.settings
        room = settings.threads_each + settings.waiting_each

        async def work() -> None:
            asked = [asyncio.ensure_future(ask(greedy, "/api/incidents?q=a")) for _ in range(room + 3)]
            await gate.has_begun(settings.threads_each)
            done: set[asyncio.Future[httpx.Response]] = set()
            while len(done) < 3:
                done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            assert len(done) == 3
            for one in done:
                check_refused(one.result())
            assert (await ask(other, "/api/session")).status_code == 200
            gate.opened.set()
            answers = await asyncio.gather(*asked)
            assert sorted(answer.status_code for answer in answers) == [200] * room + [429] * 3

        run(team, work())


def test_a_request_that_is_given_up_keeps_no_place() -> None:
    pool = WorkerPool("test", PoolLimits(2, 1, 2), "too many")
    begun, opened = threading.Event(), threading.Event()

    def held() -> str:
        begun.set()
        assert opened.wait(SECONDS)
        return "held"

    try:
        first = pool.submit("ann", held)
        assert begun.wait(SECONDS)
        waiting: list[Future[Any]] = [pool.submit("ann", lambda: "later") for _ in range(2)]
        with pytest.raises(ApiError) as caught:
            pool.submit("ann", lambda: "too much")
        assert caught.value.status == 429
        assert waiting[0].cancel()
        waiting.append(pool.submit("ann", lambda: "in its place"))
        assert pool.submit("bob", lambda: "free").result(SECONDS) == "free"
        opened.set()
        assert [one.result(SECONDS) for one in (first, *waiting[1:])] == ["held", "later", "in its place"]
        broken = pool.submit("ann", lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            broken.result(SECONDS)
        assert pool.submit("ann", lambda: "again").result(SECONDS) == "again"
    finally:
        opened.set()
        pool.close()


def test_whoever_has_an_answer_may_ask_again_at_once() -> None:
    pool = WorkerPool("quick", PoolLimits(1, 1, 0), "too many")
    may_end, has_told = threading.Event(), threading.Event()
    told: list[tuple[int, Any]] = []

    def ask_again(done: Future[Any]) -> None:
        told.append((pool.load().requests, pool.submit("ann", lambda: f"after {done.result()}")))
        has_told.set()

    try:
        pool.submit("ann", lambda: may_end.wait(10.0) and "the first").add_done_callback(ask_again)
        may_end.set()
        assert has_told.wait(10.0)
        ((requests, second),) = told
        assert requests == 0
        assert second.result(10.0) == "after the first"
        assert pool.load().refused == 0
    finally:
        pool.close()


def test_a_full_pool_refuses_everybody_and_empties_again() -> None:
    pool = WorkerPool("test", PoolLimits(1, 1, 1), "too many")
    opened = threading.Event()
    try:
        asked = [
            pool.submit(f"client-{number}", lambda: opened.wait(SECONDS)) for number in range(MOST_WAITING)
        ]
        with pytest.raises(ApiError) as caught:
            pool.submit("one more", lambda: None)
        assert caught.value.status == 503
        assert pool.load().requests == MOST_WAITING
        opened.set()
        assert all(one.result(SECONDS) for one in asked)
        assert pool.submit("one more", lambda: "room").result(SECONDS) == "room"
        assert pool.load().refused == 1
    finally:
        opened.set()
        pool.close()


def test_work_that_never_began_is_cancelled_at_the_end() -> None:
    pool = WorkerPool("test", PoolLimits(1, 1, 1), "too many")
    begun, opened = threading.Event(), threading.Event()

    def held() -> None:
        begun.set()
        assert opened.wait(SECONDS)

    first = pool.submit("ann", held)
    assert begun.wait(SECONDS)
    queued, later = pool.submit("ann", lambda: None), pool.submit("bob", lambda: None)
    pool.close()
    opened.set()
    assert queued.cancelled()
    assert later.cancelled()
    first.result(SECONDS)
