"""What an application learns of a token fits a header, can be read back, and is never somebody else's."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.gate.identity import IDENTITY_HEADERS, LONGEST_VALUE, header_value, identity_headers
from seawall.gate.refusals import ClaimTooLong
from seawall_tokens.verify.permissions import read_words


@given(st.text(max_size=200))
def test_every_text_is_safe_and_comes_back(text: str) -> None:
    try:
        value = header_value(text)
    except ClaimTooLong:
        assert len(text.encode("utf-8", "surrogatepass")) * 3 > LONGEST_VALUE
        return
    assert re.fullmatch(rb"[ -~]*", value)
    assert value == value.strip()
    assert unquote(value.decode("ascii"), errors="surrogatepass") == text


def test_a_long_claim_is_refused_and_not_cut() -> None:
    assert header_value("a" * LONGEST_VALUE)
    for text in ("a" * (LONGEST_VALUE + 1), "é" * 500):
        with pytest.raises(ClaimTooLong):
            header_value(text)
    with pytest.raises(ClaimTooLong):
        identity_headers(dict.fromkeys(("sub", "iss", "tid", "oid"), "a" * 1000))


def test_the_headers_of_a_token() -> None:
    claims = {
        "iss": "https://issuer.example", "sub": "ann\r\nX-Auth-Roles: root", "tid": "t", "azp": "app", "scp": "read write",
        "roles": ["Mail.Read", "a b", 7, ""], "jti": "one", "exp": 1800000000.5, "acr": [3], "amr": ["pwd", "mfa"],
    }  # fmt: skip
    headers = identity_headers(claims)
    assert [name for name, _ in headers] == [header.name.lower().encode() for header in IDENTITY_HEADERS]
    assert {name: value for name, value in headers if value} == {
        b"x-auth-issuer": b"https://issuer.example",
        b"x-auth-subject": b"ann%0D%0AX-Auth-Roles: root",
        b"x-auth-tenant": b"t",
        b"x-auth-client": b"app",
        b"x-auth-scope": b"read write",
        b"x-auth-roles": b"Mail.Read",
        b"x-auth-amr": b"pwd mfa",
        b"x-auth-token": hashlib.sha256(b"one").hexdigest()[:32].encode(),
        b"x-auth-expires": b"1800000000",
    }


def test_a_word_with_a_space_is_no_two_words() -> None:
    assert read_words({"roles": ["read admin", "read"]}, "roles") == ("read",)
    assert read_words({"scope": {"a": 1}, "scp": "x"}, "scope", "scp") == ("x",)
