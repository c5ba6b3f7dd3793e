"""What is known of one token while it is examined. Checks read what earlier checks have filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seawall.tokens.refusals import Refusal

if TYPE_CHECKING:
    from seawall.tokens.compact import Compact, Header
    from seawall.tokens.key_checks import PreparedKey
    from seawall.tokens.policy import HeldKey, IssuerPolicy, Policy
    from seawall.tokens.policy_plan import Plan


class State:
    """A token on its way through the checks. Until the signature has been verified, all of it is the presenter's word.

    What an earlier check should have filled in and has not is an `AttributeError`, which refuses.
    """

    __slots__ = (
        "claims",
        "compact",
        "entry",
        "header",
        "held",
        "issuer",
        "now",
        "plan",
        "policy",
        "prepared",
        "replay",
        "request",
        "tenant",
        "token",
        "verified",
    )

    token: str | bytes
    policy: Policy
    now: float
    request: Any
    replay: Any
    compact: Compact
    header: Header
    claims: Mapping[str, Any]
    issuer: str
    tenant: str | None
    entry: IssuerPolicy
    plan: Plan
    held: HeldKey
    prepared: PreparedKey
    verified: bool

    def __init__(self, token: str | bytes, policy: Policy, now: float, request: Any, replay: Any) -> None:
        self.token = token
        self.policy = policy
        self.now = now
        self.request = request
        self.replay = replay
        self.claims = {}
        self.tenant = None
        self.verified = False


def text_claim(claims: Mapping[str, Any], name: str, otherwise: type[Refusal]) -> str | None:
    """A claim that is a text or absent; `otherwise` is raised for anything else."""
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if not isinstance(value, str) or not value:
        raise otherwise(name)
    return value
