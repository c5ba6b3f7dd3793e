"""Compress JSON answers for clients that accept gzip: on a slow line the first incident comes sooner."""

from __future__ import annotations

import gzip
from typing import Final

from starlette.responses import Response

from seawall.console.endpoint import JSON

LEAST_BYTES: Final = 1_400
"""Shorter answers fit into one packet anyway."""

LEVEL: Final = 5
SECRET_PATHS: Final = frozenset({"/api/session"})
"""Routes that answer with a secret. Compressed beside text that another chose, its length could give the secret away."""


def pack_response(response: Response, path: str, accepted: str) -> Response:
    """Return the response as it is sent. Only whole JSON answers are compressed. `accepted` is the request's Accept-Encoding."""
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if type(response) is not Response or media != JSON or path in SECRET_PATHS:
        return response
    response.headers.add_vary_header("Accept-Encoding")
    content = bytes(response.body)
    if len(content) < LEAST_BYTES or not _accepts_gzip(accepted):
        return response
    packed = Response(
        gzip.compress(content, LEVEL, mtime=0), response.status_code, background=response.background
    )
    kept = [(name, value) for name, value in response.raw_headers if name != b"content-length"]
    size = (b"content-length", packed.headers["content-length"].encode())
    packed.raw_headers[:] = [*kept, size, (b"content-encoding", b"gzip")]
    return packed


def _accepts_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
