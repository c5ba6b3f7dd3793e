"""One answer of a vendor as it is kept: a blob or a page, with its records as columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PieceState = Literal["came", "repeated", "refused", "expired", "marker"]
"""`repeated`: known by its id and not fetched again; `refused`: it could not be taken as it is; `expired`: the vendor has it
no more; `marker`: nothing came, only the cursor moves."""


@dataclass(slots=True)
class FetchedPage:
    """What one request brought, and where to go on when it is kept.

    `content` is the vendor's own id of a blob, empty for a page. `created` is when the vendor made it and `size` its bytes,
    `sha256` their digest. Of record i, `lines[i]` is the JSON as it came, on one line without its end, `identities[i]` 16
    bytes by which it is known again, and `times[i]` when it happened (microseconds; 0 when that cannot be read). `cursor` says
    where a fetch goes on after this piece, None from the beginning of the span. `is_last` says that the span is complete.
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
    """Up to when an endless question is answered by now; 0 where it is not, or the question has an end."""

    reason: str = ""
    """Why it was refused, as a stable code."""
