"""Waiting times before an unchanged file is considered complete."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TailTiming:
    """Limits of following files: times in seconds, sizes in bytes.

    A file that is only read as a whole is read once it was unchanged for `settle`. A last line without line end is read
    after `finish` (JSON only if it is complete). `piece_bytes` is the most bytes read of a growing file at a time.
    `open_files` is the number of files that stay open, so that they can be read to their end if they are deleted. `gone` is
    the number of disappeared files that are remembered, in case they come back under another name.
    """

    settle: float = 5.0
    finish: float = 60.0
    piece_bytes: int = 32 << 20
    open_files: int = 128
    gone: int = 1_000
