"""Create problems with excerpts of records, in which anything that looks like a secret is masked."""

from __future__ import annotations

import re

from seawall.events.damaged_records import extract_remains
from seawall.events.problem import Problem, ProblemCode
from seawall.events.secret_masking import mask_secrets
from seawall.events.secret_patterns import MASK, mask_patterns

EXCERPT_CHARACTERS = 200

_LONG = re.compile(r"[A-Za-z0-9+/_=-]{40,}")
"""An excerpt shows no long value, whatever it is."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]+")


_SHORTEST_SECRET = 7
"""Length of the shortest text with anything to mask: `pwd=abc`."""


def excerpt(text: str | bytes) -> str:
    """Return at most 200 characters of the input on one line, with anything like a token or secret masked."""
    if isinstance(text, bytes):
        text = text[:2048].decode("utf-8", "replace")
    # Mask before truncating, or half a secret could stay unrecognised.
    text = _CONTROL.sub(" ", text[:2048])
    if len(text) < _SHORTEST_SECRET:
        return text.strip()
    text = _LONG.sub(MASK, mask_patterns(mask_secrets(text, is_cut=True)))
    return text[:EXCERPT_CHARACTERS].strip()


def record_problem(
    source_file: str, line: int, code: ProblemCode, reason: str, *, field: str = "", text: str | bytes = ""
) -> Problem:
    """Return a problem of one record; it counts as a record."""
    if not text:
        return Problem(source_file, line, code, reason, field)
    return Problem(
        source_file, line, code, reason, field, excerpt(text), remains=mask_secrets(extract_remains(text))
    )


def file_problem(source_file: str, code: ProblemCode, reason: str) -> Problem:
    """Return a problem of a whole file; it does not count as a record."""
    return Problem(source_file, 0, code, excerpt(reason), counts_as_record=False)
