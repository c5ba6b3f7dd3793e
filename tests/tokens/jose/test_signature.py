"""An algorithm verifies with keys of its own type and in its own form, and with nothing else."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature

from seawall_tokens.jose.key import read_key
from seawall_tokens.jose.secret_key import read_secret_key
from seawall_tokens.jose.signature import mac_is_valid, verifier, verifies
from tests.tokens import minting
from tests.tokens.jose import keys

SIGNERS: list[tuple[keys.Private, set[str]]] = [
    (keys.rsa_key(), {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    (keys.ec_key(), {"ES256"}),
    (keys.ec_key(0, "P-384"), {"ES384"}),
    (keys.ec_key(0, "P-521"), {"ES512"}),
    (keys.ed25519_key(), {"EdDSA", "Ed25519"}),
    (keys.ed448_key(), {"EdDSA", "Ed448"}),
]
NAMES = {name for _, names in SIGNERS for name in names} | {
    "HS256",
    "none",
    "",
    "RS1",
    "RS",
    "PS1",
    "XS256",
    "ES256K",
    "rs256",
}


@pytest.mark.parametrize(("key", "fitting"), SIGNERS)
def test_only_its_own_algorithms_fit_a_key(key: keys.Private, fitting: set[str]) -> None:
    read = read_key(keys.jwk(key))
    for name in NAMES:
        if name not in fitting:
            with pytest.raises(ValueError, match="does not fit"):
                verifier(read.native, name)
            assert not verifies(read, name, b"data", b"signature")
            continue
        signature = minting.sign(key, name, b"data")
        verifier(read.native, name)(signature, b"data")
        assert verifies(read, name, b"data", signature)
        with pytest.raises(InvalidSignature):
            verifier(read.native, name)(signature, b"other")
        for wrong in (b"", signature[:-1], signature + b"\0", b"\0" + signature, bytes(len(signature))):
            assert not verifies(read, name, b"data", wrong)


def test_rsa_algorithms_do_not_verify_each_other() -> None:
    read = read_key(keys.jwk(keys.rsa_key()))
    names = sorted(SIGNERS[0][1])
    for name in names:
        signature = minting.sign(keys.rsa_key(), name, b"data")
        assert [other for other in names if verifies(read, other, b"data", signature)] == [name]


def test_a_key_that_names_its_algorithm_has_no_other() -> None:
    read = read_key(keys.jwk(keys.rsa_key(), alg="PS256"))
    assert verifies(read, "PS256", b"data", minting.sign(keys.rsa_key(), "PS256", b"data"))
    assert not verifies(read, "RS256", b"data", minting.sign(keys.rsa_key(), "RS256", b"data"))


@pytest.mark.parametrize("name", ["HS256", "HS384", "HS512"])
def test_macs_are_whole(name: str) -> None:
    secret = bytes(range(64))
    mac = minting.sign(secret, name, b"data")
    assert mac_is_valid(secret, name, b"data", mac)
    for wrong in (b"", mac[:-1], mac[:16], mac + b"\0"):
        assert not mac_is_valid(secret, name, b"data", wrong)
    assert not mac_is_valid(secret, "RS256", b"data", mac)
    assert not mac_is_valid(secret, "none", b"data", b"")


def test_a_secret_is_not_shown() -> None:
    key = read_secret_key(
        {"kty": "oct", "k": keys.text(b"correct horse battery staple, and more"), "alg": "HS256"}
    )
    assert "horse" not in repr(key)
    assert key.algorithm == "HS256"
