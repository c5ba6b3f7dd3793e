"""Describe a limit of the logs: what they could not have shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CoverageCode = Literal[
    "gap", "throttled", "no-source", "no-identifiers", "short-history", "truncated", "late", "not-judged"
]


@dataclass(frozen=True, slots=True)
class CoverageNote:
    """Describe one limit of the logs, for a tenant, a source and a time span in microseconds since 1970."""

    tenant: str
    source: str
    code: CoverageCode
    start: int
    end: int
    text: str
    account: str = ""
