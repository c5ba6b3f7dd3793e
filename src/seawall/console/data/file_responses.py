"""Files that a route makes as a whole before it sends them: a client that reads slowly holds up no thread that makes files."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from starlette.responses import StreamingResponse

_IN_MEMORY: Final = 8 << 20
_PIECE: Final = 1 << 16


def new_file() -> IO[bytes]:
    """Return an empty file that is kept in memory while it is small. Whoever makes it closes it, or answers with it."""
    return SpooledTemporaryFile(max_size=_IN_MEMORY)


def file_response(file: IO[bytes], name: str, media: str) -> StreamingResponse:
    """Return the answer that sends all of a file under a name, and then closes it."""
    size = file.tell()
    file.seek(0)
    headers = {"content-disposition": f'attachment; filename="{name}"', "content-length": str(size)}
    return StreamingResponse(_pieces(file), media_type=media, headers=headers)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
