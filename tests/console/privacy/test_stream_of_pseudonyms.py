"""Server-sent events and files pass the boundary too: a stream asks for the view of names at each piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from seawall.console.privacy.boundary import hide_response
from seawall.console.privacy.name_view import NameView
from tests.console.privacy.test_known_names import ANNA, MAKER, view


def test_each_piece_of_a_stream_is_rewritten_as_names_are_seen_then() -> None:
    event = f'id: 1\nevent: incident\ndata: {{"account":"{ANNA}"}}\n\n'.encode()
    looks: list[NameView | None] = [None, view(ANNA)]

    async def read() -> list[bytes]:
        async def pieces() -> AsyncIterator[bytes]:
            yield event
            yield event

        sent = StreamingResponse(pieces(), media_type="text/event-stream")
        answer = await hide_response(lambda: looks.pop(0), sent)
        assert isinstance(answer, StreamingResponse)
        return [piece async for piece in answer.body_iterator if isinstance(piece, bytes)]

    first, second = asyncio.run(read())
    assert first == event
    assert second == event.replace(ANNA.encode(), MAKER.pseudonym_of(ANNA).encode())
