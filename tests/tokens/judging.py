"""The verdict on a token as a code, and issuers with tenants, for the tests of single checks."""

from __future__ import annotations

from typing import Any

from seawall_tokens.policy.issuer_policy import ANY_TENANT, Policy
from seawall_tokens.refusals import Refusal
from seawall_tokens.verify.access_token import verify_access_token
from seawall_tokens.verify.examination import examine
from tests.tokens import minting
from tests.tokens.minting import NOW, claims, policy, token

TENANT = "b1f0e8c2-6d0a-4a7e-9a55-0c1d2e3f4a5b"
OTHER = "0d6f7e11-5a77-4d0e-8a4c-5b6a7c8d9e0f"
COMMON = "https://login.example/{tenantid}/v2.0"


def code(text: Any, rules: Policy | None = None, now: float = NOW) -> str:
    """The code of the refusal, or `accepted`; and what explains says the same as what verifies."""
    rules = rules or policy()
    explained = examine(text, rules, now)
    expected = "accepted" if explained.refusal is None else explained.refusal.code
    try:
        verify_access_token(text, rules, now)
    except Refusal as refusal:
        judged = refusal.code
    else:
        judged = "accepted"
    assert judged == expected
    return judged


def tenanted(key_issuer: str | None = COMMON, **changes: Any) -> Policy:
    """A policy for every tenant of one issuer, whose key says whom it signs for."""
    members: dict[str, Any] = {} if key_issuer is None else {"issuer": key_issuer}
    values = {
        "issuer": COMMON,
        "tenants": ANY_TENANT,
        "key_issuer": "required",
        "keys": minting.rsa_source(**members),
    }
    return policy(**(values | changes))


def of_tenant(tenant: Any = TENANT, segment: str | None = None, **changes: Any) -> str:
    """A token of that tenant, its issuer naming the same or another."""
    named = COMMON.replace("{tenantid}", segment if segment is not None else str(tenant))
    return token(claims(iss=named, tid=tenant, **changes))
