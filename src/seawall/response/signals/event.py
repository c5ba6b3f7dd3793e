"""Build event token claims: CAEP 1.0 and RISC 1.0 events about one account or session. Pure.

Only completed acts are sent, because receivers act on them: `account-disabled` locks the account at each receiver.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from seawall_base.errors import UsageError

CAEP: Final = "https://schemas.openid.net/secevent/caep/event-type/"
RISC: Final = "https://schemas.openid.net/secevent/risc/event-type/"
SSF: Final = "https://schemas.openid.net/secevent/ssf/event-type/"

EventName = Literal["session-revoked", "credential-change", "account-disabled", "account-enabled"]
URIS: Final[Mapping[EventName, str]] = {
    "session-revoked": f"{CAEP}session-revoked",
    "credential-change": f"{CAEP}credential-change",
    "account-disabled": f"{RISC}account-disabled",
    "account-enabled": f"{RISC}account-enabled",
}


def find_event(text: str) -> EventName:
    """Return the event with this name. Raises UsageError if there is none."""
    for name in URIS:
        if name == text:
            return name
    raise UsageError(f"{text!r} is not an event", fix=f"one of {', '.join(URIS)}")


CREDENTIALS: Final = (
    "password", "pin", "x509", "fido2-platform", "fido2-roaming", "fido-u2f", "verifiable-credential",
    "phone-voice", "phone-sms", "app",
)  # fmt: skip
"""Credential types of CAEP 1.0, section 3.3.1."""

CHANGES: Final = ("create", "revoke", "update", "delete")


LONGEST: Final = 1024


@dataclass(frozen=True, slots=True)
class EventSubject:
    """The subject of an event: the account `account` (`sub`) of the issuer `issuer`, or one session of it.

    `email` identifies the account for receivers that know only addresses.
    """

    issuer: str = ""
    account: str = ""
    session: str = ""
    email: str = ""

    def __post_init__(self) -> None:
        """Refuse an empty subject, an account without issuer, and overlong names."""
        texts = (self.issuer, self.account, self.session, self.email)
        if any(len(text) > LONGEST or "\0" in text for text in texts):
            raise UsageError(f"a subject's name is longer than {LONGEST} characters or holds NUL")
        if (self.account or self.session) and not self.issuer:
            raise UsageError(
                "an account or session needs its issuer",
                fix="give the issuer: --issuer https://login.example.com",
            )
        if not (self.account or self.session or self.email):
            raise UsageError(
                "the signal names no account, session or e-mail address",
                fix="give --account, --session or --email",
            )

    def identifier(self) -> dict[str, Any]:
        """Return a subject identifier (RFC 9493): an account, its aliases, or a session with its account."""
        names = []
        if self.account:
            names.append({"format": "iss_sub", "iss": self.issuer, "sub": self.account})
        if self.email:
            names.append({"format": "email", "email": self.email})
        user: dict[str, Any] = names[0] if len(names) == 1 else {"format": "aliases", "identifiers": names}
        if not self.session:
            return user
        session = {"format": "opaque", "id": self.session}  # the format that CAEP 1.0 uses for sessions
        return {"format": "complex", "session": session} | ({"user": user} if names else {})


@dataclass(frozen=True, slots=True)
class SignalNotice:
    """One act to announce, done at `at` (microseconds since the epoch). `reason` is for the receiver's administrators.

    `change` and `credential` belong to `credential-change`.
    """

    event: EventName
    subject: EventSubject
    at: int
    reason: str = ""
    credential: str = "password"
    change: str = "update"

    def __post_init__(self) -> None:
        """Refuse values that the specifications do not define."""
        find_event(self.event)
        if self.credential not in CREDENTIALS:
            raise UsageError(f"{self.credential!r} is no credential", fix=f"one of {', '.join(CREDENTIALS)}")
        if self.change not in CHANGES:
            raise UsageError(f"{self.change!r} is no change", fix=f"one of {', '.join(CHANGES)}")
        if len(self.reason) > LONGEST:
            raise UsageError(f"the reason is longer than {LONGEST} characters")

    def members(self) -> dict[str, Any]:
        """Return the event's members."""
        found: dict[str, Any] = {}
        if self.event == "credential-change":
            found |= {"credential_type": self.credential, "change_type": self.change}
        if self.event == "account-disabled":
            return {"reason": "hijacking"}
        if self.event == "account-enabled":
            return found
        found |= {"event_timestamp": self.at // 1_000_000, "initiating_entity": "admin"}
        return found | ({"reason_admin": {"en": self.reason}} if self.reason else {})


def make_token_id(issuer: str, audience: str, notice: SignalNotice) -> str:
    """Return the event token's id (`jti`).

    It is the same for the same notice and receiver, so a repeated token counts once.
    """
    content = [issuer, audience, notice.event, notice.subject.identifier(), notice.at, notice.members()]
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def make_claims(notice: SignalNotice, *, issuer: str, audience: str, issued_at: int) -> dict[str, Any]:
    """Return the event token's claims (RFC 8417, SSF 1.0): no `sub`, no `exp`. `issued_at` is in seconds."""
    return {
        "iss": issuer,
        "aud": audience,
        "iat": issued_at,
        "jti": make_token_id(issuer, audience, notice),
        "sub_id": notice.subject.identifier(),
        "events": {URIS[notice.event]: notice.members()},
    }


def make_verification_claims(
    *, issuer: str, audience: str, issued_at: int, stream: str, state: str
) -> dict[str, Any]:
    """Return the claims of a stream's verification event (SSF 1.0 section 8.1.4), with the receiver's `state`."""
    name = hashlib.sha256(json.dumps([stream, state, issued_at]).encode("ascii")).hexdigest()[:32]
    return {
        "iss": issuer,
        "aud": audience,
        "iat": issued_at,
        "jti": name,
        "sub_id": {"format": "opaque", "id": stream},
        "events": {f"{SSF}verification": {"state": state} if state else {}},
    }
