"""Profiles of further vendors: tokens as their documentation shows them, and what another kind of token looks like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall_base.errors import PolicyInvalid
from seawall_tokens.policy.issuer_policy import IssuerPolicy
from seawall_tokens.policy.issuer_table import _defaults
from seawall_tokens.policy.profiles import PROFILES
from tests.tokens.jose import keys
from tests.tokens.minting import NOW
from tests.tokens.test_profiles import (
    API,
    ENTRA_HEADER,
    LOGIN,
    ORGANISATIONS,
    TENANT,
    Provider,
    entra_claims,
    policy_of,
    published,
)

JWT = {"alg": "RS256", "kid": "one", "typ": "JWT"}
UNTYPED = {"alg": "RS256", "kid": "one"}


def provider(folder: Path, text: str, claims: dict[str, Any], head: dict[str, Any] = JWT) -> Provider:
    setting = published(folder, keys.jwk(keys.rsa_key(), kid="one", use="sig"))
    return Provider(policy_of(folder, f"{text}\n{setting}"), head, claims, keys.rsa_key())


def entry(folder: Path, text: str) -> IssuerPolicy:
    return policy_of(folder, text).issuers[0]


def test_amazon_cognito(tmp_path: Path) -> None:
    """An access token of a user pool has no `aud`, no `typ`, and says `token_use`; an ID token has an `aud`."""
    issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example"
    claims = {"sub": "5692fe14", "iss": issuer, "client_id": "1example23456789", "origin_jti": "o", "event_id": "e",
              "token_use": "access", "scope": "aws.cognito.signin.user.admin", "auth_time": NOW - 5, "exp": NOW + 3595,
              "iat": NOW - 5, "jti": "j", "username": "ann"}  # fmt: skip
    text = f'profile = "cognito"\nissuer = "{issuer}"\naudiences = ["1example23456789"]'
    pool = provider(tmp_path, text, claims, UNTYPED)
    assert pool.code() == "accepted"
    assert pool.code(client_id="2example") == "audience-wrong"
    assert pool.code(client_id=...) == "audience-missing"
    assert pool.code(client_id=["1example23456789", 1]) == "audience-malformed"
    assert pool.code(token_use="id", aud="1example23456789") == "claim-not-allowed"
    assert pool.code(token_use=...) == "claim-missing"
    assert pool.code(aud="https://files.example") == "audience-wrong", "bound to another service"
    assert pool.code(aud="1example23456789") == "accepted"


def test_the_conditions_of_a_profile_stand_beside_those_of_the_table(tmp_path: Path) -> None:
    issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example"
    text = f'profile = "cognito"\nissuer = "{issuer}"\naudiences = ["a"]\nclaims.username = "ann"'
    assert entry(tmp_path, text).conditions.names == {"token_use", "username"}


def test_ad_fs(tmp_path: Path) -> None:
    """An access token of AD FS names its issuer with `http://` and writes `auth_time` as a text; its keys come over https."""
    issuer = "http://sts.example.org/adfs/services/trust"
    claims = {"aud": "microsoft:identityserver:97fec0e9-d322-4922-83e6-4b8208415ddf", "iss": issuer, "iat": NOW - 10,
              "exp": NOW + 3590, "apptype": "Confidential", "appid": "97fec0e9-d322-4922-83e6-4b8208415ddf",
              "authmethod": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
              "auth_time": "2020-03-24T07:30:55.566Z", "ver": "1.0", "scp": "openid"}  # fmt: skip
    text = f'profile = "adfs"\nissuer = "{issuer}"\naudiences = ["{claims["aud"]}"]'
    server = provider(tmp_path, text, claims)
    assert server.code() == "accepted"
    assert server.code(iss=issuer.replace("http", "https")) == "issuer-unknown"
    assert server.code(iss=issuer + "/") == "issuer-unknown"
    assert server.code(aud="microsoft:identityserver:other") == "audience-wrong"
    assert (
        _defaults({"issuer": issuer}, PROFILES["adfs"])["jwks_uri"]
        == "https://sts.example.org/adfs/discovery/keys"
    )


@pytest.mark.parametrize(
    "text",
    [
        'issuer = "http://login.example.org"\njwks_uri = "https://login.example.org/keys"',
        'profile = "adfs"\nissuer = "http://login.example.org/x"\njwks_uri = "http://login.example.org/keys"',
        'profile = "adfs"\nissuer = "ftp://login.example.org/x"',
    ],
)
def test_plain_http_is_for_the_name_of_an_issuer_alone_and_on_request(tmp_path: Path, text: str) -> None:
    with pytest.raises(PolicyInvalid, match="https"):
        policy_of(tmp_path, f'{text}\naudiences = ["a"]')


def test_auth0(tmp_path: Path) -> None:
    issuer = "https://my-domain.auth0.com/"
    claims = {"iss": issuer, "sub": "auth0|123456", "aud": ["https://example.com/health-api", f"{issuer}userinfo"],
              "azp": "my_client_id", "exp": NOW + 900, "iat": NOW - 10, "scope": "openid read:patients"}  # fmt: skip
    text = f'profile = "auth0"\nissuer = "{issuer}"\naudiences = ["https://example.com/health-api"]'
    tenant = provider(tmp_path, text, claims)
    assert tenant.code() == "accepted"
    assert tenant.code(head={"typ": "at+jwt"}, azp=..., client_id="c", jti="j") == "accepted"
    assert tenant.code(azp=...) == "claim-missing"
    assert tenant.code(aud="my_client_id") == "audience-wrong", "an ID token"
    assert tenant.code(iss=issuer.rstrip("/")) == "issuer-unknown"


def test_keycloak(tmp_path: Path) -> None:
    """Access, refresh and ID tokens of Keycloak have one header type; the claim `typ` tells them apart."""
    issuer = "https://sso.example.org/realms/demo"
    claims = {"exp": NOW + 290, "iat": NOW - 10, "jti": "onrtac:1", "iss": issuer, "aud": "api", "sub": "u", "typ": "Bearer",
              "azp": "demo-app", "sid": "s", "acr": "1", "scope": "email profile"}  # fmt: skip
    realm = provider(tmp_path, f'profile = "keycloak"\nissuer = "{issuer}"\naudiences = ["api"]', claims)
    assert realm.code() == "accepted"
    assert realm.code(typ="DPoP") == "accepted"
    assert realm.code(head={"typ": "at+jwt"}) == "accepted"
    for kind in ("ID", "Refresh", "Offline", "Logout", "bearer"):
        assert realm.code(typ=kind) == "claim-not-allowed"
    assert realm.code(typ=...) == "claim-missing"
    assert realm.code(iss=issuer.replace("demo", "other")) == "issuer-unknown"


def test_github_actions(tmp_path: Path) -> None:
    claims = {"jti": "j", "sub": "repo:octo-org/octo-repo:ref:refs/heads/main", "aud": "https://api.example",
              "ref": "refs/heads/main", "repository": "octo-org/octo-repo", "repository_owner": "octo-org", "run_id": "1",
              "iss": "https://token.actions.githubusercontent.com", "nbf": NOW - 600, "exp": NOW + 300, "iat": NOW}  # fmt: skip
    text = 'profile = "github-actions"\naudiences = ["https://api.example"]\nclaims.repository = ["octo-org/octo-repo"]'
    runner = provider(tmp_path, text, claims)
    assert runner.code() == "accepted"
    assert runner.code(repository="evil/octo-repo", repository_owner="evil") == "claim-not-allowed"
    assert runner.code(repository="Octo-org/octo-repo") == "claim-not-allowed"
    assert runner.code(exp=NOW + 86_400) == "lifetime-too-long"


def test_all_of_github_is_no_issuer_to_trust_without_a_condition(tmp_path: Path) -> None:
    """Any workflow of anybody's repository gets a token for any audience that it asks for."""
    with pytest.raises(PolicyInvalid, match="claims: is missing") as invalid:
        policy_of(tmp_path, 'profile = "github-actions"\naudiences = ["a"]\nclaims.ref = "refs/heads/main"')
    assert "repository_owner" in str(invalid.value)


