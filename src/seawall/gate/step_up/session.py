"""Identify the session to elevate by digests of a verified token's claims, so that the store holds no claims."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seawall_tokens.policy.prepared_policy import CLIENTS
from seawall_tokens.refusals.claims import ClaimMissing


@dataclass(frozen=True, slots=True)
class TokenSession:
    """Account and session of a token.

    `issuer` and `subject` name the account for administrators; `account` and `session` are digests of 32 bytes.
    """

    issuer: str
    subject: str
    account: bytes
    session: bytes


def account_digest(issuer: str, subject: str) -> bytes:
    """Return the digest of an account. Length prefixes keep different pairs apart."""
    return _digest("account", issuer, subject)


def read_token_session(claims: Mapping[str, Any]) -> TokenSession:
    """Return the session of a verified token. Raises `ClaimMissing` if it names no account or no session.

    The account is `oid` if present (in Microsoft Entra, `sub` differs between applications), else `sub`. The session is
    `sid`; a token without `sid` is its own session, by `jti` or `uti`. Client, tenant and bound key are part of the
    session: another client's token of the same `sid` is not elevated.
    """
    issuer, subject = _text(claims, "iss"), _text(claims, "oid") or _text(claims, "sub")
    name = _text(claims, "sid")
    token = "" if name else _text(claims, "jti") or _text(claims, "uti")
    if not issuer or not subject or not (name or token):
        raise ClaimMissing("iss, sub and one of sid, jti, uti")
    client = next((text for text in (_text(claims, name) for name in CLIENTS) if text), "")
    bound = claims.get("cnf")
    key = "" if not isinstance(bound, Mapping) else f"{bound.get('jkt', '')} {bound.get('x5t#S256', '')}"
    return TokenSession(
        issuer,
        subject,
        account_digest(issuer, subject),
        _digest("session", issuer, subject, _text(claims, "tid"), name, token, client, key),
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _digest(*parts: str) -> bytes:
    state = hashlib.sha256()
    for part in parts:
        octets = part.encode("utf-8", "surrogatepass")
        state.update(len(octets).to_bytes(8))
        state.update(octets)
    return state.digest()
