"""A gap of coverage: a time of which records are missing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CoverageGap:
    """A span in which the logs could not have shown the intruder, and why: coverage that is missing.

    `code`: `no-source`, `gap` (silent, or fewer records than its rhythm has), `truncated`, `not-read`, `audit-off`, `quiet` (one
    mailbox's records stop while its holder goes on), `absent` (nothing of a mailbox for long), or a collector's own.
    """

    start: int
    end: int
    source: str
    code: str
    text: str
