"""A header that calls the payload a token is refused where the payload is read as claims, whatever the payload is."""

from __future__ import annotations

import pytest

from seawall_tokens import verify_jws
from tests.tokens.jose import keys
from tests.tokens.judging import code
from tests.tokens.minting import header, token


@pytest.mark.parametrize(
    "cty", ["JWT", "jwt", "Jwt", " JWT ", "application/jwt", "APPLICATION/JWT", "at+jwt", "jose", "jose+json"]
)
def test_claims_that_call_themselves_a_token_are_refused(cty: str) -> None:
    """`cty: JWT` over a JSON object of claims was accepted: a reader that follows `cty` sees no claims at all."""
    assert code(token(head=header(cty=cty))) == "nested-token"
    assert code(token(token().encode(), head=header(cty=cty))) == "nested-token"


@pytest.mark.parametrize("cty", ["json", "application/json", "x", "jwt-claims"])
def test_other_types_of_content_are_the_applications(cty: str) -> None:
    assert code(token(head=header(cty=cty))) == "accepted"


def test_a_jws_may_hold_a_token() -> None:
    """`verify_jws` gives bytes and reads nothing into them: a nested token is its caller's to open."""
    inner = token().encode()
    outer = token(inner, head=header(cty="JWT"))
    assert verify_jws(outer, keys.jwk(keys.rsa_key(), kid="one", alg="RS256")).payload == inner
