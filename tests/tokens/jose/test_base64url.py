"""One value has one spelling: everything that is not it is refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_tokens.jose import base64url


@given(st.binary(max_size=100))
def test_what_is_written_is_read(data: bytes) -> None:
    assert base64url.decode(base64url.encode(data)) == data
    assert base64url.encode(data) == base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@given(st.text(alphabet=[*"ABCxyz019-_=+/ \n.é"], max_size=12) | st.binary(max_size=12))
def test_only_the_one_spelling_is_read(text: str | bytes) -> None:
    try:
        data = base64url.decode(text)
    except ValueError:
        return
    assert base64url.encode(data) == (text if isinstance(text, str) else text.decode())


@pytest.mark.parametrize(
    "text", ["A", "AAAAA", "AA==", "AB", "AAB", "+A", "/A", " AA", "AA\n", "AA ", "A?A", "A\0A", "ÄÄ", "𝐀𝐀"]
)
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any, UnicodeEncodeError is one
        base64url.decode(text)
    assert base64url.decode("AA") == b"\0"
    assert base64url.decode("") == b""
