"""Event tokens are judged by an independent library: what it does not verify, nobody would."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws
from joserfc.jwk import JWKRegistry

from seawall.response.errors import SignalsInvalid
from seawall.response.signals import signing


def written(folder: Path, native: object, name: str = "key.pem") -> Path:
    path = folder / name
    pem = native.private_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(pem)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("kind", ["RS256", "ES256"])
def test_an_independent_library_verifies_what_is_signed(tmp_path: Path, kind: str) -> None:
    makers: dict[str, Any] = {
        "RS256": lambda: rsa.generate_private_key(65537, 2048),
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    }
    key = signing.load_signing_key(written(tmp_path, makers[kind]()))
    claims = {"iss": "https://s.example", "jti": "ä\ud800".encode("utf-8", "replace").decode(), "n": 1}
    token = key.token(claims)
    found = jws.deserialize_compact(token, JWKRegistry.import_key(dict(key.jwk())), algorithms=[kind])
    assert json.loads(found.payload) == claims
    assert found.headers() == {"alg": kind, "kid": key.kid, "typ": "secevent+jwt"}
    assert "d" not in key.jwk()
    assert str(key.kid) in json.dumps(key.jwk())


def test_a_made_key_is_read_again_and_belongs_to_its_user_alone(tmp_path: Path) -> None:
    made = signing.make_signing_key(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    assert signing.load_signing_key(tmp_path / "key.pem").jwk() == made.jwk()
    with pytest.raises(SignalsInvalid):
        signing.make_signing_key(tmp_path / "key.pem")
    assert signing.load_signing_key(tmp_path / "key.pem").jwk() == made.jwk()


def test_keys_that_no_receiver_should_take_are_refused(tmp_path: Path) -> None:
    weak = written(tmp_path, rsa.generate_private_key(65537, 1024), "weak.pem")
    other = written(tmp_path, ec.generate_private_key(ec.SECP384R1()), "other.pem")
    for path in (weak, other):
        with pytest.raises(SignalsInvalid):
            signing.load_signing_key(path)


def test_a_key_that_lies_open_is_refused_and_never_shown(tmp_path: Path) -> None:
    path = written(tmp_path, ec.generate_private_key(ec.SECP256R1()))
    path.chmod(0o640)
    with pytest.raises(SignalsInvalid, match="others can read"):
        signing.load_signing_key(path)
    path.chmod(0o600)
    (tmp_path / "link.pem").symlink_to(path)
    with pytest.raises(SignalsInvalid):
        signing.load_signing_key(tmp_path / "link.pem")
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(SignalsInvalid):
        signing.load_signing_key(tmp_path / "pipe")
    (tmp_path / "no.pem").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    (tmp_path / "no.pem").chmod(0o600)
    with pytest.raises(SignalsInvalid, match="PEM") as refused:
        signing.load_signing_key(tmp_path / "no.pem")
    assert "AAAA" not in str(refused.value)
