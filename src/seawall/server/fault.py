"""Something that is wrong with a running server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong. `stops`: while it is, requests are refused for it."""

    code: str
    words: str
    stops: bool
