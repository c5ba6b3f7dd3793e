"""Verify an access token: `verify_access_token` runs every check of `examination`.

It raises only `Refusal`. An unexpected error is refused as `internal`, and dropped from the exception because it
might hold the token.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from seawall_tokens.jose.key import PublicKey
from seawall_tokens.refusals import Internal, Refusal
from seawall_tokens.refusals.claims import ScopeInsufficient
from seawall_tokens.verify import decision, examination
from seawall_tokens.verify.permissions import read_scopes, read_words

if TYPE_CHECKING:
    from seawall_tokens.policy.issuer_policy import IssuerPolicy, Policy
    from seawall_tokens.verify.replay import ReplayGuard
    from seawall_tokens.verify.request_binding import RequestBinding
    from seawall_tokens.verify.state import ExaminationState

_RUNS = tuple(check.run for check in examination.CHECKS)


@dataclass(slots=True, eq=False)
class AccessToken:
    """A token that passed every check. `policy` is the issuer's policy. Not frozen, because construction would be slower."""

    claims: Mapping[str, Any] = field(repr=False)
    header: Mapping[str, Any] = field(repr=False)
    issuer: str
    tenant: str | None
    key: PublicKey
    policy: IssuerPolicy

    @property
    def subject(self) -> str | None:
        """Return the subject (`sub`)."""
        subject: str | None = self.claims.get("sub")
        return subject

    @property
    def client(self) -> str | None:
        """Return the client that the token was issued to."""
        client: str | None = examination.client_of(self.claims)
        return client

    @property
    def scopes(self) -> frozenset[str]:
        """Return the scopes of the client (`scope`, `scp`)."""
        return read_scopes(self.claims)

    @property
    def roles(self) -> frozenset[str]:
        """Return the roles of the subject (`roles`)."""
        return frozenset(read_words(self.claims, "roles"))

    def require_scopes(self, *names: str) -> None:
        """Raise `Refusal` (`scope-insufficient`, status 403) unless the token has all these scopes."""
        if not self.scopes.issuperset(names):
            raise ScopeInsufficient(scopes=names)


def verify_access_token(
    token: str | bytes,
    policy: Policy,
    now: float,
    *,
    request: RequestBinding | None = None,
    replay: ReplayGuard | None = None,
    dry_run: bool = False,
) -> AccessToken:
    """Return the token's claims if all checks pass; raise `Refusal` otherwise.

    `now` is seconds since 1970. `request` describes how the token was presented; without it a sender-constrained
    token is refused, because its binding cannot be checked. The decision is logged to `seawall_tokens`: refusals as
    warnings, accepted tokens as information. With `dry_run` a refusal is still raised, but logged as `would-refuse`.
    """
    refusal: Refusal
    state: ExaminationState | None = None
    try:
        state = examination.begin(token, policy, now, request, replay)
        for run in _RUNS:
            run(state)
        if decision.LOGGER.isEnabledFor(logging.INFO):
            _log_accepted(state)
        return AccessToken(
            MappingProxyType(state.claims),
            state.header.members,
            state.issuer,
            state.tenant,
            state.held.key,
            state.entry,
        )
    except Refusal as raised:
        refusal = raised
    except Exception:  # noqa: BLE001 - whatever it is, the token has not been verified
        refusal = Internal()
    _log_refused(refusal, token, state, dry_run)
    raise refusal.without_context()


def _log_accepted(state: ExaminationState) -> None:
    thumbprint = state.held.key.thumbprint
    decision.log(
        decision.decide(
            None, header=state.header.members, claims=state.claims, thumbprint=thumbprint, now=state.now
        )
    )


def _log_refused(refusal: Refusal, token: str | bytes, state: ExaminationState | None, dry_run: bool) -> None:
    if not decision.LOGGER.isEnabledFor(logging.WARNING):
        return
    held = getattr(state, "held", None)
    try:
        header, claims = decision.read_unverified(token)
        decision.log(
            decision.decide(
                refusal,
                header=header,
                claims=claims,
                thumbprint=held.key.thumbprint if held is not None else None,
                now=state.now if state is not None else 0.0,
                dry_run=dry_run,
                verified=state is not None and state.verified,
            )
        )
    except Exception:  # noqa: BLE001 - the token is refused whether that can be logged or not
        with suppress(Exception):
            decision.LOGGER.warning('{"event": "token", "outcome": "refused", "code": "%s"}', refusal.code)
