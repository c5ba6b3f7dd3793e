"""`GET /api/stream`: server-sent events. A stream ends with its session."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Final

from starlette.responses import StreamingResponse

from seawall.console.api_error import too_many_requests
from seawall.console.data.running_values import Summary
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.news import IncidentNews
from seawall.console.request_origin import ORIGIN_KEY
from seawall.console.session import get_gatekeeper
from seawall.console.tenant_access import get_tenant_access
from seawall_base.errors import SeawallError

if TYPE_CHECKING:
    from seawall.console.endpoint import Visitor
    from seawall.console.endpoint_runner import EndpointRunner
    from seawall.console.news import StreamEvent, StreamListener

STREAMS: Final = "streams"
HEARTBEAT_SECONDS: Final = 15.0
CHECK_SECONDS: Final = 5.0
KIND: Final = "text/event-stream"


async def stream_news(call: ApiCall) -> StreamingResponse:
    """Open a stream."""
    news = get_tenant_access(call.context).news_of(call.context)
    open_ones: Counter[int] = call.context.notes.setdefault(STREAMS, Counter())
    settings, user = call.context.settings, call.who.user or 0
    if open_ones.total() >= settings.most_streams or open_ones[user] >= settings.most_streams_each:
        raise too_many_requests(15, "too many streams are open")
    missed: list[StreamEvent] = []
    last = call.request.headers.get("last-event-id", "")
    if last.isascii() and last.isdigit() and len(last) < 16:
        runner: EndpointRunner = call.context.notes["runner"]
        missed = await runner.in_thread(partial(news.find_missed, int(last)), 10.0)

    async def events() -> AsyncIterator[bytes]:
        # count only once begun: the end of a stream that never began is never seen
        open_ones[user] += 1
        listener = news.listen()
        try:
            yield b"retry: 3000\n\n"
            for item in missed:
                yield item.lines()
            async for piece in _pieces(call, listener):
                yield piece
        finally:
            news.leave(listener)
            open_ones[user] -= 1

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(events(), media_type=KIND, headers=headers)


async def _pieces(call: ApiCall, listener: StreamListener) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    beat = checked = loop.time()
    while True:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                item = await listener.queue.get()
            if item is None:
                return
            yield item.lines()
            beat = loop.time()
        except TimeoutError:
            pass
        if loop.time() - checked >= CHECK_SECONDS:
            checked = loop.time()
            if not await _is_welcome(call):
                return
        if loop.time() - beat >= HEARTBEAT_SECONDS - CHECK_SECONDS:
            beat = loop.time()
            yield b": still here\n\n"


async def _is_welcome(call: ApiCall) -> bool:
    """Return whether the stream's user may still read."""
    runner: EndpointRunner = call.context.notes["runner"]
    try:
        welcome: bool = await runner.in_thread(partial(_still, call, call.who), 10.0)
    except (SeawallError, TimeoutError):
        return True  # the database is unreachable: meanwhile nothing is sent
    return welcome


def _still(call: ApiCall, visitor: Visitor) -> bool:
    keeper = get_gatekeeper(call)
    if visitor.user is None or visitor.handle is None:
        return keeper.local(call.request.scope[ORIGIN_KEY]) is not None
    return keeper.is_alive(visitor.handle, visitor.user, call.context.clock())


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/stream",
        handle=stream_news,
        role="viewer",
        tenants="own",
        summary="What is new, as server-sent events: incident, summary, health",
        group="stream",
        media=KIND,
        events=(("incident", IncidentNews), ("summary", Summary)),
        codes=((429, "too-many-requests"),),
    ),
)
