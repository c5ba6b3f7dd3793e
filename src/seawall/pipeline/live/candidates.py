"""Serialise candidates exactly, for the database.

A pattern is stored by its name: its words and dimensions are those of the version that reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any, Final

import msgspec

from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.patterns import NAMED_PATTERNS
from seawall.events.array_state import SCORE_AGAIN, StateInvalid

_ENCODER = msgspec.msgpack.Encoder(enc_hook=lambda number: number.item())
_PATTERNS: Final[dict[str, dict[str, Any]]] = {one.name: asdict(one) for one in NAMED_PATTERNS}
_NAMES: Final = [field.name for field in fields(ScoredCandidate)]


def pack_candidate(candidate: ScoredCandidate) -> bytes:
    """Return a candidate as bytes; equal candidates give equal bytes."""
    values = {name: getattr(candidate, name) for name in _NAMES}
    return _ENCODER.encode({**values, "pattern": candidate.pattern.name})


def pack_candidates(candidates: Sequence[ScoredCandidate]) -> tuple[list[bytes], list[str]]:
    """Return candidates as bytes, and the organisation of each."""
    return [pack_candidate(one) for one in candidates], [one.tenant for one in candidates]


def unpack_candidate(content: bytes) -> ScoredCandidate:
    """Return the candidate that `pack_candidate` serialised. Raises `StateInvalid` for any other bytes."""
    try:
        values = msgspec.msgpack.decode(content, type=dict[str, Any])
        stated = values.get("pattern")
        # the versions until December 2026 stored the whole pattern
        name = stated.get("name") if isinstance(stated, dict) else stated
        values["pattern"] = _PATTERNS[str(name)]
        return msgspec.convert(values, ScoredCandidate)
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise _invalid() from error


def _invalid() -> StateInvalid:
    return StateInvalid("a stored candidate is damaged or comes from another version", fix=SCORE_AGAIN)
