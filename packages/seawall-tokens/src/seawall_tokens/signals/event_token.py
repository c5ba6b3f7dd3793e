"""Verify a Security Event Token (RFC 8417) and its transmitter.

Checks 1 to 8 are those of access tokens, with the transmitter's own policy. Differences: the type is `secevent+jwt`,
there is no `exp` (RFC 8417 section 2.2), and `jti`, `iat` and `events` are required.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from seawall_tokens.policy.issuer_policy import IssuerPolicy, KeySource, Policy, RevocationList
from seawall_tokens.refusals import Refusal, written_form
from seawall_tokens.verify import compact, key_checks
from seawall_tokens.verify.claim_checks import check_type
from seawall_tokens.verify.state import ExaminationState

ErrorCode = Literal[
    "invalid_request",
    "invalid_key",
    "invalid_issuer",
    "invalid_audience",
    "authentication_failed",
    "access_denied",
]
"""Error codes of RFC 8935 section 2.4."""

EVENT_TYPE = "secevent+jwt"
LONGEST_ID = 512
MOST_EVENTS = 16


class SignalRefused(Exception):
    """An event token is refused. `err` and `description` form the answer of RFC 8935 section 2.3.

    `temporary`: the fault is ours (unreachable key source, internal error), so the server answers 503 and the
    transmitter retries. The description never contains text of the token.
    """

    def __init__(self, err: ErrorCode, description: str, *, temporary: bool = False) -> None:
        super().__init__(f"{err}: {description}")
        self.err: ErrorCode = err
        self.description = description
        self.temporary = temporary


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmitter:
    """A transmitter whose events are accepted.

    `policy` describes its event tokens (`transmitter_policy` builds one). `speaks_for` are the issuers whose tokens
    it may revoke, exactly as in `iss`. `may_lift`: `account-enabled` lifts this transmitter's own `account-disabled`.
    `max_age` is an event token's maximum age; `memory` is how long a revoked session or an issue time bound is kept.
    Both are in seconds.
    """

    policy: IssuerPolicy
    speaks_for: tuple[str, ...]
    may_lift: bool = False
    max_age: int = 7 * 24 * 3600
    memory: int = 400 * 24 * 3600

    def __post_init__(self) -> None:
        """Raise `ValueError` unless every issuer is named exactly."""
        if not self.speaks_for or any(not name or name == "*" or "{" in name for name in self.speaks_for):
            raise ValueError("a transmitter speaks for issuers that are named exactly")
        if self.policy.is_templated:
            raise ValueError("a transmitter has one exact issuer")

    @property
    def who(self) -> str:
        """Return the name under which its revocations are recorded."""
        return f"transmitter:{self.policy.name}"


def transmitter_policy(
    *,
    name: str,
    issuer: str,
    audiences: Iterable[str],
    keys: KeySource,
    algorithms: Iterable[str] = ("RS256",),
    token_types: Iterable[str] = (EVENT_TYPE,),
    clock_skew: int = 60,
) -> IssuerPolicy:
    """Build the policy for a transmitter's event tokens; raise `ValueError` for contradictory values.

    `token_types` is for transmitters that set no `typ` or another one (`ABSENT_TYPE` of
    `seawall_tokens.policy.issuer_policy`).
    """
    return IssuerPolicy(
        name=name,
        issuer=issuer,
        audiences=frozenset(audiences),
        keys=keys,
        algorithms=frozenset(algorithms),
        token_types=frozenset(token_types),
        required_claims=("jti", "iat", "events"),
        clock_skew=clock_skew,
    )


@dataclass(frozen=True, slots=True)
class EventToken:
    """A verified event token. `events` maps each event type's URI to its members."""

    transmitter: Transmitter
    token_id: str
    issued_at: float
    claims: Mapping[str, Any]
    events: Mapping[str, Mapping[str, Any]]


