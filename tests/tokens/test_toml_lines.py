"""Every key, table and element of a TOML document is found on its line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_base.toml_lines import Path, toml_lines

DOCUMENT = '''# a policy
top = 1
"quoted key" . 'other' = 2   # dotted

[[issuer]]
name = "a # not a comment"
audiences = [
  "one",   # first
  # nothing
  "two", [3,
  4]
]
jwks = { keys = [ {kty = "RSA"}, { kty = "EC" } ], x.y = 1 }

[issuer.extra]
text = """
["not"]
= a \\""" quote""""
literal = \'\'\'
[[neither]]\'\'\'
when = 1979-05-27 07:32:00

[[issuer]]
name = 'b'
[[issuer.inner]]
a = -1.5e3
[[issuer.inner]]
a = true
[gate]
[gate.deep.er]
z = []
'''


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Everything that has a place in a parsed document."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from paths(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from paths(inner, (*path, number))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("quoted key",), 3),
        (("quoted key", "other"), 3),
        (("issuer",), 5),
        (("issuer", 0), 5),
        (("issuer", 0, "name"), 6),
        (("issuer", 0, "audiences"), 7),
        (("issuer", 0, "audiences", 0), 8),
        (("issuer", 0, "audiences", 1), 10),
        (("issuer", 0, "audiences", 2), 10),
        (("issuer", 0, "audiences", 2, 1), 11),
        (("issuer", 0, "jwks", "keys", 1, "kty"), 13),
        (("issuer", 0, "jwks", "x", "y"), 13),
        (("issuer", 0, "extra"), 15),
        (("issuer", 0, "extra", "literal"), 19),
        (("issuer", 0, "extra", "when"), 21),
        (("issuer", 1), 23),
        (("issuer", 1, "inner", 0, "a"), 26),
        (("issuer", 1, "inner", 1, "a"), 28),
        (("gate",), 29),
        (("gate", "deep"), 30),
        (("gate", "deep", "er", "z"), 31),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_lines_are_those_of_the_file(path: Path, line: int, ending: str) -> None:
    assert toml_lines(DOCUMENT.replace("\n", ending))[path] == line


def test_everything_has_a_line() -> None:
    assert set(paths(tomllib.loads(DOCUMENT))) == set(toml_lines(DOCUMENT))


SNIPPETS = st.sampled_from(
    [
        "[[issuer]]",
        "[issuer.deep]",
        "[[ issuer . inner ]]",
        "[gate]",
        '["a b".c]',
        "x = 1",
        'y = "a\\"b#"',
        "z.y = [1, [2,\n 3], # c\n ]",
        "t = { a = 1, b.c = 'x' , d = [{}] }",
        "e = {}",
        "f = [ { } , { } ]",
        's = """\n[x]\n"""',
        "l = '''[[y]]'''",
        "'q' = 1.5",
        '"\\u00e4" = false',
        "# only words",
        "",
        "   ",
        "d = 2020-01-01",
        "broken",
        "n = [",
    ]
)


@given(st.lists(SNIPPETS, max_size=12).map("\n".join) | st.text(alphabet="[]{}=.,\"'\\#\n ab1", max_size=40))
def test_whatever_tomllib_accepts_is_placed_and_nothing_else_breaks(text: str) -> None:
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        parsed = None
    if parsed is None:
        try:
            toml_lines(text)
        except ValueError:
            return
        return
    lines = toml_lines(text)
    assert set(lines) == set(paths(parsed))
    rows = text.split("\n")
    for path, line in lines.items():
        if isinstance(path[-1], str) and path[-1].isascii():
            assert path[-1] in rows[line - 1]
