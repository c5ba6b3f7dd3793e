"""Authorise one request in five steps.

1. Match the path against the rules. A public path needs no further step.
2. Verify the token: checks 1 to 13 by `seawall_tokens.verify.access_token`. Check 14 is removed from the policy, because an
   elevation may satisfy it.
3. Check issuer, audience, scopes, roles and claims against the rules of the path.
4. Check 14: the authentication that issuer, path and risk require. The token or an elevation must satisfy it.
5. Build the headers with the identity.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seawall.gate import refusals, requirements
from seawall.gate.identity import NOBODY, identity_headers
from seawall.gate.non_blocking_keys import NonBlockingKeySource
from seawall.gate.path_rules import NO_RULE, PathMatch, PathRules
from seawall.gate.recent_tokens import RecentTokens, VerifiedToken
from seawall.gate.request_path import is_escaped_needlessly
from seawall.gate.responses import NO_PARAMETERS, WITH_DPOP, ChallengeParameters, Headers
from seawall_tokens.refusals import Refusal
from seawall_tokens.refusals.written_form import TokenMissing
from seawall_tokens.verify.permissions import read_scopes, read_words
from seawall_tokens.verify.request_binding import RequestBinding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.gate.elevation import StepUp
    from seawall.gate.original_request import OriginalRequest
    from seawall.gate.path_rule import PathRule
    from seawall.gate.risk import RiskList
    from seawall.gate.settings import GateSettings
    from seawall_tokens.policy.issuer_policy import IssuerPolicy, Policy, RevocationList
    from seawall_tokens.verify.access_token import AccessToken
    from seawall_tokens.verify.replay import Nonces, ReplayGuard


@dataclass(slots=True)
class AllowDecision:
    """The request is allowed. `issuer` is the name in the policy; on a public path it is empty and `verified` is None.

    Not frozen, because construction would be slower; the same holds for the request and the response.
    """

    issuer: str
    identity: Headers
    verified: VerifiedToken | None


@dataclass(slots=True)
class RequestContext:
    """Facts about a request, collected during authorisation, and available even if it ends in a refusal."""

    request: OriginalRequest
    compact: bytes = b""
    issuer: str = ""
    verified: VerifiedToken | None = None
    challenge: ChallengeParameters = NO_PARAMETERS


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAuthoriser:
    """Authorise requests under one policy. Threads may share an instance.

    `policy` has `NonBlockingKeySource` for keys and no check 14; `asked` holds the requirements of check 14 by issuer name.
    `wants_proofs`: some issuer's tokens must be sender-constrained, so that challenges mention DPoP.
    """

    settings: GateSettings
    policy: Policy
    recent: RecentTokens
    asked: Mapping[str, requirements.AuthenticationRequirement]
    rules: PathRules
    risk: RiskList
    replay: ReplayGuard
    nonces: Nonces
    step_up: StepUp | None = None
    wants_proofs: bool = False

    def authorise(self, context: RequestContext, now: float) -> AllowDecision:
        """Return the decision to allow, or raise `Refusal` or `GateRefusal`; fill `context` with facts on the way.

        In a thread that must not wait, this also raises `KeyNotCached`: authorise again in a thread that may.
        """
        request = context.request
        if self.rules and not request.path:
            raise refusals.ForwardedMissing
        match = self._match(request)
        if match.public:
            return AllowDecision("", [*NOBODY], None)
        verified = self._verify(context, now)
        for rule in match.rules:
            _check_path(rule, verified.token, context)
        self._check_authentication(match, verified.token, context, now)
        if verified.identity is None:
            verified.identity = identity_headers(verified.token.claims)
        return AllowDecision(context.issuer, verified.identity, verified)

    def _match(self, request: OriginalRequest) -> PathMatch:
        if not self.rules:
            return NO_RULE
        escaped = is_escaped_needlessly(request.target)
        return self.rules.match(request.path, request.method, overridden=request.overridden, escaped=escaped)

    def verified_claims(self, context: RequestContext, now: float) -> Mapping[str, Any]:
        """Return the claims of the request's token after checks 1 to 13, whatever path and risk require."""
        return self._verify(context, now).token.claims

    def _verify(self, context: RequestContext, now: float) -> VerifiedToken:
        request = context.request
        context.challenge = WITH_DPOP if self.wants_proofs else NO_PARAMETERS
        compact, binding = self._credentials(request)
        context.compact = compact
        context.challenge = WITH_DPOP if binding.scheme == "DPoP" else NO_PARAMETERS
        try:
            verified = self.recent.verify(compact, now, request=binding, replay=self.replay)
        except Refusal as refusal:
            if refusal.challenge == "use_dpop_nonce" or (
                binding.scheme == "DPoP" and self.settings.dpop_nonces
            ):
                context.challenge = ChallengeParameters(dpop=True, nonce=self.nonces.issue(now))
            raise
        context.verified = verified
        context.issuer = verified.token.policy.name
        return verified

    def _credentials(self, request: OriginalRequest) -> tuple[bytes, RequestBinding]:
        scheme, _, token = (request.authorization or b"").partition(b" ")
        scheme = scheme.lower()
        if scheme not in {b"bearer", b"dpop"} or not token.strip(b" "):
            raise TokenMissing
        binding = RequestBinding(
            method=request.method,
            url=request.url,
            scheme="DPoP" if scheme == b"dpop" else "Bearer",
            proofs=tuple(proof.decode("latin-1") for proof in request.proofs),
            certificate=request.certificate,
            nonces=self.nonces if self.settings.dpop_nonces else None,
        )
        return token.strip(b" "), binding

    def _check_authentication(
        self, match: PathMatch, token: AccessToken, context: RequestContext, now: float
    ) -> None:
        if self.risk.refuses_all:
            raise refusals.RiskUnknown
        incident = self.risk.incident_of(token.claims)
        if incident is not None and self.settings.risk.then == "refuse":
            raise refusals.RiskRaised
        of_issuer = self.asked.get(context.issuer)
        if of_issuer is None and incident is None and not match.rules:
            return
        found = (
            of_issuer,
            *(requirements.path_requirement(rule) for rule in match.rules),
            requirements.risk_requirement(incident, self.settings.risk),
        )
        asked = [requirement for requirement in found if requirement is not None]
        if not asked:
            return
        skew = token.policy.clock_skew
        given = [requirements.authentication_of_claims(token.claims)]
        unmet = requirements.find_unmet(asked, given, now, skew)
        if unmet and self.step_up is not None:
            # The token may satisfy one requirement and an elevation another, but each requirement must be satisfied by one
            # of them alone.
            held = self.step_up.elevations_of(token.claims, context.request.path, now, within=match.within)
            given += [
                requirements.authentication_of_elevation(one, token.claims) for one in held if one.until > now
            ]
            unmet = requirements.find_unmet(asked, given, now, skew)
        if not unmet:
            return
        fault, requirement = unmet[0]
        helps = self.step_up is not None and not requirements.find_unmet(
            [one for _, one in unmet],
            requirements.reachable_authentications(self.settings.step_up, token.claims, now),
            now,
            skew,
        )
        context.challenge = dataclasses.replace(
            requirement.challenge_parameters(now), dpop=context.challenge.dpop, step_up=helps
        )
        raise fault


