"""Transmit security events: receivers poll here, or are pushed to. One process serves one outbox.

`/.well-known/ssf-configuration` and `/jwks.json` are public; `/poll/NAME` and `/verify` need the token of the stream.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seawall.gate.bodies import BodyRefused, read_body
from seawall.response.signals import poll, push, transmitter
from seawall_tokens.jose.strict_json import JsonRefused, loads

if TYPE_CHECKING:
    from starlette.requests import Request

    from seawall.response.signals.outbox import SignalOutbox
    from seawall.response.signals.push import PushResult
    from seawall.response.signals.settings import SignalReceiver, SignalSettings
    from seawall.response.signals.signing import SigningKey

BODY_SECONDS: Final = 10.0
LONGEST_WAIT: Final = 20.0
"""Seconds that a long poll waits for the next token."""

LOOK: Final = 0.25
PUSH_EVERY: Final = 1.0
_HEADERS: Final = {"cache-control": "no-store"}
_WHO: Final = {"www-authenticate": "Bearer"}
_NOBODY: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class SignalTransmitter:
    """The settings, key and outbox of a transmitter. `clock` returns seconds since 1970."""

    settings: SignalSettings
    key: SigningKey
    outbox: SignalOutbox
    clock: Callable[[], float] = time.time


def make_application(work: SignalTransmitter) -> Starlette:
    """Return the ASGI application of the transmitter."""
    streams = {stream.name: stream for stream in work.settings.streams if stream.way == "poll"}

    async def configuration(_: Request) -> Response:
        return JSONResponse(transmitter.describe_transmitter(work.settings))

    async def keys(_: Request) -> Response:
        return JSONResponse({"keys": [work.key.jwk()]}, headers={"cache-control": "max-age=300"})

    async def answer_poll(request: Request) -> Response:
        stream = streams.get(request.path_params["name"])
        if not _is_allowed(stream, request) or stream is None:
            return JSONResponse({"err": "access_denied", "description": "no such stream or token"}, 401, _WHO)
        try:
            body = await read_body(request, most=poll.LARGEST, seconds=BODY_SECONDS)
            asked = poll.read_request(body)
        except BodyRefused as refused:
            return _refuse(refused.code, refused.status)
        except poll.PollRefused as refused:
            return _refuse(str(refused), 400)
        return JSONResponse(await _answer(work, stream, asked), headers=_HEADERS)

    async def queue_verification(request: Request) -> Response:
        try:
            name, state = _verification(await read_body(request, most=poll.LARGEST, seconds=BODY_SECONDS))
        except (BodyRefused, poll.PollRefused):
            return _refuse("stream_id is missing, or state is too long", 400)
        stream = streams.get(name)
        if not _is_allowed(stream, request) or stream is None:
            return JSONResponse({"err": "access_denied", "description": "no such stream or token"}, 401, _WHO)
        now = int(work.clock())
        await asyncio.to_thread(
            transmitter.queue_verification, work.settings, work.key, work.outbox, stream, state, now
        )
        return Response(status_code=204, headers=_HEADERS)

    return Starlette(
        routes=[
            Route("/.well-known/ssf-configuration", configuration, methods=["GET"]),
            Route("/jwks.json", keys, methods=["GET"]),
            Route("/poll/{name}", answer_poll, methods=["POST"]),
            Route("/verify", queue_verification, methods=["POST"]),
        ]
    )


async def _answer(work: SignalTransmitter, stream: SignalReceiver, asked: poll.PollRequest) -> dict[str, Any]:
    """Apply a receiver's acknowledgements, and return waiting tokens; for a long poll, wait until there are some."""
    await asyncio.to_thread(poll.apply_request, work.outbox, stream, asked, int(work.clock()))
    end = time.monotonic() + (0.0 if asked.immediately or not asked.most else LONGEST_WAIT)
    while True:
        found = await asyncio.to_thread(poll.make_answer, work.outbox, stream, asked)
        if found["sets"] or time.monotonic() >= end:
            return found
        await asyncio.sleep(LOOK)


def _is_allowed(stream: SignalReceiver | None, request: Request) -> bool:
    """Return whether the request has the stream's token, in equal time for a stream that does not exist."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    given = hashlib.sha256(token.strip().encode("utf-8", "replace")).digest()
    right = hmac.compare_digest(given, _NOBODY if stream is None else stream.digest)
    return right and stream is not None and scheme.lower() == "bearer"


def _refuse(words: str, status: int) -> Response:
    return JSONResponse({"err": "invalid_request", "description": words}, status, _HEADERS)


def _verification(body: bytes) -> tuple[str, str]:
    try:
        document = loads(body, max_bytes=poll.LARGEST, max_depth=2)
    except JsonRefused as error:
        raise poll.PollRefused(error.reason) from None
    name, state = (
        (document.get(key, "") for key in ("stream_id", "state")) if isinstance(document, dict) else ("", "")
    )
    if not isinstance(name, str) or not isinstance(state, str) or len(state) > 1024:
        raise poll.PollRefused("stream_id or state is no text")
    return name, state


class SignalPusher:
    """A thread that pushes waiting tokens to receivers that do not poll; `tell` gets each result that did something."""

    def __init__(self, work: SignalTransmitter, tell: Callable[[PushResult], None]) -> None:
        self._work = work
        self._tell = tell
        self._stop = threading.Event()
        self._said: dict[str, str] = {}
        self._thread = threading.Thread(target=self._run, name="push", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread after the push in progress."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(push.TIMEOUT)

    def _run(self) -> None:
        streams = [stream for stream in self._work.settings.streams if stream.way == "push"]
        while not self._stop.wait(PUSH_EVERY):
            for stream in streams:
                self._turn(stream)

    def _turn(self, stream: SignalReceiver) -> None:
        if not self._work.outbox.count(stream.name):
            return
        done = push.push_tokens(self._work.outbox, stream, self._work.clock)
        if done.taken or done.refused or (done.fault and self._said.get(stream.name) != done.fault):
            self._tell(done)
        self._said[stream.name] = done.fault
