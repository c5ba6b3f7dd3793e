"""docs/how-to/tokens.md: its tables are those of the code, its examples run, its eight vectors are those of the test."""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from tools import token_tables

from seawall_tokens.refusals import Refusal
from tests.tokens import minting, proofs
from tests.tokens.jose import keys
from tests.tokens.test_wycheproof import FAULTY

PAGE: str = token_tables.PAGE.read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

POLICY = f"""
[[issuer]]
issuer = "{minting.ISSUER}"
audiences = ["{minting.AUDIENCE}"]
jwks_file = "keys.json"
"""


def test_the_tables_are_those_of_the_code() -> None:
    assert token_tables.rewritten(PAGE) == PAGE, "run: python -m tools.token_tables"
    assert token_tables.main(["--check"]) == 0
    with pytest.raises(ValueError, match="markers"):
        token_tables.rewritten("# nothing")


def test_the_faulty_vectors_are_named() -> None:
    section = PAGE.partition("**Published vectors**")[2].partition("**Speed**")[0]
    assert {int(number) for number in re.findall(r"\b3[4-7]\d\b", section)} - {393, 357} == set(FAULTY)


def _now(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return minting.claims(**({"iat": now - 10, "exp": now + 600} | changes))


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the first two examples define, with their policy in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.toml").write_text(POLICY)
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [keys.jwk(keys.rsa_key(), kid="one")]}))
    names: dict[str, Any] = {}
    for block in BLOCKS[:2]:
        exec(compile(block, "docs/how-to/tokens.md", "exec"), names)
    return names


def test_the_function_answers_who_it_is(examples: dict[str, Any]) -> None:
    assert examples["person_of"](minting.token(_now())) == "person"
    with pytest.raises(Refusal):
        examples["person_of"](minting.token(_now(aud="other")))


def test_the_middleware_lets_in_who_has_a_token(examples: dict[str, Any]) -> None:
    import httpx

    async def who(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.user.display_name or "nobody")

    app = AuthenticationMiddleware(Starlette(routes=[Route("/", who)]), backend=examples["Tokens"]())

    async def ask(header: str | None) -> tuple[int, str]:
        headers = {} if header is None else {"Authorization": header}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://test"
        ) as client:
            answer = await client.get("/", headers=headers)
        return answer.status_code, answer.text

    assert asyncio.run(ask(f"Bearer {minting.token(_now())}")) == (200, "person")
    assert asyncio.run(ask(None)) == (200, "nobody")
    assert asyncio.run(ask(f"Bearer {minting.token(_now(aud='other'))}")) == (400, "refused")


def test_the_request_proves_the_binding(examples: dict[str, Any]) -> None:
    key = ECKey.generate_key("P-256")
    text = minting.token(_now(cnf={"jkt": key.thumbprint()}))
    names = examples | {"token": text, "proof": proofs.proof(key, text, iat=int(time.time()))}
    exec(compile(BLOCKS[2], "docs/how-to/tokens.md", "exec"), names)
    with pytest.raises(Refusal) as raised:
        exec(
            compile(
                "verify_access_token(token, POLICY, time.time(), request=request, replay=GUARD)",
                "again",
                "exec",
            ),
            names,
        )
    assert raised.value.code == "dpop-replayed"
