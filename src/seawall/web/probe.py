"""What programs that watch over a server are told, by the gate and by the console alike."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""The text format of Prometheus."""


@dataclass(frozen=True, slots=True)
class HealthFault:
    """Something that is wrong. `stops`: while it is, requests are refused for it."""

    code: str
    words: str
    stops: bool


def build_health(faults: Collection[HealthFault], *, is_detailed: bool) -> tuple[dict[str, Any], int]:
    """Return the document of `/healthz` and its HTTP status: 503 while a fault stops requests.

    Strangers get one word; `is_detailed` adds the faults.
    """
    has_stopped = any(fault.stops for fault in faults)
    document: dict[str, Any] = {"status": "refusing" if has_stopped else "degraded" if faults else "ok"}
    if is_detailed:
        document["faults"] = [
            {"code": fault.code, "words": fault.words, "stops": fault.stops} for fault in faults
        ]
    return document, 503 if has_stopped else 200
