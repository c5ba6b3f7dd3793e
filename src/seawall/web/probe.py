"""Build the answers of both servers to health checks and monitoring."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Content type of Prometheus's text format."""


@dataclass(frozen=True, slots=True)
class HealthFault:
    """Describe a fault of the server. With `stops`, the server refuses requests as long as the fault lasts."""

    code: str
    words: str
    stops: bool


def build_health(faults: Collection[HealthFault], *, is_detailed: bool) -> tuple[dict[str, Any], int]:
    """Return the document of `/healthz` and its HTTP status: 503 while a fault stops requests, else 200.

    Without `is_detailed`, the document holds the status word alone, because anybody can read it.
    """
    has_stopped = any(fault.stops for fault in faults)
    document: dict[str, Any] = {"status": "refusing" if has_stopped else "degraded" if faults else "ok"}
    if is_detailed:
        document["faults"] = [
            {"code": fault.code, "words": fault.words, "stops": fault.stops} for fault in faults
        ]
    return document, 503 if has_stopped else 200
