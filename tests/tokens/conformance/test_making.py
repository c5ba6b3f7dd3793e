"""What the kit makes is what it says: unfit keys are unfit in the way named, and signatures that should verify do."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from seawall_tokens.conformance import keys
from seawall_tokens.conformance.battery import cases
from seawall_tokens.conformance.case import Case
from seawall_tokens.conformance.encoding import b64, dangling, integer, members, pad_base64
from seawall_tokens.conformance.keys import Key
from seawall_tokens.conformance.signing import cube_root_forgery, encode_message
from seawall_tokens.conformance.token_factory import ABSENT, TokenFactory, with_changes
from seawall_tokens.jose.fitness import rsa_faults


def number(text: str) -> int:
    return int.from_bytes(decoded(text))


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


UNFIT: dict[str, tuple[Callable[[], Key], str]] = {
    "tiny": (keys.tiny_rsa, "rsa-small"),
    "exponent one": (keys.exponent_one, "rsa-exponent"),
    "even modulus": (keys.even_modulus, "rsa-even"),
    "prime modulus": (keys.prime_modulus, "rsa-prime"),
    "small factor": (keys.small_factor, "rsa-small-factor"),
    "close primes": (keys.close_primes, "rsa-close-primes"),
    "roca": (keys.roca, "rsa-roca"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_an_unfit_key_has_the_fault_that_it_stands_for_and_its_signatures_fit(name: str) -> None:
    make, fault = UNFIT[name]
    key = make()
    n, e = number(str(key.jwk["n"])), number(str(key.jwk["e"]))
    assert fault in {found.code for found in rsa_faults(n, e)}
    if name != "tiny":
        assert n.bit_length() in {2048, 2049}
    signature = key.sign(b"message")
    assert pow(int.from_bytes(signature), e, n) == encode_message(b"message", len(signature)) % n


def test_the_cube_root_fools_who_does_not_look_at_the_end() -> None:
    cubed = (int.from_bytes(cube_root_forgery(256)(b"message")) ** 3).to_bytes(256)
    start = encode_message(b"message", 62).to_bytes(62)
    assert cubed.startswith(start)
    assert hashlib.sha256(b"message").digest() in cubed
    assert int.from_bytes(cubed) != encode_message(b"message", 256)


@pytest.mark.parametrize(
    "name", [f"ed25519-{kind}" for kind in ("neutral-point", "order-two", "order-four", "order-eight")]
)
def test_a_signature_without_a_key_fits_a_point_of_small_order(name: str) -> None:
    (case,) = cases((name,))
    presentation = case.build(TokenFactory())
    (jwk,) = json.loads(presentation.context.issuer.key_set)["keys"]
    signed, _, signature = presentation.token.rpartition(".")
    Ed25519PublicKey.from_public_bytes(decoded(jwk["x"])).verify(decoded(signature), signed.encode())


RIGHTLY_SIGNED = ("documents", "kind", "issuer", "claims", "time", "revocation", "dpop", "mtls", "step-up")
NOT_SIGNED = {"duplicate-alg", "credential-with-disclosures"}


def verifies(case: Case) -> bool:
    """Whether one of the RSA keys of the context made the signature, by `cryptography` alone."""
    presentation = case.build(TokenFactory())
    signed, _, signature = presentation.token.rpartition(".")
    for trusted in presentation.context.issuers:
        for jwk in json.loads(trusted.key_set)["keys"]:
            if jwk["kty"] != "RSA":
                continue
            public = rsa.RSAPublicNumbers(number(jwk["e"]), number(jwk["n"])).public_key()
            try:
                public.verify(decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
            except InvalidSignature:
                continue
            return True
    return False


@pytest.mark.parametrize("family", RIGHTLY_SIGNED)
def test_nothing_but_the_check_in_question_can_refuse(family: str) -> None:
    unsigned = [case.name for case in cases((family,)) if case.name not in NOT_SIGNED and not verifies(case)]
    assert unsigned == []


def test_the_replica_is_signed_with_the_consumers_key() -> None:
    for name in ("storm-0558", "storm-0558-expired", "storm-0558-many"):
        (case,) = cases((name,))
        workshop = TokenFactory()
        presentation = case.build(workshop)
        signed, _, signature = presentation.token.rpartition(".")
        header, claims = (json.loads(decoded(part)) for part in signed.split("."))
        consumer = workshop.consumer_key()
        assert header["kid"] == consumer.kid
        consumer.private.public_key().verify(
            decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        listed = {
            key["kid"]: key["issuer"] for key in json.loads(presentation.context.issuer.key_set)["keys"]
        }
        assert "{tenantid}" in listed[workshop.enterprise_key().kid]
        assert listed[consumer.kid] != claims["iss"]


def test_the_encoders() -> None:
    assert (b64(b"\xff\xfe"), pad_base64(b"\xff\xfe"), integer(0), integer(65537)) == (
        "__4",
        "__4=",
        "AA",
        "AQAB",
    )
    assert dangling(b64(b"a")) != b64(b"a")
    assert decoded(dangling(b64(b"a"))) == b"a"
    with pytest.raises(ValueError, match="no unused bits"):
        dangling(b64(b"abc"))
    assert members([("a", "1"), ("a", "NaN")]) == b'{"a":1,"a":NaN}'
    assert with_changes({"a": 1, "b": 2}, {"a": ABSENT, "c": None}) == {"b": 2, "c": None}


def test_a_time_can_be_fixed() -> None:
    workshop = TokenFactory(1_700_000_000.9)
    assert workshop.claims()["exp"] == 1_700_000_600
    assert workshop.context().now == 1_700_000_000.0
