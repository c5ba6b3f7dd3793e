"""One answer of a vendor: a blob or a page, with its records as parallel lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PieceState = Literal["came", "repeated", "refused", "expired", "marker"]
"""Outcome of a piece.

`repeated`: its id is known, so it was not fetched again; `refused`: its content could not be used; `expired`: the vendor
deleted it; `marker`: no records came, only the cursor moves.
"""


@dataclass(slots=True)
class FetchedPage:
    """The result of one request, and the cursor to continue from once it is stored.

    `content` is the vendor's id of a blob, empty for a page; `created` is when the vendor made it. `size` and `sha256` are
    those of its bytes. For record i, `lines[i]` is its JSON on one line without line end. `identities[i]` are 16 bytes that
    identify the record. `times[i]` is its event time (microseconds, 0 if unreadable). `cursor` is None to start the span
    again. `is_last` means that the span is complete.
    """

    content: str = ""
    state: PieceState = "came"
    created: int = 0
    size: int = 0
    sha256: bytes = b""
    lines: list[bytes] = field(default_factory=list)
    identities: list[bytes] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    cursor: str | None = None
    is_last: bool = False
    covered: int = 0
    """Time up to which an endless query is answered now; 0 if none is, or the query has an end."""

    reason: str = ""
    """Stable code of the reason for a refusal."""
