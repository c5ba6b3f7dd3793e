"""Serialise candidates exactly, for the database."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.patterns import NAMED_PATTERNS
from seawall.events.array_state import StateInvalid

_ENCODER = msgspec.msgpack.Encoder(enc_hook=lambda number: number.item())
_DECODER = msgspec.msgpack.Decoder(ScoredCandidate)
_PATTERNS = frozenset(NAMED_PATTERNS)


def pack_candidate(candidate: ScoredCandidate) -> bytes:
    """Return a candidate as bytes; equal candidates give equal bytes."""
    return _ENCODER.encode(candidate)


def pack_candidates(candidates: Sequence[ScoredCandidate]) -> tuple[list[bytes], list[str]]:
    """Return candidates as bytes, and the organisation of each."""
    return [pack_candidate(one) for one in candidates], [one.tenant for one in candidates]


def unpack_candidate(content: bytes) -> ScoredCandidate:
    """Return the candidate that `pack_candidate` serialised. Raises `StateInvalid` for any other bytes."""
    try:
        candidate = _DECODER.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _invalid() from error
    if candidate.pattern not in _PATTERNS:
        raise _invalid()
    return candidate


def _invalid() -> StateInvalid:
    return StateInvalid(
        "a stored candidate is damaged or comes from another version",
        fix="score the events again from the first day",
    )
