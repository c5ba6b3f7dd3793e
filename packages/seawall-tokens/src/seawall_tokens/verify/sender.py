"""Check 12: the presenter of a sender-constrained token is its rightful sender.

A token may be bound by its claim `cnf` (RFC 7800). DPoP (RFC 9449) binds it to a key, which signs a proof for every
request. mTLS (RFC 8705) binds it to a client certificate. A bound token without proof is refused as stolen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seawall_tokens.refusals import sender
from seawall_tokens.verify.client_certificate import thumbprint_of
from seawall_tokens.verify.proof import check_proof
from seawall_tokens.verify.replay import ReplayGuard

if TYPE_CHECKING:
    from seawall_tokens.policy.issuer_policy import IssuerPolicy

from seawall_tokens.verify.request_binding import RequestBinding

LONGEST_THUMBPRINT = 43
"""Characters of a SHA-256 in base64url, the length of every supported binding."""


def check_sender(
    token: str | bytes,
    claims: Mapping[str, Any],
    policy: IssuerPolicy,
    request: RequestBinding | None,
    replay: ReplayGuard | None,
    now: float,
) -> None:
    """Raise the fitting refusal unless the request proves the token's `cnf` as the policy demands.

    1. The policy's demand: the token is bound, and in the demanded way.
    2. Every member of `cnf` must be known and well formed: an unknown binding cannot be proved.
    3. A token bound to a key uses the scheme DPoP, any other does not.
    4. Each binding is proved, both if there are two.
    """
    jkt, certificate = _bindings(claims)
    _check_demand(policy.sender, jkt, certificate)
    if request is None:
        if jkt is None and certificate is None:
            return
        raise sender.SenderDowngrade("the request was not given")
    if jkt is None and request.scheme != "Bearer":
        raise sender.DpopUnbound
    if certificate is not None:
        if request.certificate is None:
            raise sender.MtlsMissing
        if thumbprint_of(request.certificate) != certificate:
            raise sender.MtlsMismatch
    if jkt is not None:
        if request.scheme != "DPoP":
            raise sender.SenderDowngrade
        check_proof(
            token if isinstance(token, str) else token.decode("ascii"),
            jkt,
            request,
            replay,
            now,
            skew=policy.clock_skew,
        )


def _bindings(claims: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the thumbprints of key and certificate that the token is bound to."""
    if "cnf" not in claims:
        return None, None
    cnf = claims["cnf"]
    if not isinstance(cnf, dict) or not cnf:
        raise sender.SenderBindingUnknown("cnf is no object with members")
    if not cnf.keys() <= {"jkt", "x5t#S256"}:
        raise sender.SenderBindingUnknown("cnf has a member that is neither jkt nor x5t#S256")
    for value in cnf.values():
        if not isinstance(value, str) or len(value) != LONGEST_THUMBPRINT:
            raise sender.SenderBindingUnknown("cnf holds no SHA-256 thumbprint")
    return cnf.get("jkt"), cnf.get("x5t#S256")


def _check_demand(demand: str, jkt: str | None, certificate: str | None) -> None:
    if demand == "optional":
        return
    satisfied = {
        "dpop": jkt is not None,
        "mtls": certificate is not None,
        "required": jkt is not None or certificate is not None,
    }
    if not satisfied.get(demand, False):
        raise sender.SenderMissing(f"the policy asks for {demand}")
