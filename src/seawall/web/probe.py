"""What programs that watch over a server are told, by the gate and by the console alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""The text format of Prometheus."""


@dataclass(frozen=True, slots=True)
class HealthFault:
    """Something that is wrong. `stops`: while it is, requests are refused for it."""

    code: str
    words: str
    stops: bool
