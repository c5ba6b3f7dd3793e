"""Paths are read in one way or refused, and the rule of the longest path decides."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.server.paths import PathRules, is_plain, plain_path
from seawall.server.refusals import MethodOverride, PathAmbiguous
from seawall.server.settings import PathRule


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
    assert plain_path(uri) == path


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
        plain_path(uri)


@given(st.text(max_size=60))
def test_what_is_accepted_has_one_reading(uri: str) -> None:
    try:
        path = plain_path(uri)
    except PathAmbiguous:
        return
    assert path.startswith("/")
    assert "//" not in path
    assert not {"..", "."} & set(path.split("/"))
    assert not set(path) & set("\\\0\r\n?;%#")
    # Reading it again, as a second server in the chain would, changes nothing.
    assert plain_path(quote(path, safe="/!$&'()*+,-.:=@_~")) == path


@pytest.mark.parametrize("path", ["/", "/admin", "/a b", "/é", "/a/b/"])
def test_plain_paths_may_stand_in_rules(path: str) -> None:
    assert is_plain(path)


@pytest.mark.parametrize(
    "path", ["", "admin", "/a/../b", "//a", "/a%20b", "/a?b", "/a;b", "/a\\b", "/a#b", "/a\0"]
)
def test_other_paths_may_not(path: str) -> None:
    assert not is_plain(path)


RULES = PathRules(
    [
        PathRule(prefix="/", scopes=("read",)),
        PathRule(prefix="/admin", acr_values=("strong",)),
        PathRule(prefix="/admin/", methods=("DELETE",), roles=("owner",)),
        PathRule(exact="/health", public=True),
        PathRule(prefix="/assets/", public=True),
    ]
)


@pytest.mark.parametrize(
    ("path", "method", "expected"),
    [
        ("/", "GET", "/"),
        ("/mail", "GET", "/"),
        ("/admin", "GET", "/admin"),
        ("/admin/x", "GET", "/admin"),
        ("/admin/x", "DELETE", "/admin/"),
        ("/ADMIN/x", "GET", "/admin"),
        ("/administrator", "GET", "/"),
        ("/health", "GET", "/health"),
        ("/health/x", "GET", "/"),
        ("/Health", "GET", "/"),
        ("/assets/a.css", "GET", "/assets/"),
        ("/Assets/a.css", "GET", "/"),
    ],
)
def test_the_longest_path_decides(path: str, method: str, expected: str) -> None:
    rule = RULES.rule_for(path, method, overridden=False)
    assert rule is not None
    assert (rule.exact or rule.prefix) == expected


def test_head_is_a_get() -> None:
    rules = PathRules([PathRule(prefix="/a", methods=("GET",), scopes=("x",))])
    assert rules.rule_for("/a", "HEAD", overridden=False) is not None
    assert rules.rule_for("/a", "POST", overridden=False) is None


def test_where_the_method_matters_it_cannot_be_overridden() -> None:
    with pytest.raises(MethodOverride):
        RULES.rule_for("/mail", "GET", overridden=True)
    indifferent = PathRules([PathRule(prefix="/", public=True)])
    assert indifferent.rule_for("/mail", "GET", overridden=True) is not None


def test_no_rules_ask_nothing() -> None:
    assert PathRules([]).rule_for("/mail", "GET", overridden=True) is None
