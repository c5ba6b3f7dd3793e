"""Send files that are complete before the response begins, so that a slow client does not occupy a worker thread."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from starlette.responses import StreamingResponse

_IN_MEMORY: Final = 8 << 20
_PIECE: Final = 1 << 16


def new_file() -> IO[bytes]:
    """Return an empty temporary file, in memory while small. The caller closes it, or responds with it."""
    return SpooledTemporaryFile(max_size=_IN_MEMORY)


def file_response(file: IO[bytes], name: str, media: str) -> StreamingResponse:
    """Return the response that sends a file under a name, and then closes it."""
    size = file.tell()
    file.seek(0)
    headers = {"content-disposition": f'attachment; filename="{name}"', "content-length": str(size)}
    return StreamingResponse(_pieces(file), media_type=media, headers=headers)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
