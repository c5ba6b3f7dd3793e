"""Checks 1, 2 and 3, one by one: how a token is written, its algorithm and signature, its header."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.tokens import minting
from tests.tokens.jose import keys
from tests.tokens.judging import code
from tests.tokens.minting import claims, header, policy, token


def _with_segment(number: int, change: Callable[[str], str]) -> str:
    segments = token().split(".")
    segments[number] = change(segments[number])
    return ".".join(segments)


def _deep(levels: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return claims(extra=value)


WRITTEN: list[tuple[Any, str]] = [
    ("", "token-missing"),
    (b"", "token-missing"),
    (None, "token-missing"),
    (7, "token-missing"),
    ("a" * 16_384, "segments-not-three"),
    ("a" * 16_385, "token-too-large"),
    (token(claims(filler="a" * 20_000)), "token-too-large"),
    (token(head=header(filler="a" * 5000)), "token-too-large"),
    ("a", "segments-not-three"),
    ("a.b", "segments-not-three"),
    ("a.b.c.d", "segments-not-three"),
    (token() + ".", "segments-not-three"),
    ("Bearer " + token(), "base64url-invalid"),
    (token() + "\n", "base64url-invalid"),
    (" " + token(), "base64url-invalid"),
    (token() + "=", "base64url-invalid"),
    (token().replace(".", ".\u200b", 1), "base64url-invalid"),
    (token().encode("utf-16"), "base64url-invalid"),
    (_with_segment(1, lambda text: text + "=="), "base64url-invalid"),
    (_with_segment(0, lambda text: text[:-1] + "*"), "base64url-invalid"),
    (_with_segment(2, lambda text: text.replace("-", "+").replace("_", "/") + "+A"), "base64url-invalid"),
    (token(head=b"{"), "header-not-json"),
    (token(head=b"[]"), "header-not-json"),
    (token(head=b'"x"'), "header-not-json"),
    (token(head=b"\xff"), "header-not-json"),
    (token(head=b"\xef\xbb\xbf" + json.dumps(header()).encode()), "header-not-json"),
    (token(b"{'a':1}"), "payload-not-json"),
    (token(b"\xef\xbb\xbf{}"), "payload-not-json"),
    (token(b"\x80"), "payload-not-json"),
    (token(json.dumps(claims(sub="\ud800")).encode()), "payload-not-json"),
    (token(b'{"iss":"x","iss":"y"}'), "json-duplicate-member"),
    (token(head=b'{"alg":"RS256","kid":"one","typ":"at+jwt","alg":"none"}'), "json-duplicate-member"),
    (token(_deep(20)), "json-too-deep"),
    (token(b'{"exp":NaN}'), "json-number-invalid"),
    (token(b'{"exp":1e999}'), "json-number-invalid"),
    (token(b'{"exp":99999999999999999999}'), "json-number-invalid"),
    ('{"payload":"e30","signatures":[]}', "json-serialisation"),
    (' {"protected":"e30","payload":"e30","signature":""}', "json-serialisation"),
    (token(head=header(kid=1)), "header-malformed"),
    (token(head=header(typ=["at+jwt"])), "header-malformed"),
    (token(head=header(alg=["RS256"])), "header-malformed"),
    (token(head=header(kid="k" * 2000)), "header-malformed"),
    (token(head=header(zip="DEF")), "header-malformed"),
    (token(b"[]"), "claims-not-object"),
    (token(b'"claims"'), "claims-not-object"),
    (token(b"null"), "claims-not-object"),
    ("a.b.c.d.e", "encrypted-token"),
    (token(head=header(enc="A256GCM")), "encrypted-token"),
    (_with_segment(1, lambda _: ""), "detached-payload"),
    (token(head=header(b64=False)), "detached-payload"),
]


@pytest.mark.parametrize(("text", "expected"), WRITTEN)
def test_check_1_the_written_form(text: Any, expected: str) -> None:
    assert code(text) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (header(alg=...), "alg-missing"),
        (header(alg=""), "alg-missing"),
        *[(header(alg=alg), "alg-none") for alg in ("none", "None", "NONE", "nOnE", " none ")],
        *[(header(alg=alg), "alg-symmetric") for alg in ("HS256", "HS384", "HS512", "hs256")],
        *[
            (header(alg=alg), "alg-not-allowed")
            for alg in ("rs256", "RS256 ", "RS384", "PS256", "ES256", "RSA-OAEP", "dir", "\0")
        ],
    ],
)
def test_check_2_the_algorithm(head: dict[str, Any], expected: str) -> None:
    assert code(token(head=head, algorithm="RS256")) == expected


def test_check_2_a_public_key_is_no_shared_secret() -> None:
    jwk = keys.jwk(keys.rsa_key(), kid="one")
    modulus = base64.urlsafe_b64decode(jwk["n"] + "==")
    assert code(token(head=header(alg="HS256"), key=modulus)) == "alg-symmetric"


def test_check_2_one_key_has_one_algorithm() -> None:
    both = frozenset({"RS256", "PS256"})
    cases: list[tuple[dict[str, str], str, str]] = [
        ({}, "RS256", "PS256"),
        ({"alg": "RS256"}, "RS256", "PS256"),
        ({"alg": "PS256"}, "PS256", "RS256"),
    ]
    for members, bound, other in cases:
        rules = policy(keys=minting.rsa_source(**members), algorithms=both)
        assert code(token(head=header(alg=bound)), rules) == "accepted"
        assert code(token(head=header(alg=other)), rules) == "alg-key-mismatch"
    # A key's alg is not widened by a policy that does not allow it.
    rules = policy(keys=minting.rsa_source(alg="PS256"), algorithms=frozenset({"RS256"}))
    assert code(token(), rules) == "alg-key-mismatch"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (keys.rsa_key(), "RS256"), (keys.rsa_key(), "RS384"), (keys.rsa_key(), "RS512"),
        (keys.rsa_key(), "PS256"), (keys.rsa_key(), "PS384"), (keys.rsa_key(), "PS512"),
        (keys.ec_key(), "ES256"), (keys.ec_key(0, "P-384"), "ES384"), (keys.ec_key(0, "P-521"), "ES512"),
        (keys.ed25519_key(), "EdDSA"), (keys.ed25519_key(), "Ed25519"), (keys.ed448_key(), "EdDSA"),
        (keys.ed448_key(), "Ed448"),
    ],
)  # fmt: skip
def test_check_2_every_algorithm_verifies_with_its_own_key_alone(key: keys.Private, algorithm: str) -> None:
    jwk = keys.jwk(key, kid="one")
    rules = policy(keys=minting.source(jwk), algorithms=frozenset({algorithm}))
    good = token(head=header(alg=algorithm), key=key)
    assert code(good, rules) == "accepted"
    first, second, third = good.split(".")
    signature = base64.urlsafe_b64decode(third + "==")
    for wrong in (
        b"",
        signature[:-1],
        signature + b"\0",
        b"\0" + signature,
        bytes(len(signature)),
        signature[::-1],
    ):
        assert code(f"{first}.{second}.{keys.text(wrong)}", rules) == "signature-invalid"
    others: dict[str, keys.Private] = {"RSA": keys.ec_key(1), "EC": keys.rsa_key(1), "OKP": keys.ec_key(1)}
    another = others[jwk["kty"]]
    elsewhere = policy(keys=minting.source(keys.jwk(another, kid="one")), algorithms=frozenset({algorithm}))
    assert code(good, elsewhere) == "alg-key-mismatch"


def test_check_2_ecdsa_signatures_have_one_form() -> None:
    key = keys.ec_key()
    rules = policy(keys=minting.source(keys.jwk(key, kid="one")), algorithms=frozenset({"ES256"}))
    first, second, third = token(head=header(alg="ES256"), key=key).split(".")
    signature = base64.urlsafe_b64decode(third + "==")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    for wrong in (
        encode_dss_signature(r, s),
        (0).to_bytes(32) + s.to_bytes(32),
        r.to_bytes(32) + (0).to_bytes(32),
        bytes(64),
        order.to_bytes(32) + s.to_bytes(32),
        r.to_bytes(33) + s.to_bytes(33),
    ):
        assert code(f"{first}.{second}.{keys.text(wrong)}", rules) == "signature-invalid"


def test_check_2_the_signature_covers_header_and_claims() -> None:
    first, second, third = token().split(".")
    other_first, other_second, _ = token(claims(sub="admin"), header(x="y")).split(".")
    assert code(f"{first}.{other_second}.{third}") == "signature-invalid"
    assert code(f"{other_first}.{second}.{third}") == "signature-invalid"
    assert code(token(key=keys.rsa_key(1))) == "signature-invalid"


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ({"crit": ["exp"]}, "crit-unknown"),
        ({"crit": []}, "crit-unknown"),
        ({"crit": None}, "crit-unknown"),
        ({"jwk": keys.jwk(keys.rsa_key(1))}, "header-key-present"),
        ({"jwk": None}, "header-key-present"),
        ({"jku": "https://evil.example/keys"}, "header-key-url"),
        ({"x5c": []}, "header-certificate"),
        ({"x5u": "https://evil.example/certificate"}, "header-certificate-url"),
    ],
)
def test_check_3_the_header_asks_for_nothing(member: dict[str, Any], expected: str) -> None:
    assert code(token(head=header(**member))) == expected
    assert code(token(head=header(x5t="AAAA", cty="x", unknown={"a": [1]}))) == "accepted"
