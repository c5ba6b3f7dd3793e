"""A gap in coverage: a span of which records are missing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CoverageGap:
    """A span in which the logs could not have shown an intruder, and the reason.

    Codes of detection are `no-source`, `truncated`, `not-read`, `audit-off`, and three more. `gap`: a source is silent, or has
    fewer records than usual. `quiet`: a mailbox's records stop while its owner stays active. `absent`: there has been no
    record of a mailbox for long. Collectors have further codes.
    """

    start: int
    end: int
    source: str
    code: str
    text: str
