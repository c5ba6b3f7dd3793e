"""Profiles end to end: a policy file, keys as the provider publishes them, tokens as it issues them, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from seawall_tokens.policy.file import load_policy
from seawall_tokens.policy.issuer_policy import CONSUMER_TENANT, Policy
from seawall_tokens.refusals import Refusal
from seawall_tokens.verify.access_token import verify_access_token
from tests.base.https_server import HttpsServer, answer
from tests.tokens.jose import keys
from tests.tokens.minting import NOW, token

TENANT = "b1f0e8c2-6d0a-4a7e-9a55-0c1d2e3f4a5b"
OTHER = "0d6f7e11-5a77-4d0e-8a4c-5b6a7c8d9e0f"
API = "6f1d4c1e-2f57-4b52-9d6a-1f0b8a7c3e21"
LOGIN = "https://login.microsoftonline.com"


@dataclass
class Provider:
    """An issuer with its keys: what it publishes and what it signs with."""

    policy: Policy
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    key: keys.Private

    def code(
        self, *, head: Mapping[str, Any] | None = None, key: keys.Private | None = None, **changes: Any
    ) -> str:
        """ "accepted", or the code of the refusal. A change to `...` leaves a claim or header member out."""
        said = {name: value for name, value in ({**self.claims} | changes).items() if value is not ...}
        header = {
            name: value for name, value in ({**self.header} | dict(head or {})).items() if value is not ...
        }
        try:
            verify_access_token(token(said, header, key or self.key), self.policy, NOW)
        except Refusal as refusal:
            return refusal.code
        return "accepted"


def published(folder: Path, *jwks: Mapping[str, Any]) -> str:
    """A key set in a file, as a setting."""
    (folder / "keys.json").write_text(json.dumps({"keys": jwks}))
    return 'jwks_file = "keys.json"\n'


def policy_of(folder: Path, text: str) -> Policy:
    (folder / "policy.toml").write_text(f"[[issuer]]\n{text}")
    return load_policy(folder / "policy.toml", clock=lambda: NOW)


def entra_claims(tenant: str, **changes: Any) -> dict[str, Any]:
    """An access token of version 2, as Microsoft documents it."""
    return {
        "aud": API,
        "iss": f"{LOGIN}/{tenant}/v2.0",
        "iat": NOW - 10,
        "nbf": NOW - 10,
        "exp": NOW + 5000,
        "azp": "11111111-2222-3333-4444-555555555555",
        "azpacr": "1",
        "oid": "22222222-2222-3333-4444-555555555555",
        "rh": "0.AAA.",
        "scp": "access",
        "sub": "pairwise",
        "tid": tenant,
        "uti": "AAAAAAAAAAAAAAAAAAAAAA",
        "ver": "2.0",
    } | changes


ENTRA_HEADER = {"typ": "JWT", "alg": "RS256", "kid": "organisations"}
ORGANISATIONS = {"kid": "organisations", "use": "sig", "issuer": f"{LOGIN}/{{tenantid}}/v2.0"}
PERSONAL = {"kid": "personal", "use": "sig", "issuer": f"{LOGIN}/{CONSUMER_TENANT}/v2.0"}
AS_PERSONAL = {"kid": "personal"}


@pytest.fixture
def common(tmp_path: Path) -> Provider:
    """Entra for several tenants, with the common key set: keys of organisations and of personal accounts in one."""
    keys_setting = published(
        tmp_path, keys.jwk(keys.rsa_key(0), **ORGANISATIONS), keys.jwk(keys.rsa_key(1), **PERSONAL)
    )
    text = f'profile = "entra-multi-tenant"\naudiences = ["{API}"]\ntenants = ["{TENANT}"]\n{keys_setting}'
    return Provider(policy_of(tmp_path, text), ENTRA_HEADER, entra_claims(TENANT), keys.rsa_key(0))


def test_entra_for_several_tenants(common: Provider) -> None:
    assert common.code() == "accepted"
    assert common.code(azp=..., appid="app") == "accepted"


def test_storm_0558(common: Provider) -> None:
    """The key of personal accounts, stolen, signs a token of an organisation; the set holds both keys."""
    assert common.code(head=AS_PERSONAL, key=keys.rsa_key(1)) == "key-issuer-mismatch"
    assert common.code(head=AS_PERSONAL, key=keys.rsa_key(1), tid=CONSUMER_TENANT) == "key-issuer-mismatch"
    personal: dict[str, Any] = {"iss": f"{LOGIN}/{CONSUMER_TENANT}/v2.0", "tid": CONSUMER_TENANT}
    assert common.code(head=AS_PERSONAL, key=keys.rsa_key(1), **personal) == "consumer-tenant"
    assert common.code(**personal) == "consumer-tenant"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tid": OTHER}, "key-issuer-mismatch"),
        ({"tid": OTHER, "iss": f"{LOGIN}/{OTHER}/v2.0"}, "tenant-not-allowed"),
        ({"tid": ...}, "tenant-missing"),
        ({"tid": "common", "iss": f"{LOGIN}/common/v2.0"}, "tenant-malformed"),
        ({"tid": f"{TENANT}/../{OTHER}"}, "key-issuer-mismatch"),
        ({"iss": f"{LOGIN}/{TENANT}/v2.0/"}, "issuer-unknown"),
        ({"iss": f"https://login.microsoftonline.com.evil.example/{TENANT}/v2.0"}, "issuer-unknown"),
        ({"iss": f"https://sts.windows.net/{TENANT}/"}, "issuer-unknown"),
        ({"aud": "api://other"}, "audience-wrong"),
        ({"azp": ...}, "claim-missing"),
        ({"uti": ...}, "claim-missing"),
        ({"exp": NOW + 3 * 3600}, "lifetime-too-long"),
    ],
)
def test_what_entra_never_issues(common: Provider, changes: dict[str, Any], code: str) -> None:
    assert common.code(**changes) == code


def test_keys_that_do_not_say_whose_they_are(tmp_path: Path) -> None:
    setting = published(tmp_path, keys.jwk(keys.rsa_key(0), kid="organisations"))
    text = f'profile = "entra-multi-tenant"\naudiences = ["{API}"]\ntenants = "any"\n{setting}'
    provider = Provider(policy_of(tmp_path, text), ENTRA_HEADER, entra_claims(TENANT), keys.rsa_key(0))
    assert provider.code() == "key-issuer-missing"


def test_every_tenant_but_personal_accounts(tmp_path: Path) -> None:
    setting = published(tmp_path, keys.jwk(keys.rsa_key(0), **ORGANISATIONS))
    text = f'profile = "entra-multi-tenant"\naudiences = ["{API}"]\ntenants = "any"\n{setting}'
    provider = Provider(policy_of(tmp_path, text), ENTRA_HEADER, entra_claims(TENANT), keys.rsa_key(0))
    assert provider.code() == "accepted"
    assert provider.code(tid=OTHER, iss=f"{LOGIN}/{OTHER}/v2.0") == "accepted"
    assert provider.code(tid=CONSUMER_TENANT, iss=f"{LOGIN}/{CONSUMER_TENANT}/v2.0") == "consumer-tenant"


def test_entra_for_one_tenant(tmp_path: Path) -> None:
    setting = published(
        tmp_path, keys.jwk(keys.rsa_key(0), **ORGANISATIONS), keys.jwk(keys.rsa_key(1), **PERSONAL)
    )
    text = f'profile = "entra"\naudiences = ["{API}"]\ntenants = ["{TENANT}"]\n{setting}'
    provider = Provider(policy_of(tmp_path, text), ENTRA_HEADER, entra_claims(TENANT), keys.rsa_key(0))
    assert provider.code() == "accepted"
    assert provider.code(tid=OTHER, iss=f"{LOGIN}/{OTHER}/v2.0") == "issuer-unknown"
    assert provider.code(tid=OTHER) == "key-issuer-mismatch"
    assert provider.code(head=AS_PERSONAL, key=keys.rsa_key(1)) == "key-issuer-mismatch"


def test_entra_of_version_1(tmp_path: Path) -> None:
    setting = published(tmp_path, keys.jwk(keys.rsa_key(0), kid="organisations", use="sig"))
    text = f'profile = "entra-v1"\naudiences = ["api://{API}"]\ntenants = ["{TENANT}"]\n{setting}'
    claims = entra_claims(
        TENANT, iss=f"https://sts.windows.net/{TENANT}/", aud=f"api://{API}", ver="1.0", azp=..., appid="a"
    )
    provider = Provider(policy_of(tmp_path, text), ENTRA_HEADER, claims, keys.rsa_key(0))
    assert provider.code() == "accepted"
    assert provider.code(tid=OTHER) == "tenant-mismatch"
    assert provider.code(iss=f"https://sts.windows.net/{OTHER}/") == "issuer-unknown"
    assert provider.code(iss=f"{LOGIN}/{TENANT}/v2.0") == "issuer-unknown"


def test_personal_accounts(tmp_path: Path) -> None:
    setting = published(tmp_path, keys.jwk(keys.rsa_key(1), **PERSONAL))
    text = f'profile = "entra-personal"\naudiences = ["{API}"]\n{setting}'
    claims = entra_claims(CONSUMER_TENANT)
    provider = Provider(policy_of(tmp_path, text), ENTRA_HEADER | AS_PERSONAL, claims, keys.rsa_key(1))
    assert provider.code() == "accepted"
    assert provider.code(tid=TENANT) == "tenant-mismatch"
    assert provider.code(tid=TENANT, iss=f"{LOGIN}/{TENANT}/v2.0") == "issuer-unknown"


def test_google(tmp_path: Path) -> None:
    client = "1234567890-abcdef.apps.googleusercontent.com"
    setting = published(tmp_path, keys.jwk(keys.rsa_key(0), kid="g", use="sig", alg="RS256"))
    claims = {"iss": "https://accounts.google.com", "azp": client, "aud": client, "sub": "110169484474386276334",
              "email": "a@example.com", "email_verified": True, "at_hash": "x", "iat": NOW - 10, "exp": NOW + 3590}  # fmt: skip
    header = {"alg": "RS256", "kid": "g", "typ": "JWT"}
    provider = Provider(
        policy_of(tmp_path, f'profile = "google"\naudiences = ["{client}"]\n{setting}'),
        header,
        claims,
        keys.rsa_key(0),
    )
    assert provider.code() == "accepted"
    assert provider.code(iss="accounts.google.com") == "issuer-unknown"
    assert provider.code(aud="other.apps.googleusercontent.com") == "audience-wrong"
    assert provider.code(azp=...) == "claim-missing"
    assert provider.code(head={"typ": "at+jwt"}) == "type-wrong"


def test_okta(tmp_path: Path) -> None:
    issuer = "https://example.okta.com/oauth2/default"
    setting = published(tmp_path, keys.jwk(keys.rsa_key(0), kid="o", use="sig", alg="RS256"))
    claims = {"ver": 1, "jti": "AT.x", "iss": issuer, "aud": "api://default", "iat": NOW - 10, "exp": NOW + 3590, "cid": "0oa",
              "uid": "00u", "scp": ["openid"], "sub": "a@example.com", "auth_time": NOW - 100}  # fmt: skip
    text = f'profile = "okta"\nissuer = "{issuer}"\naudiences = ["api://default"]\n{setting}'
    provider = Provider(policy_of(tmp_path, text), {"alg": "RS256", "kid": "o"}, claims, keys.rsa_key(0))
    assert provider.code() == "accepted"
    assert provider.code(cid=..., scp=..., nonce="n") == "claim-missing"  # an ID token
    assert provider.code(head={"typ": "application/okta-internal-at+jwt"}) == "type-wrong"
    assert provider.code(iss="https://example.okta.com") == "issuer-unknown"


def test_rfc_9068(tmp_path: Path) -> None:
    issuer = "https://login.example.com"
    setting = published(tmp_path, keys.jwk(keys.ec_key(0), kid="e", use="sig", alg="ES256"))
    claims = {
        "iss": issuer,
        "aud": ["https://api.example.com"],
        "sub": "s",
        "client_id": "c",
        "iat": NOW - 10,
        "exp": NOW + 590,
        "jti": "j",
    }
    text = f'issuer = "{issuer}"\naudiences = ["https://api.example.com"]\nalgorithms = ["ES256"]\n{setting}'
    provider = Provider(
        policy_of(tmp_path, text), {"alg": "ES256", "kid": "e", "typ": "at+jwt"}, claims, keys.ec_key(0)
    )
    assert provider.code() == "accepted"
    assert provider.code(head={"typ": "application/at+jwt"}) == "accepted"
    assert provider.code(head={"typ": "JWT"}) == "type-wrong"
    assert provider.code(head={"typ": ...}) == "type-missing"
    assert provider.code(client_id=..., azp="c") == "claim-missing"


def test_id_tokens(tmp_path: Path) -> None:
    issuer = "https://login.example.com"
    setting = published(tmp_path, keys.jwk(keys.rsa_key(0), kid="i"))
    claims = {"iss": issuer, "aud": "client", "sub": "s", "iat": NOW - 10, "exp": NOW + 590}
    text = f'profile = "oidc"\nissuer = "{issuer}"\naudiences = ["client"]\n{setting}'
    provider = Provider(policy_of(tmp_path, text), {"alg": "RS256", "kid": "i"}, claims, keys.rsa_key(0))
    assert provider.code() == "accepted"
    assert provider.code(head={"typ": "JWT"}) == "accepted"
    assert provider.code(head={"typ": "logout+jwt"}) == "type-wrong"
    assert provider.code(aud="other") == "audience-wrong"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HttpsServer]:
    (tmp_path / "server").mkdir()
    with HttpsServer(tmp_path / "server") as running:
        yield running


def test_discovery_over_https_from_a_policy_file(tmp_path: Path, server: HttpsServer) -> None:
    issuer = server.url("/realm")
    document = {"issuer": issuer, "jwks_uri": server.url("/realm/keys")}
    server.say("/realm/.well-known/openid-configuration", answer(json.dumps(document).encode()))
    server.say("/realm/keys", answer(json.dumps({"keys": [keys.jwk(keys.rsa_key(0), kid="one")]}).encode()))
    text = (
        f'issuer = "{issuer}"\naudiences = ["api"]\ndiscovery = "{issuer}/.well-known/openid-configuration"\n'
        f'trust_file = "server/ca.pem"\nquarantine = "1h"\nkey_memory = "seen.json"\ndenied_keys = ["stolen"]\n'
    )
    claims = {
        "iss": issuer,
        "aud": "api",
        "sub": "s",
        "client_id": "c",
        "iat": NOW - 10,
        "exp": NOW + 590,
        "jti": "j",
    }
    provider = Provider(
        policy_of(tmp_path, text), {"alg": "RS256", "kid": "one", "typ": "at+jwt"}, claims, keys.rsa_key(0)
    )
    assert provider.code() == "accepted"
    assert provider.code(key=keys.rsa_key(1)) == "signature-invalid"
    rolled = [keys.jwk(keys.rsa_key(number), kid=kid) for number, kid in enumerate(("one", "two", "stolen"))]
    server.say("/realm/keys", answer(json.dumps({"keys": rolled}).encode()))
    assert provider.code(head={"kid": "two"}, key=keys.rsa_key(1)) == "key-quarantined"
    assert provider.code(head={"kid": "stolen"}, key=keys.rsa_key(2)) == "key-revoked"
    assert provider.code(head={"kid": "three"}) == "key-unknown"
    assert provider.code() == "accepted"
    again = Provider(policy_of(tmp_path, text), provider.header, claims, keys.rsa_key(0))
    assert again.code(head={"kid": "two"}, key=keys.rsa_key(1)) == "key-quarantined"
    assert again.code() == "accepted"


def test_a_source_that_is_away_refuses(tmp_path: Path, server: HttpsServer) -> None:
    issuer = server.url("/away")
    text = f'issuer = "{issuer}"\naudiences = ["api"]\njwks_uri = "{issuer}/keys"\ntrust_file = "server/ca.pem"\n'
    claims = {
        "iss": issuer,
        "aud": "api",
        "sub": "s",
        "client_id": "c",
        "iat": NOW - 10,
        "exp": NOW + 590,
        "jti": "j",
    }
    provider = Provider(
        policy_of(tmp_path, text), {"alg": "RS256", "kid": "one", "typ": "at+jwt"}, claims, keys.rsa_key(0)
    )
    assert provider.code() == "key-source-unavailable"
