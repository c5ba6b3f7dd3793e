"""The state of a token under examination. Checks read what earlier checks have filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seawall_tokens.policy.issuer_policy import IssuerKey, IssuerPolicy, Policy
    from seawall_tokens.policy.prepared_policy import PreparedPolicy
    from seawall_tokens.verify.compact import Compact, Header
    from seawall_tokens.verify.prepared_key import PreparedKey


class ExaminationState:
    """A token during the checks. Until the signature is verified, all of it is the presenter's claim.

    A field that an earlier check should have filled but has not raises `AttributeError`, which refuses.
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
    plan: PreparedPolicy
    held: IssuerKey
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
