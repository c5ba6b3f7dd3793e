"""A scripted assistant: the official SDK's client, over standard streams and over HTTP without a socket."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx2
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent, Tool

from tests.console.consoles import Browser

Call = tuple[str, dict[str, Any]]
ORGANISATION_WIDE: Sequence[Call] = (
    ("incidents", {}),
    ("incidents", {"candidates": True, "severity": "high", "limit": 1}),
    ("incident", {"incident": "1"}),
    ("story", {"incident": "1"}),
    ("timeline", {"incident": "1"}),
    ("usual_against_now", {"incident": "1"}),
    ("scope", {"incident": "1"}),
    ("coverage", {}),
    ("plan", {"incident": "1"}),
    ("rule_hits", {}),
)


@dataclass
class Answered:
    """What an assistant learned: the server's words, its tools, and the answers in the order of the calls."""

    instructions: str = ""
    tools: list[Tool] = field(default_factory=list)
    answers: list[CallToolResult] = field(default_factory=list)

    def document(self, place: int) -> dict[str, Any]:
        """Return an answer's values, which are also its text."""
        answer = self.answers[place]
        assert not answer.is_error, text_of(answer)
        assert isinstance(answer.structured_content, dict)
        assert json.loads(text_of(answer)) == answer.structured_content
        return answer.structured_content


def text_of(answer: CallToolResult) -> str:
    """Return the only text of an answer."""
    (content,) = answer.content
    assert isinstance(content, TextContent)
    return content.text


def list_texts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every text of an answer with the names of the fields that lead to it; keys are texts too."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for one in value:
            yield from list_texts(one, path)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield (*path, "a key"), name
            yield from list_texts(one, (*path, name))


async def _ask(client: Client, calls: Sequence[Call]) -> Answered:
    got = Answered(client.instructions or "", (await client.list_tools()).tools)
    for name, arguments in calls:
        got.answers.append(await client.call_tool(name, arguments))
    return got


def ask_over_streams(options: Sequence[str], calls: Sequence[Call], errors: Path) -> Answered:
    """Start `seawall mcp` with options, as an assistant starts it, and call its tools; its standard error goes to a file."""

    async def ask() -> Answered:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SEAWALL")}
        started = StdioServerParameters(
            command=sys.executable, args=["-m", "seawall.cli.main", "mcp", *options], env=environment
        )
        with errors.open("w") as log:
            async with Client(stdio_client(started, errlog=log)) as client:
                return await _ask(client, calls)

    return anyio.run(ask)


def ask_over_http(browser: Browser, calls: Sequence[Call], *, mode: str = "auto") -> Answered:
    """Call the tools of a console as the user of a browser, with its session and CSRF token."""
    csrf = browser.get("/api/session").json()["csrf_token"]
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    headers = {"host": browser.origin.partition("://")[2], "x-seawall-csrf": csrf, "cookie": cookies}

    async def ask() -> Answered:
        async with _connect(browser, headers, mode) as client:
            return await _ask(client, calls)

    return browser.console.loop.run_until_complete(ask())


@asynccontextmanager
async def _connect(browser: Browser, headers: dict[str, str], mode: str) -> AsyncIterator[Client]:
    transport = httpx2.ASGITransport(browser.console.app, client=(browser.address, 50_000))
    async with httpx2.AsyncClient(transport=transport, headers=headers) as http:
        url = f"{browser.origin}/api/mcp"
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            yield client