class Transmitters:
    """All accepted transmitters."""

    def __init__(self, transmitters: Iterable[Transmitter]) -> None:
        self.all = tuple(transmitters)
        self._by_issuer = {one.policy.issuer: one for one in self.all}
        self._policy = Policy(tuple(one.policy for one in self.all))
        self._headers = compact.HeaderReader(capacity=256)

    def read(
        self, token: str | bytes, now: float, *, revocations: RevocationList | None = None
    ) -> EventToken:
        """Verify an event token; raise only `SignalRefused`.

        `revocations` is checked for the transmitter's key and issuer.
        """
        try:
            state = ExaminationState(token, self._policy, now, None, None)
            _verify(state, self._headers, revocations)
            return self._event_token(state)
        except SignalRefused:
            raise
        except Refusal as refusal:
            raise _translate(refusal) from None
        except Exception:  # noqa: BLE001 - whatever it is, the token was not verified; sent again it may be
            raise SignalRefused("invalid_request", "the token could not be judged", temporary=True) from None

    def _event_token(self, state: ExaminationState) -> EventToken:
        policy, claims = state.entry, state.claims
        transmitter = self._by_issuer[policy.issuer]
        _check_audience(claims.get("aud"), policy.audiences)
        if "sub" in claims or "exp" in claims:
            # SSF 1.0 sections 10.3.4 and 10.3.5: an event token must not pass for another kind of token.
            raise SignalRefused("invalid_request", "sub and exp have no place in an event token")
        token_id = claims.get("jti")
        if not isinstance(token_id, str) or not 0 < len(token_id) <= LONGEST_ID or "\0" in token_id:
            raise SignalRefused("invalid_request", "jti is missing or no text of sensible length")
        issued_at = _time(claims.get("iat"))
        if not state.now - transmitter.max_age <= issued_at <= state.now + policy.clock_skew:
            raise SignalRefused("invalid_request", "iat is in the future or too long ago")
        return EventToken(transmitter, token_id, issued_at, claims, _events(claims.get("events")))


def _verify(
    state: ExaminationState, headers: compact.HeaderReader, revocations: RevocationList | None
) -> None:
    state.compact = compact.split(state.token)
    state.header = headers.read(state.compact.header_text)
    compact.check_content_type(state.header.members)
    claims = compact.read_json(state.compact.payload, written_form.PayloadNotJson)
    if not isinstance(claims, dict):
        raise SignalRefused("invalid_request", "the claims are no object")
    state.claims = claims
    key_checks.find_issuer(state)
    check_type(state)
    key_checks.check_algorithm_allowed(state)
    key_checks.find_key(state)
    key_checks.check_key_issuer(state)
    key_checks.check_key_state(state)
    key_checks.check_key_fitness(state)
    key_checks.check_bound_algorithm(state)
    if revocations is not None:
        key = state.held.key
        revocations.refuse(
            issuer=state.issuer,
            kid=key.kid,
            thumbprint=key.thumbprint,
            subject=None,
            session=None,
            token_id=None,
            issued_at=_time(claims.get("iat")),
            client=None,
        )
    key_checks.check_signature(state)


def _check_audience(named: object, mine: frozenset[str]) -> None:
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise SignalRefused("invalid_audience", "aud is missing or malformed")
    if mine.isdisjoint(names):
        raise SignalRefused("invalid_audience", "the token is for somebody else")


def _time(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise SignalRefused("invalid_request", "iat is missing or no number")
    return float(value)


def _events(events: object) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(events, dict) or not events:
        raise SignalRefused("invalid_request", "there is no event")
    if len(events) > MOST_EVENTS or not all(isinstance(members, dict) for members in events.values()):
        raise SignalRefused("invalid_request", "events are too many or malformed")
    return events


_BY_CODE: Mapping[str, ErrorCode] = {
    "issuer-unknown": "invalid_issuer",
    "signature-invalid": "authentication_failed",
    "revoked-issuer": "access_denied",
}


def _translate(refusal: Refusal) -> SignalRefused:
    if refusal.code in {"key-source-unavailable", "revocations-unavailable"}:
        return SignalRefused("authentication_failed", refusal.words, temporary=True)
    by_check: ErrorCode = "invalid_key" if refusal.check in {2, 4, 5, 6, 11} else "invalid_request"
    if refusal.check == 8:
        by_check = "invalid_issuer"
    return SignalRefused(_BY_CODE.get(refusal.code, by_check), refusal.words)
