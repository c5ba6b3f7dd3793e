"""A policy finds the entry for an issuer exactly, and nonsense cannot be made into one."""

from __future__ import annotations

from typing import Any

import pytest

from seawall_tokens.policy.issuer_policy import ANY_TENANT, CONSUMER_TENANT, IssuerKey, IssuerPolicy, Policy

TENANT = "b1f0e8c2-6d0a-4a7e-9a55-0c1d2e3f4a5b"
OTHER = "0d6f7e11-5a77-4d0e-8a4c-5b6a7c8d9e0f"
COMMON = "https://login.example/{tenantid}/v2.0"


class NoKeys:
    def lookup(self, issuer: str, kid: str, now: float) -> IssuerKey:
        raise LookupError


def entry(issuer: str = "https://issuer.example/", **changes: Any) -> IssuerPolicy:
    values: dict[str, Any] = {
        "name": issuer,
        "issuer": issuer,
        "audiences": frozenset({"api"}),
        "keys": NoKeys(),
    }
    return IssuerPolicy(**(values | changes))


def common(issuer: str = COMMON) -> IssuerPolicy:
    return entry(issuer, tenants=ANY_TENANT, key_issuer="required")


def test_an_issuer_is_found_exactly() -> None:
    policy = Policy((entry(),))
    assert policy.issuer_of("https://issuer.example/", None) is policy.issuers[0]
    for other in (
        "https://issuer.example",
        "https://issuer.example//",
        "HTTPS://issuer.example/",
        "",
        "https://issuer.example/ ",
    ):
        assert policy.issuer_of(other, None) is None


def test_a_template_stands_for_one_segment() -> None:
    policy = Policy((common(),))
    assert policy.issuer_of(f"https://login.example/{TENANT}/v2.0", TENANT) is policy.issuers[0]
    assert policy.issuer_of(f"https://login.example/{TENANT}/v2.0", OTHER) is policy.issuers[0]
    for other in (
        "https://login.example//v2.0",
        "https://login.example/v2.0",
        f"https://login.example/{TENANT}/x/v2.0",
        f"https://login.example/{TENANT}/v2.0/",
        f"https://evil.example/{TENANT}/v2.0",
        f"https://login.example/{TENANT}",
    ):
        assert policy.issuer_of(other, TENANT) is None


def test_the_exact_issuer_comes_before_a_template() -> None:
    exact = entry(f"https://login.example/{CONSUMER_TENANT}/v2.0")
    policy = Policy((common(), exact))
    assert policy.issuer_of(exact.issuer, CONSUMER_TENANT) is exact
    assert policy.issuer_of(f"https://login.example/{TENANT}/v2.0", TENANT) is policy.issuers[0]


def test_the_tenant_decides_between_two_templates() -> None:
    policy = Policy((common("https://x.example/{tenantid}"), common("https://x.example/a{tenantid}")))
    assert policy.issuer_of("https://x.example/abc", "abc") is policy.issuers[0]
    assert policy.issuer_of("https://x.example/abc", "bc") is policy.issuers[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": ""},
        {"audiences": frozenset()},
        {"audiences": frozenset({""})},
        {"algorithms": frozenset()},
        {"algorithms": frozenset({"none"})},
        {"algorithms": frozenset({"RS256", "HS256"})},
        {"token_types": frozenset()},
        {"issuer": COMMON, "tenants": None, "key_issuer": "required"},
        {"issuer": COMMON, "tenants": frozenset(), "key_issuer": "required"},
        {"issuer": COMMON, "tenants": ANY_TENANT, "key_issuer": "single"},
        {"issuer": COMMON + "{tenantid}", "tenants": ANY_TENANT, "key_issuer": "required"},
        {"max_lifetime": 0},
        {"max_chain_age": 0},
        {"clock_skew": -1},
        {"quarantine": -1},
    ],
)
def test_a_policy_that_accepts_too_much_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"policy|issuer"):
        entry(**({"issuer": "https://issuer.example/"} | changes))


def test_one_issuer_has_one_policy() -> None:
    with pytest.raises(ValueError, match="two policies"):
        Policy((entry(), entry()))


def test_nothing_is_revoked_unless_said() -> None:
    Policy((entry(),)).revocations.refuse(
        issuer="i", kid="k", thumbprint="t", subject="s", session="z", token_id="j", issued_at=0, client="c"
    )