def _check_path(rule: PathRule, token: AccessToken, context: RequestContext) -> None:
    claims = token.claims
    if rule.issuers and context.issuer not in rule.issuers:
        raise refusals.IssuerNotHere
    if rule.audiences and not set(rule.audiences) & _audiences(claims, token.policy.audience_claim):
        raise refusals.AudienceNotHere
    if rule.scopes and not read_scopes(claims).issuperset(rule.scopes):
        context.challenge = ChallengeParameters(scopes=rule.scopes, dpop=context.challenge.dpop)
        raise refusals.PathScopeInsufficient
    if rule.roles and not set(rule.roles) & set(read_words(claims, "roles")):
        raise refusals.RoleInsufficient
    if (unmet := rule.claims.unmet(claims)) is not None:
        raise refusals.ClaimNotHere(unmet if unmet.isprintable() else "")


def _audiences(claims: Mapping[str, Any], claim: str) -> set[str]:
    named = claims.get(claim)
    return {named} if isinstance(named, str) else {name for name in named or () if isinstance(name, str)}


def remove_check_14(entry: IssuerPolicy) -> IssuerPolicy:
    """Return an issuer's policy for the event loop, with check 14 left to the gate."""
    return dataclasses.replace(
        entry,
        keys=NonBlockingKeySource(entry.keys),
        acr_values=(),
        required_amr=frozenset(),
        max_authentication_age=None,
    )


def make_request_authoriser(
    settings: GateSettings,
    policy: Policy,
    *,
    revocations: RevocationList,
    risk: RiskList,
    replay: ReplayGuard,
    nonces: Nonces,
    step_up: StepUp | None,
) -> RequestAuthoriser:
    """Build the authoriser of a worker."""
    asked = {entry.name: requirements.issuer_requirement(entry) for entry in policy.issuers}
    issuers = tuple(remove_check_14(entry) for entry in policy.issuers)
    prepared = dataclasses.replace(policy, issuers=issuers, revocations=revocations)
    return RequestAuthoriser(
        settings=settings,
        policy=prepared,
        recent=RecentTokens(prepared),
        asked={name: requirement for name, requirement in asked.items() if requirement is not None},
        rules=PathRules(settings.paths),
        risk=risk,
        replay=replay,
        nonces=nonces,
        step_up=step_up,
        wants_proofs=any(entry.sender in {"dpop", "required"} for entry in issuers),
    )
