"""A key set is taken whole, without the members that cannot verify, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_tokens.jose.key_set import LARGEST_SET, KeySetRefused, read_key_set
from tests.tokens.jose import keys

RSA = keys.jwk(keys.rsa_key(), kid="rsa")
EC = keys.jwk(keys.ec_key(), kid="ec")
SECRET = {"kty": "oct", "k": "AAAA", "kid": "secret"}


def test_a_set_is_read_from_text_and_from_members() -> None:
    document = {
        "keys": [RSA, EC, keys.jwk(keys.ec_key(1)), keys.jwk(keys.ec_key(2))],
        "issuer": "https://issuer.example/",
    }
    for given_as in (document, json.dumps(document).encode()):
        keyset = read_key_set(given_as)
        assert [key.kid for key in keyset.keys] == ["rsa", "ec", None, None]
        assert keyset.issuer == "https://issuer.example/"
        found = keyset.find("ec")
        assert found is not None
        assert found.kty == "EC"
        assert keyset.find("EC") is None
        assert keyset.refused == ()


def test_members_that_cannot_verify_are_left_out_by_name() -> None:
    keyset = read_key_set(
        {"keys": [RSA, EC | {"kid": "enc", "use": "enc"}, {"kty": "AKP", "kid": "new"},
                  keys.jwk(keys.rsa_key(0, 1024), kid="weak"), {"kty": "AKP"}]}
    )  # fmt: skip
    assert [key.kid for key in keyset.keys] == ["rsa"]
    assert [(key.kid, key.code) for key in keyset.refused] == [
        ("enc", "use"), ("new", "unknown-type"), ("weak", "fitness:rsa-small"), (None, "unknown-type")
    ]  # fmt: skip
    assert keyset.refused_by_kid["weak"].code == "fitness:rsa-small"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"keys": [RSA, SECRET]}, "mixed"),
        ({"keys": [SECRET, RSA]}, "mixed"),
        ({"keys": [SECRET]}, "symmetric"),
        ({"keys": [EC, RSA | {"d": "AAAA"}]}, "private"),
        ({"keys": [EC, EC | {"x": "?"}]}, "malformed"),
        ({"keys": [EC, keys.jwk(keys.ec_key(1), kid="ec")]}, "duplicate-kid"),
        ({"keys": [EC, EC | {"use": "enc"}]}, "duplicate-kid"),
        ({"keys": []}, "empty"),
        ({"keys": {}}, "malformed"),
        ({"keys": [1]}, "malformed"),
        ({}, "malformed"),
        (EC, "malformed"),
        ({"keys": [EC], "issuer": 1}, "malformed"),
        ({"keys": [EC] * 1001}, "too-many"),
        (b'{"keys":[],"keys":[]}', "not-json"),
        (b"[]", "malformed"),
        (b" " * (LARGEST_SET + 1), "not-json"),
        (b"[" * 100, "not-json"),
        (b"\xff", "not-json"),
    ],
)
def test_a_set_that_nobody_guards_is_refused(document: Any, code: str) -> None:
    with pytest.raises(KeySetRefused) as raised:
        read_key_set(document)
    assert raised.value.code == code


@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda text: json.dumps({"keys": text}).encode()))
def test_nothing_but_a_refusal_is_raised(document: bytes) -> None:
    with pytest.raises(KeySetRefused):
        read_key_set(document)
