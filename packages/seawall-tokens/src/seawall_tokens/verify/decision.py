"""Check 15: log one line for every accepted or refused token: who, which key, why. Never the token.

The values of a refused token are an attacker's text. Each value is cut, written in ASCII with escaped controls, and
withheld if it resembles a token or key. So each entry is one line of JSON and never contains a secret.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from seawall_tokens.policy.prepared_policy import CLIENTS
from seawall_tokens.refusals import Refusal
from seawall_tokens.verify import compact

LOGGER = logging.getLogger("seawall.tokens")
# The application decides where the lines go; without a handler, Python would print every refusal to stderr.
LOGGER.addHandler(logging.NullHandler())

LONGEST_VALUE = 256
"""Characters of a token's value in a log line."""

WITHHELD = "(withheld)"
_SECRET = re.compile(
    # the start of a JSON object in base64url; anything as long as a signature; keys and headers as text
    r"(?:ey[A-J]|ew[ko0])[A-Za-z0-9_-]{12,}|[A-Za-z0-9_+/-]{80,}|PRIVATE KEY|(?i:\bbearer\s|\bdpop\s)"
)
_KEY_CODES = frozenset({"revoked-key", "revoked-thumbprint", "signature-invalid", "alg-key-mismatch"})
_SURELY_VERIFIED = frozenset(
    {"audience-missing", "audience-wrong", "audience-malformed", "expired", "not-yet-valid", "issued-in-future",
     "lifetime-too-long"}
)  # fmt: skip
"""Codes of checks that run both before and after the signature, and that only the later run can give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDecision:
    """A log entry. `code` is empty for an accepted token. All texts are sanitised, or None.

    `verified` says whether the signature was certainly verified; if not, the values are only the presenter's claims.
    `key` is the finding on the key: `good`, the code that refused it, or `not looked at` (or not far enough to tell).
    `token` is the first half of the SHA-256 of `jti` (or `uti`), to find the token in other logs without logging it.
    """

    at: float
    outcome: str
    code: str
    check: int | None
    verified: bool
    issuer: str | None
    kid: str | None
    key: str
    thumbprint: str | None
    tenant: str | None
    client: str | None
    token: str | None

    def line(self) -> str:
        """Return the decision as one line of ASCII JSON."""
        values = {name: getattr(self, name) for name in _NAMES}
        return _ENCODER.encode({"event": "token", **values})


_NAMES = tuple(entry.name for entry in fields(TokenDecision))
_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False)


def decide(
    refusal: Refusal | None,
    *,
    header: Mapping[str, Any] | None,
    claims: Mapping[str, Any] | None,
    thumbprint: str | None,
    now: float,
    dry_run: bool = False,
    verified: bool | None = None,
) -> TokenDecision:
    """Build the log entry: `refusal` is None for an accepted token; the rest is what could be read of the token.

    `verified` is whether the signature was verified, if known; None derives it from the refusal's code. Never raises
    for a token's content. In a dry run a refusal's outcome is `would-refuse`.
    """
    said, head = claims or {}, header or {}
    outcome = "accepted" if refusal is None else "would-refuse" if dry_run else "refused"
    client = next((said[name] for name in CLIENTS if name in said), None)
    identifier = said.get("jti", said.get("uti"))
    if verified is None:
        verified = refusal is None or _after_signature(refusal)
    return TokenDecision(
        at=round(now, 3) if math.isfinite(now) else 0.0,
        outcome=outcome,
        code="" if refusal is None else refusal.code,
        check=None if refusal is None else refusal.check,
        verified=verified,
        issuer=harmless(said.get("iss")),
        kid=harmless(head.get("kid")),
        key=_verdict(refusal, verified),
        thumbprint=thumbprint,  # computed by Seawall, so not sanitised: one in a thousand resembles the start of a token
        tenant=harmless(said.get("tid")),
        client=harmless(client),
        token=_hash(identifier),
    )


def split_accepted_line(
    header: Mapping[str, Any], claims: Mapping[str, Any], thumbprint: str | None
) -> tuple[str, str]:
    """Return the line of an accepted token (as `decide` makes it) before and after its time.

    All but the token's own id recurs, so that only a token of another client or key costs an encoding.
    """
    client = next((claims[name] for name in CLIENTS if name in claims), None)
    before, after = _accepted_line(
        harmless(claims.get("iss")), harmless(header.get("kid")), thumbprint, harmless(claims.get("tid")),
        harmless(client),
    )  # fmt: skip
    hashed = _hash(claims.get("jti", claims.get("uti")))
    return before, f"{after}null}}" if hashed is None else f'{after}"{hashed}"}}'


@lru_cache(maxsize=1024)
def _accepted_line(
    issuer: str | None, kid: str | None, thumbprint: str | None, tenant: str | None, client: str | None
) -> tuple[str, str]:
    """Return the line of an accepted token before its time, and after it up to the token's id. The values are sanitised."""
    line = TokenDecision(
        at=0.0, outcome="accepted", code="", check=None, verified=True, issuer=issuer, kid=kid, key="good",
        thumbprint=thumbprint, tenant=tenant, client=client, token=None,
    ).line()  # fmt: skip
    before, mark, after = line.partition('"at": 0.0')
    return before + mark.removesuffix("0.0"), after.removesuffix("null}")


def log(decision: TokenDecision) -> None:
    """Log the entry: refusals as warnings, accepted tokens as information."""
    level = logging.INFO if decision.outcome == "accepted" else logging.WARNING
    if LOGGER.isEnabledFor(level):
        # Built directly, because `LOGGER.log` would walk the stack to find the calling line.
        record = logging.LogRecord(LOGGER.name, level, __file__, 0, "%s", (decision.line(),), None, "log")
        LOGGER.handle(record)


def harmless(value: object) -> str | None:
    """Sanitise a token's value for the log; None if absent, `(withheld)` if it might be a secret."""
    if value is None:
        return None
    if not isinstance(value, str):
        return f"({type(value).__name__})"
    return _harmless(value) if len(value) <= LONGEST_VALUE else _shorten(value)


def _shorten(value: str) -> str:
    # Search only the shown part and secrets that begin in it: a stranger's long text must not cost time.
    return WITHHELD if _SECRET.search(value, 0, LONGEST_VALUE + 128) else f"{value[:LONGEST_VALUE]}..."


@lru_cache(maxsize=4096)
def _harmless(value: str) -> str:
    """Sanitise with a cache: issuers, keys and clients recur; long values, which would fill the memory, are not cached."""
    return WITHHELD if _SECRET.search(value) else value


def read_unverified(token: str | bytes) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return a refused token's header and claims as far as readable, only for the log. Never raises."""
    try:
        parts = compact.split(token)
    except Refusal:
        return {}, {}
    return _object(lambda: compact.read_header_members(parts.header_text)), _object(
        lambda: compact.read_json(parts.payload, Refusal)
    )


def _object(read: Callable[[], object]) -> Mapping[str, Any]:
    try:
        found = read()
    except Refusal:
        return {}
    return found if isinstance(found, dict) else {}


def _after_signature(refusal: Refusal) -> bool:
    return refusal.check in {7, 12, 14} or refusal.code in _SURELY_VERIFIED


def _verdict(refusal: Refusal | None, verified: bool) -> str:
    if refusal is None or verified:
        return "good"
    if refusal.check in {4, 5, 6} or refusal.code in _KEY_CODES:
        return refusal.code
    return "not looked at"


def _hash(identifier: object) -> str | None:
    if not isinstance(identifier, str):
        return None
    return hashlib.sha256(identifier.encode("utf-8", "replace")).hexdigest()[:32]
