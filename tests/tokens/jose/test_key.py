"""A JSON Web Key becomes one public key, or is refused with its reason."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_tokens.jose.key import KeyRefused, list_supported_algorithms, parse_key, read_key
from tests.tokens.jose import keys

MAKERS: list[tuple[Callable[[], keys.Private], str, set[str]]] = [
    (keys.rsa_key, "RSA", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    (keys.ec_key, "EC", {"ES256"}),
    (lambda: keys.ec_key(0, "P-384"), "EC", {"ES384"}),
    (lambda: keys.ec_key(0, "P-521"), "EC", {"ES512"}),
    (keys.ed25519_key, "OKP", {"EdDSA", "Ed25519"}),
    (keys.ed448_key, "OKP", {"EdDSA", "Ed448"}),
]


@pytest.mark.parametrize(("make", "kty", "algorithms"), MAKERS)
def test_every_type_is_read(make: Callable[[], keys.Private], kty: str, algorithms: set[str]) -> None:
    key = read_key(
        keys.jwk(make(), kid="one", use="sig", key_ops=["verify"], issuer="https://issuer.example/")
    )
    assert (key.kty, key.kid, key.use, key.operations) == (kty, "one", "sig", ("verify",))
    assert key.issuer == "https://issuer.example/"
    assert list_supported_algorithms(key) == algorithms
    assert key.native == make().public_key()
    assert (key.not_before, key.not_after, key.certificate_thumbprint) == (None, None, None)
    with pytest.raises(TypeError):
        key.members["kid"] = "other"  # type: ignore[index]


def test_alg_binds_the_key() -> None:
    assert list_supported_algorithms(read_key(keys.jwk(keys.rsa_key(), alg="PS256"))) == {"PS256"}
    for alg in ("ES256", "HS256", "none", "rs256", "RSA-OAEP"):
        with pytest.raises(KeyRefused) as raised:
            read_key(keys.jwk(keys.rsa_key(), alg=alg))
        assert raised.value.code == "fitness:algorithm-mismatch"
        assert list_supported_algorithms(parse_key(keys.jwk(keys.rsa_key(), alg=alg))) == frozenset()


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    # The example of RFC 7638 section 3.1.
    example = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",  # noqa: E501
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    }
    assert read_key(example).thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_a_leading_zero_does_not_change_the_thumbprint() -> None:
    plain = keys.jwk(keys.rsa_key())
    octets = base64.urlsafe_b64decode(plain["n"] + "==")
    assert read_key(plain | {"n": keys.text(b"\0" + octets)}).thumbprint == read_key(plain).thumbprint


def _without(key: dict[str, Any], name: str) -> dict[str, Any]:
    return {member: value for member, value in key.items() if member != name}


def _refused(jwk: Any) -> str:
    with pytest.raises(KeyRefused) as raised:
        read_key(jwk)
    return raised.value.code


def test_what_is_no_public_key_is_refused() -> None:
    rsa, ec, okp = keys.jwk(keys.rsa_key()), keys.jwk(keys.ec_key()), keys.jwk(keys.ed25519_key())
    modulus = keys.rsa_key().public_key().public_numbers().n
    cases: dict[str, list[Any]] = {
        "malformed": [[], "x", None, {}, rsa | {"kty": 1}, rsa | {"kid": ""}, rsa | {"kid": 1}, rsa | {"kid": "k" * 2000},
                      rsa | {"alg": None}, rsa | {"n": 5}, rsa | {"n": rsa["n"] + "="}, _without(rsa, "e"), _without(ec, "y"),
                      _without(ec, "crv"), ec | {"x": keys.text(b"\0" + b"1" * 32)}, ec | {"x": "AAAA"}, okp | {"x": "AAAA"},
                      _without(okp, "crv"), rsa | {"key_ops": "verify"}, rsa | {"key_ops": ["verify", "verify"]},
                      rsa | {"key_ops": [1]}, rsa | {"issuer": 5}],
        "symmetric": [{"kty": "oct", "k": "AAAA"}, {"kty": "oct"}, rsa | {"k": "AAAA"}],
        "private": [rsa | {"d": "AAAA"}, ec | {"d": "AAAA"}, okp | {"d": "AAAA"}, rsa | {"qi": ""}, rsa | {"oth": []}],
        "unknown-type": [rsa | {"kty": "rsa"}, ec | {"crv": "secp256k1"}, ec | {"crv": "p-256"}, okp | {"crv": "X25519"},
                         okp | {"kty": "AKP"}],
        "use": [rsa | {"use": "enc"}, rsa | {"use": "SIG"}],
        "operations": [rsa | {"key_ops": []}, rsa | {"key_ops": ["encrypt"]}, rsa | {"use": "sig", "key_ops": ["sign"]}],
        "fitness:rsa-small": [keys.jwk(keys.rsa_key(0, 1024)), rsa | {"n": "AQAB"}],
        "fitness:rsa-large": [rsa | {"n": keys.number_text((1 << 20000) + 1)}],
        "fitness:rsa-exponent": [rsa | {"e": "AQ"}, rsa | {"e": "Aw"}, rsa | {"e": "AQAA"}, rsa | {"e": rsa["n"]}],
        "fitness:rsa-even": [rsa | {"n": keys.number_text(modulus - 1)}],
        "fitness:point-invalid": [ec | {"y": ec["x"]}],
        "fitness:small-order": [okp | {"x": keys.text(b"\1" + bytes(31))}],
    }  # fmt: skip
    for code, jwks in cases.items():
        for jwk in jwks:
            assert _refused(jwk) == code, jwk


def test_a_certificate_dates_the_key_that_it_certifies() -> None:
    der = keys.certificate(keys.rsa_key(), 1_600_000_000, 1_700_000_000)
    encoded = base64.b64encode(der).decode()
    sha256 = keys.text(hashlib.sha256(der).digest())
    sha1 = keys.text(hashlib.sha1(der).digest())
    key = read_key(keys.jwk(keys.rsa_key(), x5c=[encoded], **{"x5t#S256": sha256, "x5t": sha1}))
    assert (key.not_before, key.not_after) == (1_600_000_000, 1_700_000_000)
    assert key.certificate_thumbprint == sha256
    # Auth0 writes the digits, in capitals; and what is no thumbprint at all says nothing.
    digits = hashlib.sha1(der).hexdigest()
    for x5t in (
        sha1,
        keys.text(digits.upper().encode()),
        keys.text(digits.encode()),
        "AAAA",
        "?",
        keys.text(b"g" * 40),
        "",
    ):
        assert read_key(keys.jwk(keys.rsa_key(), x5c=[encoded], x5t=x5t)).not_after == 1_700_000_000


def test_a_certificate_of_another_key_is_a_fault() -> None:
    encoded = base64.b64encode(keys.certificate(keys.rsa_key(1), 1_600_000_000, 1_700_000_000)).decode()
    own = base64.b64encode(keys.certificate(keys.rsa_key(0), 1_600_000_000, 1_700_000_000)).decode()
    key = keys.jwk(keys.rsa_key(0))
    assert _refused(key | {"x5c": [encoded]}) == "certificate-mismatch"
    assert _refused(key | {"x5c": [encoded, own]}) == "certificate-mismatch"
    assert _refused(key | {"x5c": [own], "x5t#S256": "AAAA"}) == "certificate-mismatch"
    other = hashlib.sha1(base64.b64decode(encoded)).digest()
    for x5t in (
        1,
        keys.text(other),
        keys.text(other.hex().encode()),
        keys.text(other.hex().upper().encode()),
    ):
        assert _refused(key | {"x5c": [own], "x5t": x5t}) == "certificate-mismatch"
    wrong: list[Any] = [
        [],
        {},
        "",
        [1],
        ["?"],
        ["AAAA"],
        [own[:-8]],
        [own] * 20,
        [own + "\n"],
        ["A" * 100_000],
    ]
    for broken in wrong:
        assert _refused(key | {"x5c": broken}) == "certificate-malformed"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
NAMES = [
    "kty",
    "crv",
    "n",
    "e",
    "x",
    "y",
    "kid",
    "alg",
    "use",
    "key_ops",
    "x5c",
    "x5t",
    "x5t#S256",
    "issuer",
    "d",
    "k",
]


@given(
    st.sampled_from(MAKERS),
    st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4),
    st.sampled_from([*NAMES, ""]),
)
def test_nothing_but_a_refusal_is_raised(
    maker: tuple[Callable[[], keys.Private], str, set[str]], changes: dict[str, Any], dropped: str
) -> None:
    jwk = _without(keys.jwk(maker[0]()) | changes, dropped)
    try:
        key = read_key(jwk)
    except KeyRefused:
        return
    assert key.native == maker[0]().public_key()
    assert list_supported_algorithms(key) <= maker[2]


def test_nothing_of_the_key_is_in_its_representation() -> None:
    jwk = keys.jwk(keys.rsa_key(), alg="RS256")
    assert jwk["n"][:20] not in repr(read_key(jwk))
    with pytest.raises(KeyRefused) as raised:
        read_key(jwk | {"d": "c2VjcmV0"})
    assert "c2VjcmV0" not in str(raised.value)
