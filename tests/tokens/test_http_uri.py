"""Two spellings of one URI are one; two URIs are never one."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_tokens.verify.http_uri import comparable


@pytest.mark.parametrize(
    ("given_uri", "expected"),
    [
        ("https://api.example", "https://api.example/"),
        ("HTTPS://API.Example:443/A", "https://api.example/A"),
        ("http://api.example:80", "http://api.example/"),
        ("http://api.example:443/", "http://api.example:443/"),
        ("https://api.example:/", "https://api.example/"),
        ("https://api.example:00443/", "https://api.example/"),
        ("https://api.example/a?b=c#d", "https://api.example/a"),
        ("https://api.example?b", "https://api.example/"),
        ("https://api.example/%7euser/%2f", "https://api.example/~user/%2F"),
        ("https://api.example/a/./b/../c", "https://api.example/a/c"),
        ("https://api.example/a/%2e%2e/c", "https://api.example/c"),
        ("https://api.example/../..", "https://api.example/"),
        ("https://api.example/a/..", "https://api.example/"),
        ("https://api.example/a/.", "https://api.example/a/"),
        ("https://api.example//a//", "https://api.example//a//"),
        ("https://[2001:DB8:0:0::1]:8443/", "https://[2001:db8::1]:8443/"),
        ("https://api%2eexample/", "https://api.example/"),
    ],
)
def test_one_spelling(given_uri: str, expected: str) -> None:
    assert comparable(given_uri) == expected


@pytest.mark.parametrize(
    "text",
    ["", "/", "mail", "//api.example/", "https:///a", "https://", "ftp://api.example/", "https:api.example",
     "https://user@api.example/", "https://user:word@api.example/", "https://api.example:x/", "https://api.example:0/",
     "https://api.example:65536/", "https://api.example/a b", "https://api.example/\\..\\", "https://api.example/\n",
     "https://api.example/é", "https://é.example/", "https://api.example/%", "https://api.example/%4", "https://[::1/",
     "https://[::g]/", "https://[1.2.3.4]/", "https://api.example:1:2/", "https://api.example/" + "a" * 9000],
)  # fmt: skip
def test_what_is_no_http_uri_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        comparable(text)


SEGMENTS = st.lists(st.text("ab.~%/", max_size=3).map(lambda text: text.replace("%", "%2F")), max_size=5)
URIS = st.builds(
    lambda scheme, host, port, segments: f"{scheme}://{host}{port}/{'/'.join(segments)}",
    st.sampled_from(["http", "https"]),
    st.sampled_from(["a.example", "b.example", "[::1]", "192.0.2.1"]),
    st.sampled_from(["", ":443", ":80", ":8443"]),
    SEGMENTS,
)


@given(URIS)
def test_the_one_spelling_is_its_own(uri: str) -> None:
    assert comparable(comparable(uri)) == comparable(uri)


@given(URIS, st.data())
def test_other_spellings_are_equal(uri: str, data: st.DataObject) -> None:
    scheme, rest = uri.split("://")
    authority, path = rest.split("/", 1)
    spelt = "".join(
        f"%{ord(letter):02x}" if letter in "ab~" and data.draw(st.booleans()) else letter for letter in path
    )
    assert comparable(f"{scheme.upper()}://{authority.upper()}/{spelt}?x=/../#y") == comparable(uri)


@given(URIS, URIS)
def test_what_is_equal_has_the_same_scheme_host_port_and_slashes(one: str, other: str) -> None:
    def parts(uri: str) -> tuple[str, str]:
        scheme, rest = uri.split("://")
        authority = rest.split("/", 1)[0]
        default = {"http": ":80", "https": ":443"}[scheme]
        return scheme, authority.removesuffix(default)

    if comparable(one) == comparable(other):
        assert parts(one) == parts(other)


@given(st.text(max_size=40))
def test_any_text_is_a_uri_or_a_value_error(text: str) -> None:
    for uri in (text, f"https://{text}", f"https://api.example/{text}"):
        with suppress(ValueError):
            assert comparable(uri).startswith(("http://", "https://"))
