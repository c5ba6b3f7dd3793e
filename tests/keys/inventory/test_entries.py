"""One entry of a key set, whatever it is, described without an exception and without its secrets."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.keys.inventory.codes import KINDS
from seawall.keys.inventory.entries import describe
from seawall_tokens.jose.key import read_key
from tests.thoroughness import examples
from tests.tokens.jose.keys import (
    certificate,
    ec_key,
    ed448_key,
    ed25519_key,
    jwk,
    number_text,
    rsa_key,
    text,
)

GOOD = {"kid": "a", "use": "sig"}


def codes(entry: Any) -> set[str]:
    return {fault.code for fault in describe(entry, 0).faults}


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(rsa_key(), "RS256"), (ec_key(), "ES256"), (ec_key(0, "P-384"), "ES384"), (ec_key(0, "P-521"), "ES512"),
     (ed25519_key(), "EdDSA"), (ed448_key(), "Ed448")],
)  # fmt: skip
def test_a_sound_key_has_no_fault_and_the_verifiers_thumbprint(key: Any, algorithm: str) -> None:
    member = jwk(key, **GOOD, alg=algorithm)
    entry = describe(member, 3)
    assert entry.faults == ()
    assert entry.verifier == ""
    assert entry.place == 3
    assert entry.thumbprint == read_key(member).thumbprint


@pytest.mark.parametrize("private", ["d", "p", "q", "dp", "dq", "qi", "oth"])
def test_private_members_are_seen_and_not_read(private: str) -> None:
    member = jwk(rsa_key(), **GOOD, alg="RS256", **{private: "c2VjcmV0LXRoaW5n"})
    entry = describe(member, 0)
    assert {fault.code for fault in entry.faults} == {"private-key-published"}
    assert entry.thumbprint == describe(jwk(rsa_key()), 0).thumbprint
    assert entry.verifier == "private"
    assert "c2VjcmV0" not in repr(entry)


@pytest.mark.parametrize("member", [{"kty": "oct", "k": "c2VjcmV0LXRoaW5n"}, {"kty": "oct"},
                                    jwk(rsa_key(), k="c2VjcmV0LXRoaW5n")])  # fmt: skip
def test_symmetric_keys_have_no_thumbprint(member: dict[str, Any]) -> None:
    """A hash of a secret lets anybody try out secrets: none is made."""
    entry = describe({**member, "kid": "s"}, 0)
    assert {fault.code for fault in entry.faults} == {"symmetric-key-published"}
    assert entry.thumbprint is None
    assert entry.identity is None
    assert "c2VjcmV0" not in repr(entry)


@pytest.mark.parametrize("missing", ["kid", "use", "alg"])
def test_what_a_signing_key_should_say(missing: str) -> None:
    member = jwk(rsa_key(), **GOOD, alg="RS256")
    del member[missing]
    assert codes(member) == {f"no-{missing}"}


def test_a_key_for_encryption_is_asked_for_no_signature_algorithm() -> None:
    assert codes(jwk(rsa_key(), kid="a", use="enc", alg="RSA-OAEP")) == set()
    assert codes(jwk(rsa_key(), kid="a", key_ops=["encrypt"])) == set()
    assert codes(jwk(rsa_key(), kid="a", key_ops=["verify"])) == {"no-alg"}


@pytest.mark.parametrize("algorithm", ["ES256", "HS256", "none", "RSA-OAEP"])
def test_an_algorithm_of_another_kind(algorithm: str) -> None:
    assert codes(jwk(rsa_key(), **GOOD, alg=algorithm)) == {"algorithm-mismatch"}


def test_weak_numbers_are_named_with_their_size() -> None:
    entry = describe(jwk(rsa_key(0, 1024), **GOOD, alg="RS256"), 0)
    assert [(fault.code, fault.detail) for fault in entry.faults] == [("rsa-small", "1,024 bits")]
    assert entry.verifier == "fitness:rsa-small"
    even = describe({"kty": "RSA", "n": number_text(1 << 2048), "e": "AQ", **GOOD, "alg": "RS256"}, 0)
    assert {fault.code for fault in even.faults} == {"rsa-even", "rsa-exponent"}
    huge = describe(
        {"kty": "RSA", "n": number_text((1 << 100_000) + 1), "e": "AQAB", **GOOD, "alg": "RS256"}, 0
    )
    assert {fault.code for fault in huge.faults} == {"rsa-large"}


def test_points_off_the_curve_and_of_small_order() -> None:
    member = jwk(ec_key(), **GOOD, alg="ES256")
    assert codes({**member, "y": member["x"]}) == {"point-invalid"}
    assert codes({"kty": "OKP", "crv": "Ed25519", "x": text(b"\1" + bytes(31)), **GOOD, "alg": "EdDSA"}) == {
        "small-order"
    }


def test_a_point_and_its_mirror_image_are_one_private_key() -> None:
    key = ec_key()
    mirrored = ec.derive_private_key(
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
        - key.private_numbers().private_value,
        ec.SECP256R1(),
    )
    one, other = describe(jwk(key), 0), describe(jwk(mirrored), 0)
    assert one.thumbprint != other.thumbprint
    assert one.identity == other.identity


def test_leading_zeros_and_another_exponent_are_the_same_modulus() -> None:
    plain = jwk(rsa_key())
    padded = {**plain, "n": text(b"\0" + rsa_key().public_key().public_numbers().n.to_bytes(256))}
    assert describe(plain, 0).thumbprint == describe(padded, 0).thumbprint
    other = {**plain, "e": number_text(65539)}
    assert describe(plain, 0).thumbprint != describe(other, 0).thumbprint
    assert describe(plain, 0).identity == describe(other, 0).identity


@pytest.mark.parametrize(
    ("member", "code"),
    [
        ({"kty": "EC", "crv": "secp256k1", "x": text(b"\1" * 32), "y": text(b"\2" * 32)}, "point-invalid"),
        ({"kty": "EC", "crv": "brainpoolP256r1", "x": "AA", "y": "AA"}, "curve-unknown"),
        ({"kty": "OKP", "crv": "X25519", "x": text(bytes(32))}, "key-type-unknown"),
        ({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}, "key-type-unknown"),
    ],
)
def test_keys_that_sign_nothing_here(member: dict[str, Any], code: str) -> None:
    assert code in codes({**member, **GOOD})


@pytest.mark.parametrize(
    "member",
    [None, 7, "text", [], {}, {"kty": 1}, {"kty": "RSA"}, {"kty": "RSA", "n": 5, "e": "AQAB"},
     {"kty": "RSA", "n": "A", "e": "AQAB"}, {"kty": "RSA", "n": "AQ==", "e": "AQAB"}, {"kty": "EC", "crv": "P-256"},
     {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, {"kty": "EC"}, {"kty": "OKP", "crv": "Ed25519"},
     jwk(rsa_key(), key_ops="verify"), jwk(rsa_key(), key_ops=[1]), jwk(rsa_key(), kid=7), jwk(rsa_key(), use=[])],
    ids=lambda member: f"{type(member).__name__}-{len(str(member)) % 10}" if not isinstance(member, dict) else "-".join(member),
)  # fmt: skip
def test_what_is_no_key(member: Any) -> None:
    assert "key-malformed" in codes(member)


@pytest.mark.parametrize("kid", ["a\x1b[2J", "a\u202eb", "a\nb", "a\u200b", "x" * 257, "\0"])
def test_odd_names(kid: str) -> None:
    entry = describe(jwk(rsa_key(), kid=kid, use="sig", alg="RS256"), 0)
    assert [(fault.code, fault.detail) for fault in entry.faults] == [("kid-odd", "kid")]
    assert len(entry.kid or "") <= 256


def _with_certificate(der: bytes, **members: Any) -> dict[str, Any]:
    return jwk(rsa_key(), **GOOD, alg="RS256", x5c=[base64.b64encode(der).decode()], **members)


def test_the_dates_of_its_own_certificate() -> None:
    entry = describe(_with_certificate(certificate(rsa_key(), 1_500_000_000, 1_600_000_000)), 0)
    assert entry.faults == ()
    assert (entry.certificate.not_before, entry.certificate.not_after) == (1_500_000_000, 1_600_000_000)


def test_another_keys_certificate_dates_nothing() -> None:
    entry = describe(_with_certificate(certificate(rsa_key(1), 1_500_000_000, 1_600_000_000)), 0)
    assert {fault.code for fault in entry.faults} == {"certificate-of-another-key"}
    assert entry.certificate.not_after is None


@pytest.mark.parametrize("member", ["x5t", "x5t#S256"])
def test_thumbprints_of_another_certificate(member: str) -> None:
    der = certificate(rsa_key(), 1_500_000_000, 1_600_000_000)
    assert codes(_with_certificate(der, **{member: text(bytes(20))})) == {"certificate-thumbprint-wrong"}


@pytest.mark.parametrize("chain", [[], "text", [7], ["!!!"], [""], ["AAAA"], ["A" * 70_000], {}])
def test_certificates_that_cannot_be_read(chain: Any) -> None:
    assert codes(jwk(rsa_key(), **GOOD, alg="RS256", x5c=chain)) == {"certificate-malformed"}


@settings(max_examples=examples(300), deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["kty", "crv", "n", "e", "x", "y", "k", "d", "kid", "use", "alg", "key_ops", "issuer", "x5c", "x5t"]),
        st.one_of(
            st.none(), st.integers(), st.text(max_size=40), st.lists(st.text(max_size=9), max_size=3),
            st.sampled_from(["RSA", "EC", "OKP", "oct", "P-256", "Ed25519", "Ed448", "AQAB", "sig"]),
            st.binary(max_size=70).map(text),
        ),
    )
)  # fmt: skip
def test_anything_is_described_and_every_fault_has_a_kind(member: dict[str, Any]) -> None:
    entry = describe(member, 0)
    assert {fault.code for fault in entry.faults} <= KINDS.keys()
    json.dumps([entry.kid, entry.thumbprint, entry.identity])
    if entry.verifier == "":
        assert not {"private-key-published", "symmetric-key-published", "key-malformed"} & codes(member)
