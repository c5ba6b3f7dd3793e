"""How long a file is left alone before something is concluded from its rest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TailTiming:
    """Times in seconds, and sizes in bytes.

    A file that is only read as a whole is read when it has not changed for `settle`. A last line without its end is
    taken after `finish` (JSON only when it is complete). A piece of a growing file has at most
    `piece_bytes`; `open_files`
    of them are kept open, so that they can be read to their end when they are deleted. So many files that are
    `gone` are remembered, to know them again when they come back under another name.
    """

    settle: float = 5.0
    finish: float = 60.0
    piece_bytes: int = 32 << 20
    open_files: int = 128
    gone: int = 1_000
