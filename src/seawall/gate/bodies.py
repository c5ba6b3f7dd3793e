"""Read request bodies within limits of size and time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from seawall_tokens.jose import strict_json

if TYPE_CHECKING:
    from starlette.requests import Request


class BodyRefused(Exception):
    """A request body is refused. `status` is the HTTP status, `code` the gate's code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


async def read_body(request: Request, *, most: int, seconds: float) -> bytes:
    """Return the whole body. Raises `BodyRefused` if it is longer than `most` bytes or takes longer than `seconds`."""
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit() or int(declared[:12]) > most:
        raise BodyRefused(413, "body-too-large")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise BodyRefused(415, "body-encoded")
    parts: list[bytes] = []
    length = 0
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                length += len(part)
                if length > most:
                    raise BodyRefused(413, "body-too-large")
                parts.append(part)
    except TimeoutError:
        raise BodyRefused(408, "body-too-slow") from None
    return b"".join(parts)


async def read_object(request: Request, *, most: int, seconds: float) -> dict[str, Any]:
    """Return the body as a JSON object, parsed strictly. Raises `BodyRefused`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise BodyRefused(415, "body-not-json")
    try:
        document = strict_json.loads(
            await read_body(request, most=most, seconds=seconds), max_bytes=most, max_depth=4
        )
    except strict_json.JsonRefused:
        raise BodyRefused(400, "body-not-json") from None
    if not isinstance(document, dict):
        raise BodyRefused(400, "body-no-object")
    return document
