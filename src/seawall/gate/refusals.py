"""Refusals of the gate itself, besides the fifteen checks of a token: proxy headers, path rules, risk."""

from __future__ import annotations

from typing import ClassVar


class GateRefusal(Exception):
    """A request is refused for a reason outside the token's fifteen checks.

    The attributes are those of `seawall_tokens.refusals.Refusal`; `check` is 0. The class is separate, so that the table of
    token refusals lists only what a verifier can raise.
    """

    code: ClassVar[str] = "gate"
    check: ClassVar[int] = 0
    words: ClassVar[str] = "the gate refuses this request"
    status: ClassVar[int] = 403
    challenge: ClassVar[str | None] = None

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class ProxyUnlisted(GateRefusal):
    """The peer is not a trusted proxy."""

    code = "proxy-unlisted"
    words = "the sender is not in `trusted_proxies`"


class ForwardedMissing(GateRefusal):
    """There are path rules, and the proxy does not state the path."""

    code = "forwarded-missing"
    words = "the proxy does not state the path of the request"


class ForwardedMalformed(GateRefusal):
    """A header of the proxy is malformed."""

    code = "forwarded-malformed"
    words = "a header of the proxy is malformed"


class ForwardedConflict(GateRefusal):
    """Two headers state different requests, so one of them may come from the client."""

    code = "forwarded-conflict"
    words = "two headers state different requests"


class HeaderRepeated(GateRefusal):
    """A header that affects the decision occurs twice."""

    code = "header-repeated"
    words = "a header that affects the decision occurs twice"


class HeaderAmbiguous(GateRefusal):
    """A header name (`X.Auth_Subject`) may be confused with another by applications that fold `_` and `.` to `-`."""

    code = "header-ambiguous"
    words = (
        "an application could confuse a header with another one: the names differ only in `_`, `.` or similar"
    )


class HeaderHopByHop(GateRefusal):
    """`Connection` names a header, `Trailer` names a guarded one, or `Upgrade` would open a tunnel past the gate."""

    code = "header-hop-by-hop"
    words = (
        "`Connection`, `Trailer` or `Upgrade` makes the proxy drop or replace headers that the gate checks"
    )


class OriginUnknown(GateRefusal):
    """The request is for an origin that is not in the settings."""

    code = "origin-unknown"
    words = "the request is for an origin that `origins` does not list"


class PathAmbiguous(GateRefusal):
    """The path can be read in two ways."""

    code = "path-ambiguous"
    words = "gate and application could read the path in different ways"


class MethodOverride(GateRefusal):
    """Path rules depend on the method, and the request asks the application to act on another one."""

    code = "method-override"
    words = "the request overrides its method, and the path rules depend on the method"


class IssuerNotHere(GateRefusal):
    """The path accepts only tokens of other issuers."""

    code = "path-issuer"
    words = "the path rule accepts no tokens of this issuer"


class AudienceNotHere(GateRefusal):
    """The path requires another audience."""

    code = "path-audience"
    words = "the token lacks the audience that the path rule requires"


class PathScopeInsufficient(GateRefusal):
    """The path requires scopes that the token lacks."""

    code = "path-scope"
    words = "the token lacks a scope that the path rule requires"
    challenge = "insufficient_scope"


class RoleInsufficient(GateRefusal):
    """The path requires a role that the token lacks."""

    code = "path-role"
    words = "the token lacks a role that the path rule requires"


class ClaimNotHere(GateRefusal):
    """The path requires a value of a claim that the token lacks."""

    code = "path-claim"
    words = "a claim of the token lacks the value that the path rule requires"


class RiskRaised(GateRefusal):
    """An incident was raised for the account, and the settings refuse such accounts."""

    code = "risk-raised"
    words = "an incident was raised for this account"


class RiskUnknown(GateRefusal):
    """The file of incidents is missing or invalid, so that no account's risk is known."""

    code = "risk-unknown"
    words = "the incidents file is missing or invalid, so the risk of the account is unknown"
    status = 503


class ClaimTooLong(GateRefusal):
    """A claim does not fit into a header; truncated, it could be another account's."""

    code = "claim-too-long"
    words = "a claim of the token does not fit into a header"


class TooSlow(GateRefusal):
    """The decision took longer than the settings allow."""

    code = "too-slow"
    words = "the decision took longer than `patience` allows"
    status = 503


class NotReady(GateRefusal):
    """The worker has no usable policy or store."""

    code = "not-ready"
    words = "the gate has no usable policy or store at present"
    status = 503


class GateBroken(GateRefusal):
    """An unexpected error occurred in the gate itself."""

    code = "gate-broken"
    words = "an unexpected error occurred in the gate"
    status = 503


class StepUpNeeded(GateRefusal):
    """An incident was raised for the account: it must authenticate again (RFC 9470)."""

    code = "risk-step-up"
    words = "an incident was raised for this account: it must sign in again"
    status = 401
    challenge = "insufficient_user_authentication"


GATE_REFUSALS: dict[str, type[GateRefusal]] = {kind.code: kind for kind in GateRefusal.__subclasses__()}
"""Every refusal of the gate itself, by code."""
