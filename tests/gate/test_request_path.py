"""Paths are read in one way or refused."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.gate.refusals import PathAmbiguous
from seawall.gate.request_path import decode_path, is_escaped_needlessly, is_plain_path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("/", "/"),
        ("/a/b.html?c=/../d%2f", "/a/b.html"),
        ("/a%20b/%C3%A9", "/a b/é"),
        ("/%61dmin", "/admin"),
        ("/.well-known/x", "/.well-known/x"),
        ("/a..b/c.", "/a..b/c."),
        ("/~ann/@me:x,(y)!$&'*+=", "/~ann/@me:x,(y)!$&'*+="),
    ],
)
def test_a_plain_path_is_decoded(uri: str, path: str) -> None:
    assert decode_path(uri) == path


@pytest.mark.parametrize(
    "uri",
    [
        "", "a", "*", "http://app/admin", "//app/admin", "/a//b", "/a/../b", "/..", "/a/.", "/./a", "/a/..?x",
        "/a%2fb", "/a%2Fb", "/a%5cb", "/a\\b", "/%2e%2e/b", "/%2E/b", "/a%00b", "/a\0b", "/a%0d%0ab", "/a%7f",
        "/admin;x=1", "/a/..;/b", "/a%3bb", "/a%3fb", "/a%23b", "/a#b", "/a%252fb", "/a%", "/a%2", "/a%zz", "/%c0%ae",
        "/%ff", "/%ed%a0%80", "/a b", "/é", "/a\tb", "/a%c2%85b", "/a%e2%88%95b", "/" + "a" * 9000,
        "/%EF%BC%8E%EF%BC%8E/x", '/a"b', "/a<b>", "/a|b", "/a^b", "/a`b", "/a{b}",
    ],
)  # fmt: skip
def test_a_path_with_two_readings_is_refused(uri: str) -> None:
    with pytest.raises(PathAmbiguous):
        decode_path(uri)


@given(st.text(max_size=60))
def test_what_is_accepted_has_one_reading(uri: str) -> None:
    try:
        path = decode_path(uri)
    except PathAmbiguous:
        return
    assert path.startswith("/")
    assert "//" not in path
    assert not {"..", "."} & set(path.split("/"))
    assert not set(path) & set("\\\0\r\n?;%#")
    # Reading it again, as a second server in the chain would, changes nothing.
    assert decode_path(quote(path, safe="/!$&'()*+,-.:=@_~")) == path


@pytest.mark.parametrize("path", ["/", "/admin", "/a b", "/é", "/a/b/"])
def test_plain_paths_may_stand_in_rules(path: str) -> None:
    assert is_plain_path(path)


@pytest.mark.parametrize(
    "path", ["", "admin", "/a/../b", "//a", "/a%20b", "/a?b", "/a;b", "/a\\b", "/a#b", "/a\0"]
)
def test_other_paths_may_not(path: str) -> None:
    assert not is_plain_path(path)


@pytest.mark.parametrize(
    "uri",
    ["/a/..%20/b", "/a/%20../b", "/a/.%20", "/a/..+/b", "/a/.../b", "/a/%20/b", "/a/%20%20", "/a/%E2%80%A4%E2%80%A4/b",
     "/a/..%C2%A0/b", "/a/.%E2%80%8B./b", "/a%E2%81%84b", "/a%E2%84%80b", "/a%EF%B9%A8b", "/a%E2%88%96b", "/a/%E2%80%8B/b"],
)  # fmt: skip
def test_a_name_that_some_system_cuts_down_to_dots_is_refused(uri: str) -> None:
    """Windows cuts blanks and dots off names: `/assets/..%20/admin` is `/admin` there."""
    with pytest.raises(PathAmbiguous):
        decode_path(uri)


@pytest.mark.parametrize(
    "uri", ["/c/project/+/1", "/wiki/Washington,_D.C.", "/wiki/%E4%BD%95%EF%BC%9F", "/%C2%BDx", "/a%20b%20"]
)
def test_ordinary_names_are_left_alone(uri: str) -> None:
    assert decode_path(uri)


@pytest.mark.parametrize(
    ("uri", "escaped"),
    [("/%61dmin", True), ("/a%2Db", True), ("/a%5fb", True), ("/%7eann", True), ("/%39", True), ("/a%20b/%C3%A9", False),
     ("/a%40b", False), ("/a?%61", False), ("/%5Bx%5D", False)],
)  # fmt: skip
def test_needless_escapes_are_noticed(uri: str, escaped: bool) -> None:
    assert is_escaped_needlessly(uri) is escaped
