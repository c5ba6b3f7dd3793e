"""Cache tokens that this worker verified moments ago, so that a burst of requests verifies signatures only twice.

The cache holds only results that cannot change: the parsed token, and that a certain key signed it. Everything else is
checked for every request, by the same functions in the same order. These are: whether the issuer still has the key (4), the
key's state (5), revocations (11), times (10) and the sender (12). If the lookup gives another key, the token is verified
anew.

The cache key is a keyed digest, entries last seconds, and each authoriser has its own cache, so that a new policy starts
empty. A token is cached at its second use: tokens used once leave nothing for the garbage collector.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from seawall_tokens.policy.prepared_policy import prepare_policy
from seawall_tokens.refusals import Internal, Refusal
from seawall_tokens.verify import claim_checks, examination, key_checks
from seawall_tokens.verify.access_token import AccessToken, verify_access_token
from seawall_tokens.verify.compact import Header
from seawall_tokens.verify.state import ExaminationState

if TYPE_CHECKING:
    from seawall.gate.responses import Headers
    from seawall_tokens.policy.issuer_policy import Policy
    from seawall_tokens.verify.replay import ReplayGuard
    from seawall_tokens.verify.request_binding import RequestBinding

SECONDS: Final = 2.0
MOST: Final = 2048

_AGAIN: Final = (
    key_checks.check_key_state,
    examination.check_revocations,
    claim_checks.check_times,
    examination.check_binding,
)


@dataclass(slots=True)
class VerifiedToken:
    """A verified token and the time until which it is cached.

    `identity` and `line` cache the headers and the two halves of the log line around its time; both follow from the token.
    """

    token: AccessToken
    until: float
    header: Header | None = None
    identity: Headers | None = None
    line: tuple[str, str] | None = None


class RecentTokens:
    """Verify access tokens under one policy with a cache. Threads may share an instance: dictionary operations are atomic."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._key = os.urandom(32)
        self._young: dict[bytes, VerifiedToken] = {}
        self._old: dict[bytes, VerifiedToken] = {}
        self._met: dict[bytes, float] = {}
        """Tokens seen once, by digest, with the time until which that is remembered."""

    def verify(
        self, token: bytes, now: float, *, request: RequestBinding, replay: ReplayGuard
    ) -> VerifiedToken:
        """Return the verified token like `verify_access_token`. Raises `Refusal`, or `KeyNotCached` in the event loop."""
        place = blake2b(token, digest_size=32, key=self._key).digest()
        recent = self._young.get(place) or self._old.get(place)
        if recent is not None and 0 <= recent.until - now <= SECONDS:
            verified = self._verify_again(recent, token, now, request, replay)
            if verified is not None:
                return verified
        found = verify_access_token(token, self._policy, now, request=request, replay=replay)
        return self._remember(place, found, now)

    def _verify_again(
        self, recent: VerifiedToken, token: bytes, now: float, request: RequestBinding, replay: ReplayGuard
    ) -> VerifiedToken | None:
        """Return the cached token after all checks that can change, None if its key is another one now."""
        known = recent.token
        try:
            state = examination.begin(token, self._policy, now, request, replay)
            fill_state(state, known, _header_of(recent))
            key_checks.find_key(state)
            if state.held.key is not known.key:
                return None
            for check in _AGAIN:
                check(state)
        except Refusal as refusal:
            raise refusal.with_traceback(None) from None
        except Exception:  # noqa: BLE001 - whatever the error, the token is not verified
            raise Internal from None
        return recent

    def _remember(self, place: bytes, found: AccessToken, now: float) -> VerifiedToken:
        verified = VerifiedToken(found, now + SECONDS)
        if not 0 <= self._met.get(place, 0.0) - now <= SECONDS:
            if len(self._met) >= MOST:
                self._met = {}
            self._met[place] = now + SECONDS
            return verified
        if len(self._young) >= MOST // 2:
            self._old, self._young = self._young, {}
        self._young[place] = verified
        return verified


def fill_state(state: ExaminationState, known: AccessToken, header: Header) -> None:
    """Fill a new examination with the cached facts about the token."""
    state.claims = known.claims
    state.header = header
    state.issuer = known.issuer
    state.tenant = known.tenant
    state.entry = known.policy
    state.plan = prepare_policy(known.policy)


def _header_of(verified: VerifiedToken) -> Header:
    """Return the header as the checks read it, made at the second use: most tokens come once."""
    if verified.header is None:
        members = verified.token.header
        verified.header = Header(members["alg"], members.get("kid"), members.get("typ"), members)
    return verified.header
