"""Entra's profiles accept a token only where a person or an administrator granted something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall_tokens.policy.profiles import PROFILES
from tests.tokens.jose import keys
from tests.tokens.minting import NOW
from tests.tokens.test_profiles import API, LOGIN, OTHER, Provider, policy_of, published


def _any_tenant(folder: Path, *more: str) -> Provider:
    listed = keys.jwk(keys.rsa_key(), kid="one", issuer=f"{LOGIN}/{{tenantid}}/v2.0")
    text = (
        f'profile = "entra-multi-tenant"\ntenants = "any"\naudiences = ["{API}"]\n{published(folder, listed)}'
    )
    said = {
        "iss": f"{LOGIN}/{OTHER}/v2.0", "tid": OTHER, "aud": API, "sub": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
        "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474", "azp": "6e74172b-be56-4843-9ff4-e66a39bb12e3", "azpacr": "1",
        "ver": "2.0", "uti": "AbCd", "iat": NOW - 60, "exp": NOW + 3600,
    }  # fmt: skip
    head = {"alg": "RS256", "kid": "one", "typ": "JWT"}
    return Provider(policy_of(folder, text + "\n".join(more)), head, said, keys.rsa_key())


def test_an_application_of_a_foreign_tenant_that_was_granted_nothing_is_refused(tmp_path: Path) -> None:
    """Entra gives any application of any tenant an app-only token for an API; only `roles` says that it may use it."""
    assert _any_tenant(tmp_path).code() == "permissions-missing"


@pytest.mark.parametrize(
    ("claims", "verdict"),
    [
        ({"scp": "Mail.Read"}, "accepted"),
        ({"roles": ["Mail.Read.All"]}, "accepted"),
        ({"scp": "", "roles": ["Reader"]}, "accepted"),
        ({"scp": ""}, "permissions-missing"),
        ({"scp": " \t"}, "permissions-missing"),
        ({"roles": []}, "permissions-missing"),
        ({"roles": [""]}, "permissions-missing"),
        ({"scp": "", "roles": []}, "permissions-missing"),
        ({"roles": None}, "claim-malformed"),
        ({"roles": True}, "claim-malformed"),
        ({"roles": 1}, "claim-malformed"),
        ({"roles": {"Reader": True}}, "claim-malformed"),
        ({"roles": [["Reader"]]}, "claim-malformed"),
        ({"scp": "Mail.Read", "roles": 1}, "claim-malformed"),
    ],
)
def test_what_grants_something(tmp_path: Path, claims: dict[str, Any], verdict: str) -> None:
    assert _any_tenant(tmp_path).code(**claims) == verdict


def test_a_service_that_judges_applications_by_their_id_can_take_the_demand_away(tmp_path: Path) -> None:
    assert _any_tenant(tmp_path, "permission_claims = []").code() == "accepted"


def test_every_entra_profile_asks_for_permissions() -> None:
    asking = {name for name, profile in PROFILES.items() if profile.settings.get("permission_claims")}
    assert asking == {name for name in PROFILES if name.startswith("entra")}
