"""Convert between command line options or JSON and revocations: kinds, times and durations."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from seawall_tokens.errors import RevocationInvalid
from seawall_tokens.refusals import Refusal, written_form
from seawall_tokens.revocation.entry import ANY_ISSUER, LONGEST_TOKEN, Kind
from seawall_tokens.revocation.store import StoredRevocation
from seawall_tokens.verify import compact

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_NAMED: Final[tuple[tuple[str, Kind], ...]] = (
    ("kid", "kid"),
    ("thumbprint", "thumbprint"),
    ("subject", "subject"),
    ("session", "session"),
    ("token_id", "token-id"),
    ("client", "client"),
)


def document_of(
    *,
    issuer: str | None,
    not_before: float | None,
    reason: str,
    who: str,
    lasts: float | None,
    now: float,
    **named: str | None,
) -> dict[str, Any]:
    """Return the members of the one `Revocation` that the options describe; raise `RevocationInvalid` for none or several.

    `named` are kid, thumbprint, subject, session, token_id and client. `not_before` allows only issuer and subject. A
    token id expires by itself unless `lasts` is given, because the token expires.
    """
    given = [(kind, named[name] or "") for name, kind in _NAMED if named.get(name) is not None]
    if len(given) > 1:
        raise RevocationInvalid(
            "more than one thing to revoke was given", fix="run the command once for each"
        )
    kind, value = given[0] if given else ("issuer", "")
    if not_before is not None:
        if kind not in {"issuer", "subject"}:
            raise RevocationInvalid("--not-before goes with --issuer, or with --issuer and --subject")
        kind = "not-before"
    if kind in {"issuer", "subject", "not-before"} and issuer is None:
        raise RevocationInvalid(
            f"kind {kind} needs --issuer", fix="the issuer exactly as in iss, or '*' for every issuer"
        )
    if lasts is None and kind == "token-id":
        lasts = LONGEST_TOKEN
    return {
        "kind": kind,
        "issuer": ANY_ISSUER if issuer is None else issuer,
        "value": value,
        "not_before": not_before,
        "reason": reason,
        "who": who,
        "expires": None if lasts is None else now + lasts,
    }


def token_named_by(token: str) -> tuple[str, str]:
    """Return an unverified token's issuer and id (`jti`, else `uti`); raise `RevocationInvalid` if it has none.

    Revoking what a hostile token names costs less than accepting it.
    """
    try:
        said = compact.read_json(compact.split(token).payload, written_form.PayloadNotJson)
    except Refusal as refusal:
        raise RevocationInvalid(f"no token: {refusal.words}") from None
    issuer = said.get("iss") if isinstance(said, dict) else None
    named = said.get("jti", said.get("uti")) if isinstance(said, dict) else None
    if not isinstance(issuer, str) or not isinstance(named, str) or not issuer or not named:
        raise RevocationInvalid(
            "the token has no iss, or neither jti nor uti", fix="revoke its session or its subject"
        )
    return issuer, named


def duration(text: str) -> float:
    """Parse `90s`, `30m`, `24h`, `7d` or `2w` to seconds; raise `RevocationInvalid` for anything else."""
    found = re.fullmatch(r"([0-9]{1,6})([smhdw])", text)
    if found is None or int(found[1]) == 0:
        raise RevocationInvalid(f"no duration: {text[:40]!r}", fix="a number and s, m, h, d or w: 24h")
    return float(int(found[1]) * _UNITS[found[2]])


def moment(value: object, name: str, *, now: float | None = None) -> float | None:
    """Parse a number, an RFC 3339 text with its zone, or `now` to seconds since 1970; None for None.

    Raises `RevocationInvalid` for anything else.
    """
    if value is None:
        return None
    if isinstance(value, str):
        if value == "now" and now is not None:
            return now
        if re.fullmatch(r"[0-9]{1,12}", value):
            return float(value)
        try:
            when = datetime.fromisoformat(value)
        except ValueError:
            when = None
        if when is not None and when.tzinfo is not None:
            return when.timestamp()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise RevocationInvalid(
        f"{name} must be a time with its zone (RFC 3339) or seconds since 1970", fix="2026-11-26T09:00:00Z"
    )


def describe_revocation(entry: StoredRevocation) -> dict[str, Any]:
    """Return an entry of the log as JSON values; times are RFC 3339 in UTC."""
    revocation, lifted = entry.revocation, entry.lifted
    return {
        "id": entry.sequence,
        "kind": revocation.kind,
        "issuer": revocation.issuer,
        "value": revocation.value,
        "not_before": write_revocation(revocation.not_before),
        "reason": revocation.reason,
        "who": revocation.who,
        "at": write_revocation(revocation.at),
        "expires": write_revocation(revocation.expires),
        "lifted": None
        if lifted is None
        else {"at": write_revocation(lifted[0]), "who": lifted[1], "reason": lifted[2]},
    }


def write_revocation(seconds: float | None) -> str | None:
    """Format a time as RFC 3339 in UTC, to the millisecond."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
