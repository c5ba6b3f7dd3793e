"""Derive revocations from Shared Signals events (CAEP 1.0, RISC 1.0). Pure: no store, no network.

A disabled account and an ended session have no valid tokens; a changed credential makes earlier tokens doubtful. An
ambiguous event is read as the worse of its meanings. Unknown events are counted and are no error (RFC 8417 section
2.2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from seawall_tokens.errors import RevocationInvalid
from seawall_tokens.revocation.entry import LONGEST_TOKEN, Kind, Revocation
from seawall_tokens.revocation.store import Lift, Signal
from seawall_tokens.signals.event_token import EventToken, SignalRefused, Transmitter
from seawall_tokens.signals.subjects import Resolver, Subjects, subjects_of

CAEP: Final = "https://schemas.openid.net/secevent/caep/event-type/"
RISC: Final = "https://schemas.openid.net/secevent/risc/event-type/"
STREAM: Final = (
    "https://schemas.openid.net/secevent/ssf/event-type/",
    "https://schemas.openid.net/secevent/sse/event-type/",
)

Effect = Literal["tokens", "session", "account", "lift", "none"]
"""The effect of an event.

`tokens`: tokens issued before it are refused. `session`: the session is refused, or tokens if there is none.
`account`: the account is refused. `lift`: the account's revocation is lifted. `none`: nothing.
"""

Outcome = Literal["revoked", "lifted", "noted", "unresolved", "unknown", "verification", "stream"]


def _always(effect: Effect) -> Callable[[Mapping[str, Any]], Effect]:
    return lambda _: effect


def _unless(member: str, *harmless: str) -> Callable[[Mapping[str, Any]], Effect]:
    """Return a rule: refuse tokens unless the member has a harmless value. Missing or malformed is not harmless."""
    return lambda event: "none" if event.get(member) in harmless else "tokens"


EFFECTS: Mapping[str, Callable[[Mapping[str, Any]], Effect]] = {
    CAEP + "session-revoked": _always("session"),
    CAEP + "token-claims-change": _always("tokens"),
    CAEP + "credential-change": _unless("change_type", "create"),
    CAEP + "assurance-level-change": _unless("change_direction", "increase"),
    CAEP + "device-compliance-change": _unless("current_status", "compliant"),
    CAEP + "risk-level-change": _unless("current_level", "LOW", "MEDIUM"),
    CAEP + "session-established": _always("none"),
    CAEP + "session-presented": _always("none"),
    RISC + "account-disabled": _always("account"),
    RISC + "account-purged": _always("account"),
    RISC + "account-enabled": _always("lift"),
    RISC + "account-credential-change-required": _always("tokens"),
    RISC + "credential-compromise": _always("tokens"),
    RISC + "sessions-revoked": _always("tokens"),
    RISC + "identifier-changed": _always("tokens"),
    RISC + "identifier-recycled": _always("tokens"),
    RISC + "opt-in": _always("none"),
    RISC + "opt-out-initiated": _always("none"),
    RISC + "opt-out-cancelled": _always("none"),
    RISC + "opt-out-effective": _always("none"),
    RISC + "recovery-activated": _always("none"),
    RISC + "recovery-information-changed": _always("none"),
}
"""Every known event by URI."""


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """The result of one event. `name` is its last path segment if the event is known, else `unknown`."""

    name: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class SignalEffects:
    """Instructions to the receiver: store `signal`, count `events`, and update the stream's state.

    `verification` is the `state` of a verification event, `stream` the new status in a stream-updated event.
    `unresolved` are formats of subjects that do not occur in tokens: nothing was revoked for them.
    """

    signal: Signal
    events: tuple[EventOutcome, ...]
    unresolved: tuple[str, ...] = ()
    verification: str | None = None
    stream: str | None = None


@dataclass(slots=True)
class _Gathered:
    revocations: list[Revocation] = field(default_factory=list)
    lifts: list[Lift] = field(default_factory=list)
    events: list[EventOutcome] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    verification: str | None = None
    stream: str | None = None


def interpret_event_token(token: EventToken, now: float, *, resolve: Resolver | None = None) -> SignalEffects:
    """Derive the effects of a verified event token.

    Raises `SignalRefused` if one of its events is malformed or outside the transmitter's authority. All events count
    or none. A repeated token has the same effects: the store recognises it by transmitter and `jti`.
    """
    gathered = _Gathered()
    for uri, event in token.events.items():
        try:
            _gather(token, uri, event, now, gathered, resolve)
        except RevocationInvalid:
            raise SignalRefused("invalid_request", "the event names nothing that can be revoked") from None
    who = token.transmitter.who
    return SignalEffects(
        signal=Signal(
            transmitter=token.transmitter.policy.issuer,
            token_id=token.token_id,
            who=who,
            at=now,
            reason="; ".join(sorted({one.name for one in gathered.events})),
            revocations=tuple(gathered.revocations),
            lifts=tuple(gathered.lifts),
        ),
        events=tuple(gathered.events),
        unresolved=tuple(gathered.unresolved),
        verification=gathered.verification,
        stream=gathered.stream,
    )


def _gather(
    token: EventToken,
    uri: str,
    event: Mapping[str, Any],
    now: float,
    gathered: _Gathered,
    resolve: Resolver | None,
) -> None:
    name = uri.rsplit("/", 1)[-1]
    if uri.startswith(STREAM) and name in {"verification", "stream-updated"}:
        _stream(name, event, gathered)
        return
    effect_of = EFFECTS.get(uri)
    if effect_of is None:
        gathered.events.append(EventOutcome("unknown", "unknown"))
        return
    effect = effect_of(event)
    if effect == "none" or (effect == "lift" and not token.transmitter.may_lift):
        gathered.events.append(EventOutcome(name, "noted"))
        return
    identifier = event.get("subject", token.claims.get("sub_id"))
    found = subjects_of(identifier, token.transmitter.speaks_for, resolve)
    gathered.unresolved += found.unresolved
    moment = _moment(event, token, now)
    before = len(gathered.revocations)
    gathered.revocations += _revocations(effect, name, found, moment, token.transmitter)
    if effect == "lift":
        gathered.lifts += [
            Lift(("subject", issuer, subject), moment) for issuer, subject in sorted(found.accounts)
        ]
        gathered.events.append(EventOutcome(name, "lifted" if found.accounts else "unresolved"))
    else:
        revoked = len(gathered.revocations) > before
        gathered.events.append(EventOutcome(name, "revoked" if revoked else "unresolved"))


def _stream(name: str, event: Mapping[str, Any], gathered: _Gathered) -> None:
    if name == "verification":
        state = event.get("state", "")
        if not isinstance(state, str) or len(state) > 1024:
            raise SignalRefused("invalid_request", "state is no text of sensible length")
        gathered.verification = state
        gathered.events.append(EventOutcome(name, "verification"))
        return
    status = event.get("status")
    if status not in {"enabled", "paused", "disabled"}:
        raise SignalRefused("invalid_request", "status is none of enabled, paused, disabled")
    gathered.stream = str(status)
    gathered.events.append(EventOutcome(name, "stream"))


def _revocations(
    effect: Effect, name: str, found: Subjects, moment: float, transmitter: Transmitter
) -> list[Revocation]:
    def entry(
        kind: Kind, issuer: str, value: str, lasts: float | None, bound: float | None = None
    ) -> Revocation:
        return Revocation(
            kind=kind,
            issuer=issuer,
            value=value,
            not_before=bound,
            reason=name,
            who=transmitter.who,
            at=moment,
            expires=None if lasts is None else moment + lasts,
        )

    made = [entry("token-id", issuer, value, LONGEST_TOKEN) for issuer, value in sorted(found.token_ids)]
    sessions = [
        entry("session", issuer, value, transmitter.memory) for issuer, value in sorted(found.sessions)
    ]
    # Token times are whole seconds, so refuse those of the event's second too.
    bounds = [
        entry("not-before", issuer, value, transmitter.memory, math.floor(moment) + 1.0)
        for issuer, value in sorted(found.accounts)
    ]
    if effect == "account":
        made += [entry("subject", issuer, value, None) for issuer, value in sorted(found.accounts)]
        return made + sessions
    if effect == "session" and sessions:
        return made + sessions
    if effect == "tokens" and sessions and not bounds:
        return made + sessions
    return made + bounds


def _moment(event: Mapping[str, Any], token: EventToken, now: float) -> float:
    """Return the credible time of an event: not in the future, not missing.

    It is also not earlier than an event token's maximum age: a 0 here would revoke nothing.
    """
    when, oldest = event.get("event_timestamp"), token.issued_at - token.transmitter.max_age
    if isinstance(when, bool) or not isinstance(when, (int, float)) or not oldest <= when <= now:
        return min(token.issued_at, now)
    return float(when)
