"""A single revocation: what is refused, of which issuer, from when to when, why, and who recorded it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from seawall_tokens.errors import RevocationInvalid
from seawall_tokens.policy.issuer_policy import LONGEST_LIFETIME
from seawall_tokens.verify.spelling import fold_issuer, fold_name

Kind = Literal["kid", "thumbprint", "issuer", "subject", "session", "token-id", "client", "not-before"]
KINDS: tuple[Kind, ...] = get_args(Kind)

ANY_ISSUER = "*"
"""Stands for every issuer."""

Key = tuple[Kind, str, str]
"""Subject of a revocation: kind, issuer (or `ANY_ISSUER`) and value, normalised by `key_of`.

Several may share one key.
"""

EXACT_KINDS: frozenset[Kind] = frozenset({"kid", "thumbprint"})
"""Kinds whose value is compared exactly: it comes from the key set, never from the token, and may differ only in case."""


def key_of(kind: Kind, issuer: str, value: str) -> Key:
    """Return the normalised key of a revocation: spellings of one name share a key (`seawall_tokens.verify.spelling`)."""
    return (kind, fold_issuer(issuer), value if kind in EXACT_KINDS else fold_name(value))


LONGEST_VALUE = 1024
"""Characters of a value, issuer or reason. No token within its own limits has longer identifiers."""

LONGEST_TOKEN = LONGEST_LIFETIME + 24 * 3600
"""Seconds after which a revoked token id is forgotten by default: no policy accepts a token that old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """One revocation. `at`, `expires` and `not_before` are seconds since 1970; `expires` None never expires.

    `kind` is the type of `value`: a key id, an RFC 7638 thumbprint, a subject, a session id, a token id or a client
    id, of `issuer` alone or, with `ANY_ISSUER`, of every issuer. Kind `issuer` has no value and revokes everything of
    `issuer`. Kind `not-before` revokes what `issuer` issued before `not_before`, to the subject `value`, or to
    everyone if it is empty. A thumbprint identifies a key whoever publishes it, so its issuer is always `ANY_ISSUER`.

    Raises `RevocationInvalid` for an entry that would revoke nothing, or something other than it states.
    """

    kind: Kind
    issuer: str = ANY_ISSUER
    value: str = ""
    not_before: float | None = None
    reason: str
    who: str
    at: float
    expires: float | None = None

    def __post_init__(self) -> None:
        fault = _fault(self)
        if fault:
            raise RevocationInvalid(
                f"no such revocation: {fault}", fix="see docs/reference/revocation.md for the kinds"
            )

    @property
    def key(self) -> Key:
        """Return the normalised key."""
        return key_of(self.kind, self.issuer, self.value)

    @property
    def weight(self) -> float:
        """Return the time bound of a not-before, else 1. Of two entries with one key, the greater weight applies."""
        return 1.0 if self.not_before is None else self.not_before


def _fault(entry: Revocation) -> str:
    texts = {"issuer": entry.issuer, "value": entry.value, "reason": entry.reason, "who": entry.who}
    for name, text in texts.items():
        if not isinstance(text, str) or len(text) > LONGEST_VALUE or not _storable(text):
            return f"{name} must be text of at most {LONGEST_VALUE} characters without NUL"
    if entry.kind not in KINDS:
        return f"kind must be one of {', '.join(KINDS)}"
    if not entry.issuer or not entry.reason.strip() or not entry.who.strip():
        return "issuer, reason and who must not be empty"
    return _fault_of_kind(entry) or _fault_of_times(entry)


def _fault_of_kind(entry: Revocation) -> str:
    if entry.kind == "issuer":
        if entry.issuer == ANY_ISSUER or entry.value:
            return "an issuer is revoked by its exact name, without a value"
    elif entry.kind == "thumbprint" and entry.issuer != ANY_ISSUER:
        return "a thumbprint is revoked for every issuer"
    elif entry.kind != "not-before" and not entry.value:
        return f"kind {entry.kind} needs a value"
    if (entry.not_before is not None) != (entry.kind == "not-before"):
        return "not_before belongs to kind not-before, and that kind needs it"
    return ""


def _fault_of_times(entry: Revocation) -> str:
    for name, seconds in (("at", entry.at), ("expires", entry.expires), ("not_before", entry.not_before)):
        if seconds is None:
            continue
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not math.isfinite(seconds):
            return f"{name} must be a finite number of seconds"
        if not 0 <= seconds < 1e11:
            return f"{name} must lie between 1970 and the year 5138"
    if entry.expires is not None and entry.expires <= entry.at:
        return "it would end before it begins"
    return ""


def _storable(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
