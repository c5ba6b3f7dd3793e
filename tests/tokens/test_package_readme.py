"""The README of seawall-tokens: its service runs as it stands there, under its policy, and answers as it says."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from seawall_tokens.policy.profiles import PROFILES
from tests.tokens import minting
from tests.tokens.jose import keys

ROOT = Path(__file__).parents[2]
README = (ROOT / "packages/seawall-tokens/README.md").read_text("utf-8")
(POLICY,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
(SERVICE,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
TENANT, APPLICATION = re.findall(r'"([0-9a-f-]{36})"', POLICY)
ISSUER = f"https://login.microsoftonline.com/{TENANT}/v2.0"
SIGNING_KEY = 0
FOREIGN_KEY = 1


def entra_token(key: int = SIGNING_KEY, **changes: Any) -> str:
    """A token as Entra writes it for this API, signed with one of the test keys."""
    now = int(time.time())
    said = {
        "iss": ISSUER,
        "tid": TENANT,
        "aud": APPLICATION,
        "sub": "person",
        "azp": "0d0a2f6b-7d3c-4b5e-8f19-2a6c4e8b1d37",
        "scp": "Mail.Read Mail.Send",
        "uti": "token-1",
        "ver": "2.0",
        "iat": now - 10,
        "exp": now + 3000,
    } | changes
    return minting.token(said, minting.header(typ="JWT"), key=keys.rsa_key(key))


Ask = Callable[[str | None], tuple[int, str | None, Any]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Ask the README's service for mail: status, challenge and body. Only the place of the keys is added to its policy."""
    folder = tmp_path_factory.mktemp("service")
    (folder / "policy.toml").write_text(POLICY + 'jwks_file = "keys.json"\n')
    (folder / "keys.json").write_text(
        json.dumps({"keys": [keys.jwk(keys.rsa_key(SIGNING_KEY), kid="one", issuer=ISSUER)]})
    )
    names: dict[str, Any] = {"__name__": "service"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(compile(SERVICE, "README.md", "exec"), names)

    async def get(headers: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(app=names["app"])
        async with httpx.AsyncClient(transport=transport, base_url="http://service.example") as client:
            return await client.get("/mail", headers=headers)

    def call(authorization: str | None) -> tuple[int, str | None, Any]:
        answer = asyncio.run(get({} if authorization is None else {"Authorization": authorization}))
        return answer.status_code, answer.headers.get("WWW-Authenticate"), answer.json()

    return call


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_good_token_is_let_in(ask: Ask, scheme: str) -> None:
    assert ask(f"{scheme} {entra_token()}") == (200, None, "the mail of person")


def test_a_forged_token_is_refused(ask: Ask) -> None:
    status, challenge, body = ask(f"Bearer {entra_token(FOREIGN_KEY)}")
    assert (status, body) == (401, {"code": "signature-invalid"})
    assert challenge is not None
    assert challenge.startswith('Bearer error="invalid_token", error_description="')


def test_an_expired_token_is_refused(ask: Ask) -> None:
    now = int(time.time())
    status, challenge, body = ask(f"Bearer {entra_token(iat=now - 4000, exp=now - 600)}")
    assert (status, body) == (401, {"code": "expired"})
    assert challenge is not None
    assert challenge.startswith('Bearer error="invalid_token"')


@pytest.mark.parametrize("authorization", [None, "Basic dTpw", "Bearer "])
def test_without_a_token_the_challenge_names_no_error(ask: Ask, authorization: str | None) -> None:
    assert ask(authorization) == (401, "Bearer", {"code": "token-missing"})


def test_a_token_without_the_scope_is_forbidden(ask: Ask) -> None:
    status, challenge, body = ask(f"Bearer {entra_token(scp='Mail.Send')}")
    assert (status, body) == (403, {"code": "scope-insufficient"})
    assert challenge is not None
    assert challenge.startswith('Bearer error="insufficient_scope"')
    assert challenge.endswith('scope="Mail.Read"')


def test_a_failure_of_our_own_asks_for_no_other_token() -> None:
    from seawall_tokens.refusals import Internal

    assert (Internal().status, Internal().response_headers) == (403, {})


def test_the_example_is_short_and_its_links_exist() -> None:
    assert len(SERVICE.splitlines()) <= 25
    assert len(POLICY.splitlines()) <= 5
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert all((ROOT / "packages/seawall-tokens" / link).is_file() for link in links)


def test_the_issuers_that_it_names_have_profiles() -> None:
    first = README.partition("\n\n")[2].partition("\n\n")[0]
    named = re.findall(r"Entra|Okta|Auth0|Cognito|Google|Keycloak", first)
    assert named
    for name in named:
        assert any(name.lower() in profile for profile in PROFILES), name