def test_kubernetes_service_accounts(tmp_path: Path) -> None:
    issuer = "https://kubernetes.default.svc.cluster.local"
    account = "system:serviceaccount:shop:mailer"
    claims = {"aud": ["https://api.example"], "exp": NOW + 3597, "iat": NOW - 10, "nbf": NOW - 10, "iss": issuer, "jti": "j",
              "kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "mailer"}}, "sub": account}  # fmt: skip
    text = f'profile = "kubernetes"\nissuer = "{issuer}"\naudiences = ["https://api.example"]\nclaims.sub = "{account}"'
    cluster = provider(tmp_path, text, claims, UNTYPED)
    assert cluster.code() == "accepted"
    assert cluster.code(sub="system:serviceaccount:shop:other") == "claim-not-allowed"
    without: dict[str, Any] = {"kubernetes.io": ...}
    assert cluster.code(**without) == "claim-missing"
    assert cluster.code(aud=[issuer]) == "audience-wrong"
    assert cluster.code(exp=NOW + 365 * 86_400) == "lifetime-too-long", "a token for the API server alone"
    hosts = f'profile = "kubernetes"\nissuer = "{issuer}"\naudiences = ["a"]\nkey_hosts = ["10.0.0.1"]'
    assert entry(tmp_path, hosts).issuer == issuer


def _entra(folder: Path, *lines: str) -> Provider:
    setting = published(folder, keys.jwk(keys.rsa_key(), **ORGANISATIONS))
    text = f'profile = "entra"\naudiences = ["{API}"]\ntenants = ["{TENANT}"]\n{setting}' + "\n".join(lines)
    return Provider(policy_of(folder, text), ENTRA_HEADER, entra_claims(TENANT), keys.rsa_key())


def test_managed_identities_live_for_a_day_and_people_for_two_hours(tmp_path: Path) -> None:
    """A managed identity's token lives for 24 hours and 5 minutes: it was lifetime-too-long."""
    login = _entra(tmp_path)
    day: dict[str, Any] = {"iat": NOW - 10, "exp": NOW - 10 + 86_700}
    application: dict[str, Any] = {"scp": ..., "roles": ["Mail.Read"]}
    assert login.code(**day, **application) == "accepted"
    assert login.code(**day, **application, idtyp="app") == "accepted"
    assert login.code(**day, **application, idtyp="user") == "lifetime-too-long"
    assert login.code(**day) == "lifetime-too-long"
    assert login.code(**day, roles=["Mail.Read"]) == "lifetime-too-long"
    assert login.code(iat=NOW - 10, exp=NOW + 26 * 3600, **application) == "lifetime-too-long"


def test_who_says_how_long_tokens_live_means_those_of_applications_too(tmp_path: Path) -> None:
    login = _entra(tmp_path, 'max_lifetime = "3h"')
    application: dict[str, Any] = {"scp": ..., "roles": ["Mail.Read"]}
    assert login.code(exp=NOW + 9000) == "accepted"
    assert login.code(exp=NOW + 80_000, **application) == "lifetime-too-long"


def test_every_profile_names_its_source() -> None:
    assert all(profile.source for profile in PROFILES.values())
    assert {"adfs", "auth0", "cognito", "keycloak", "kubernetes", "github-actions"} <= PROFILES.keys()
    assert f"{LOGIN}/" in str(PROFILES["entra"].settings["issuer"])
