"""A console without a socket: the real application over a real database, asked through its ASGI interface."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from seawall.console.application import create_app
from seawall.console.context import ConsoleContext, ConsoleSettings
from seawall.storage.database import Database, Role
from seawall_base.clock import read_wall_clock
from seawall_tokens.jose import base64url

HOST = "seawall.example"
ORIGIN = f"https://{HOST}"
LOOPBACK = "http://127.0.0.1:8090"


@dataclass
class Clock:
    """A clock that stands until a test moves it on."""

    now: int = field(default_factory=read_wall_clock)

    def __call__(self) -> int:
        return self.now

    @property
    def seconds(self) -> float:
        return self.now / 1_000_000

    def pass_seconds(self, seconds: float) -> None:
        self.now += int(seconds * 1_000_000)


@dataclass
class Browser:
    """Somebody's browser: keeps cookies, and sends what the console's own pages send."""

    console: Console
    origin: str
    address: str = "203.0.113.7"
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request as it is given, with the cookies."""
        headers = {"host": self.origin.partition("://")[2], **more.pop("headers", {})}
        if self.cookies:
            headers.setdefault("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        response = self.console.request(
            method, self.origin + path, headers=headers, address=self.address, **more
        )
        for cookie in response.headers.get_list("set-cookie"):
            name, _, rest = cookie.partition("=")
            value = rest.partition(";")[0]
            if value and value != '""':
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return response

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("GET", path, **more)

    def send(self, method: str, path: str, document: Any = None, **more: Any) -> httpx.Response:
        """A request that changes something, as a page of the console sends it."""
        if not self.csrf:
            self.csrf = self.get("/api/session").json()["csrf_token"]
        headers = {
            "origin": self.origin, "sec-fetch-site": "same-origin", "x-seawall-csrf": self.csrf, **more.pop("headers", {}),
        }  # fmt: skip
        return self.ask(method, path, json={} if document is None else document, headers=headers, **more)

    def post(self, path: str, document: Any = None, **more: Any) -> httpx.Response:
        return self.send("POST", path, document, **more)


@dataclass
class Console:
    """The application, its context, and the loop that it runs in."""

    app: Starlette
    context: ConsoleContext
    clock: Clock
    loop: asyncio.AbstractEventLoop

    def request(self, method: str, url: str, *, address: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=(address, 50000), raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(method, url, **more)

        return self.loop.run_until_complete(ask())

    @property
    def origin(self) -> str:
        return LOOPBACK if self.context.settings.is_loopback else ORIGIN

    def browser(self, **more: Any) -> Browser:
        """Nobody's browser; at this machine where the console is on loopback."""
        address = "127.0.0.1" if self.context.settings.is_loopback else "203.0.113.7"
        return Browser(self, **{"origin": self.origin, "address": address, **more})

    def signed_in(self, role: Role = "admin", name: str | None = None) -> Browser:
        """The browser of a user who has just signed in, made where there is none of this name."""
        token, at = os.urandom(32), self.clock()
        with self.context.database.writing() as work:
            plain = name or f"{role}-user"
            user = work.users.find(plain) or work.users.add(plain, role, at=at)
            work.oidc_identities.link("https://login.example", plain, user.id, at=at)
            seconds = self.context.settings.session_seconds
            work.sessions.start(token, user.id, at=at, expires_at=at + seconds * 1_000_000)
        browser = self.browser()
        browser.cookies[self.context.notes["gatekeeper"].cookie] = base64url.encode(token)
        return browser


@cache
def _empty() -> bytes:
    """A migrated database without anything in it: migrations take longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "seawall.db"
        Database.open(place, should_migrate=True).close()
        assert [one.name for one in Path(folder).iterdir()] == ["seawall.db"]
        return place.read_bytes()


@contextmanager
def console(folder: Path, settings: ConsoleSettings | None = None, **parts: Any) -> Iterator[Console]:
    """A console over a new database in a folder; beyond loopback unless the settings say otherwise."""
    clock = Clock()
    place = folder / "seawall.db"
    if not place.exists():
        place.write_bytes(_empty())
    database = Database.open(place)
    shown = settings or ConsoleSettings(hosts=(HOST,), is_loopback=False, is_encrypted=True)
    context = ConsoleContext(
        **{
            "database": database,
            "lake": None,
            "key": bytes(range(32)),
            "settings": shown,
            "clock": clock,
            **parts,
        }
    )
    loop = asyncio.new_event_loop()
    made = Console(create_app(context), context, clock, loop)
    try:
        yield made
    finally:
        context.notes["runner"].close()
        loop.close()
        database.close()
