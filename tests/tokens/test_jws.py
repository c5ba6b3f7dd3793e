"""`verify_jws`: which keys it takes in which form, which of them it uses, and what limits the algorithms."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from seawall_tokens import verify_jws
from seawall_tokens.jose.key import read_key
from seawall_tokens.jose.key_set import read_key_set
from seawall_tokens.refusals import Refusal
from tests.tokens.jose import keys
from tests.tokens.minting import header, token

SECRET = bytes(range(64))
RSA = keys.jwk(keys.rsa_key(), kid="one")
EC = keys.jwk(keys.ec_key(), kid="two")


def secret(**members: Any) -> dict[str, Any]:
    return {"kty": "oct", "kid": "one", "k": keys.text(SECRET), **members}


def code(text: str | bytes, jwks: Any, algorithms: Any = None) -> str:
    try:
        verify_jws(text, jwks, algorithms)
    except Refusal as refusal:
        return refusal.code
    return "accepted"


def hs(algorithm: str, **members: Any) -> str:
    return token(b"payload", header(alg=algorithm, **members), SECRET)


def test_keys_are_taken_in_every_form() -> None:
    text = token(b"payload")
    document = {"keys": [RSA, EC]}
    for jwks in (
        RSA,
        json.dumps(RSA).encode(),
        read_key(RSA),
        document,
        json.dumps(document).encode(),
        read_key_set(document),
    ):
        found = verify_jws(text, jwks)
        assert (found.payload, found.kid, found.thumbprint) == (b"payload", "one", read_key(RSA).thumbprint)
        assert found.header == header()
        assert verify_jws(text.encode(), jwks).payload == b"payload"


def test_what_is_no_key_is_refused_with_its_reason() -> None:
    text = token(b"payload")
    for jwks, expected in (
        (b"", "key-set-invalid"), (b"[]", "key-set-invalid"), (b'{"keys":[],"keys":[]}', "key-set-invalid"),
        ({}, "key-unfit"), ({"keys": []}, "key-set-invalid"), ({"keys": [RSA, RSA]}, "key-duplicate-kid"),
        ({"keys": [RSA, secret()]}, "key-set-mixed"), ({"keys": [RSA | {"d": "AAAA"}]}, "key-set-mixed"),
        (RSA | {"use": "enc"}, "key-use-wrong"), (keys.jwk(keys.rsa_key(0, 1024), kid="one"), "key-unfit"),
        ({"keys": [RSA | {"use": "enc"}, EC]}, "key-use-wrong"), (RSA | {"k": "AAAA"}, "key-unfit"),
        (None, "key-set-invalid"), (7, "key-set-invalid"), ([RSA], "key-set-invalid"),
    ):  # fmt: skip
        assert code(text, jwks) == expected, jwks


def test_the_key_is_the_one_that_is_named() -> None:
    anonymous = keys.jwk(keys.rsa_key())
    other = keys.jwk(keys.rsa_key(1), kid="one")
    text, unnamed = token(b"payload"), token(b"payload", header(kid=...))
    assert code(text, {"keys": [other, RSA | {"kid": "two"}]}) == "signature-invalid"
    assert code(text, {"keys": [EC]}) == "key-unknown"
    assert code(text, {"keys": [EC | {"kid": "three"}, EC]}) == "key-unknown"
    assert code(text, {"keys": [anonymous]}) == "accepted"
    assert code(text, {"keys": [anonymous, EC]}) == "key-unknown"
    assert code(unnamed, {"keys": [RSA]}) == "accepted"
    assert code(unnamed, {"keys": [RSA, EC]}) == "kid-missing"
    assert code(unnamed, {"keys": [RSA, EC | {"use": "enc"}]}) == "kid-missing"


def test_algorithms_are_limited() -> None:
    text = token(b"payload")
    for algorithms, expected in (
        (None, "accepted"), (["RS256"], "accepted"), ("RS256", "accepted"), ({"PS256", "RS256"}, "accepted"),
        (iter(["RS256"]), "accepted"), ([], "alg-not-allowed"), (["PS256"], "alg-not-allowed"), ("RS", "alg-not-allowed"),
        (["rs256"], "alg-not-allowed"),
    ):  # fmt: skip
        assert code(text, RSA, algorithms) == expected
    assert code(token(b"payload", header(alg="PS256")), RSA, None) == "alg-key-mismatch"
    assert code(token(b"payload", header(alg="PS256")), RSA, ["PS256"]) == "accepted"
    assert code(token(b"payload", header(alg="none"), algorithm="RS256"), RSA, ["none"]) == "alg-none"
    assert (
        code(token(b"payload", header(alg="XS256"), algorithm="RS256"), RSA, ["XS256"]) == "alg-not-allowed"
    )


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_secrets_are_for_one_algorithm_and_for_those_who_hold_them(algorithm: str) -> None:
    text = hs(algorithm)
    assert code(text, secret(alg=algorithm)) == "accepted"
    assert code(text, {"keys": [secret(alg=algorithm), secret(kid="two")]}) == "accepted"
    assert verify_jws(text, secret(alg=algorithm)).thumbprint is None
    assert code(text, secret(alg=algorithm), ["RS256"]) == "alg-not-allowed"
    for other in {"HS256", "HS384", "HS512"} - {algorithm}:
        assert code(text, secret(alg=other)) == "alg-key-mismatch"
        assert code(text, secret(alg=algorithm), [other]) == "alg-not-allowed"
    assert code(text, RSA) == "alg-symmetric"
    assert code(text, read_key_set({"keys": [RSA]})) == "alg-symmetric"
    first, second, third = text.split(".")
    shorter = keys.text(base64.urlsafe_b64decode(third + "==")[:-1])
    assert code(f"{first}.{second}.{shorter}", secret(alg=algorithm)) == "signature-invalid"
    assert code(f"{first}.{second}.", secret(alg=algorithm)) == "signature-invalid"


def test_secrets_are_held_to_their_rules() -> None:
    text = hs("HS256")
    assert code(text, secret()) == "accepted", "without alg a secret is for HS256"
    assert code(token(b"payload"), secret()) == "alg-key-mismatch"
    for members, expected in (
        ({"k": keys.text(SECRET[:31])}, "key-unfit"),
        ({"k": ""}, "key-unfit"), ({"k": 7}, "key-unfit"), ({"k": "?"}, "key-unfit"),
        ({"alg": "A256KW"}, "key-unfit"), ({"alg": "none"}, "key-unfit"), ({"use": "enc"}, "key-use-wrong"),
        ({"key_ops": ["sign"]}, "key-use-wrong"), ({"key_ops": ["verify"], "use": "sig"}, "accepted"), ({"kid": 7}, "key-unfit"),
    ):  # fmt: skip
        assert code(text, secret(**members)) == expected, members
    unnamed = {name: value for name, value in secret().items() if name != "kid"}
    assert code(text, {"keys": [secret(), secret()]}) == "key-duplicate-kid"
    assert code(text, {"keys": [unnamed, unnamed, secret()]}) == "accepted"
    assert code(text, {"keys": [unnamed, unnamed]}) == "key-unknown"
