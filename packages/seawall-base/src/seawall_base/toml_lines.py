"""Find the line of each key, table and array element in a TOML document, which `tomllib` does not report."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from typing import Final

Path = tuple[str | int, ...]
"""Keys and array indices from the top of the document, such as `("issuer", 0, "audiences", 1)`."""

_SPACE: Final = re.compile(r"[ \t]*")
_GAP: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}#\n]*")
_STRINGS: Final = tuple(
    (quote, re.compile(pattern, re.DOTALL))
    for quote, pattern in (
        ('"""', r'"""(?:[^\\]|\\.)*?"""(?:""|")?'),
        ("'''", r"'''.*?'''(?:''|')?"),
        ('"', r'"(?:[^"\\\n]|\\.)*"'),
        ("'", r"'[^'\n]*'"),
    )
)


def toml_lines(text: str) -> dict[Path, int]:
    """Return the line, counted from 1, of everything in a document that `tomllib` accepted.

    The line of a table is that of its header; an array element's is where it begins. Raises `ValueError` for a text that is
    not TOML, and `RecursionError` for nesting that `tomllib` would refuse too.
    """
    return _Reader(text.replace("\r\n", "\n")).read()


class _Reader:
    """Scan the document once from start to end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}  # tables so far in each array of tables

    def read(self) -> dict[Path, int]:
        table: Path = ()
        while True:
            self._skip(_GAP)
            if self._at >= len(self._text):
                return self._lines
            begin = self._at
            if self._text.startswith("[[", begin):
                table = self._header("[[", "]]")
                number = self._counts.get(table, 0)
                self._counts[table] = number + 1
                self._note(table, begin)
                table = (*table, number)
                self._note(table, begin)
            elif self._text.startswith("[", begin):
                table = self._header("[", "]")
                self._note(table, begin)
            else:
                self._assignment(table)

    def _note(self, path: Path, at: int) -> None:
        self._lines.setdefault(path, bisect_right(self._breaks, at - 1) + 1)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError("not TOML")
        self._at = match.end()
        return match.group()

    def _expect(self, text: str) -> None:
        if not self._text.startswith(text, self._at):
            raise ValueError("not TOML")
        self._at += len(text)

    def _header(self, opening: str, closing: str) -> Path:
        """Return the path of a header. Names before the last lead into the newest element of an array of tables."""
        begin = self._at
        self._expect(opening)
        names = self._key()
        self._expect(closing)
        path: Path = ()
        for name in names[:-1]:
            path = (*path, name)
            self._note(path, begin)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return (*path, names[-1])

    def _key(self) -> list[str]:
        names: list[str] = []
        while True:
            self._skip(_SPACE)
            quoted = self._string()
            if quoted is not None:
                names.append(tomllib.loads(f"k = {quoted}")["k"])
            else:
                names.append(self._take(_BARE))
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return names
            self._at += 1

    def _string(self) -> str | None:
        for quote, pattern in _STRINGS:
            if self._text.startswith(quote, self._at):
                return self._take(pattern)
        return None

    def _assignment(self, table: Path) -> None:
        begin = self._at
        path = table
        for name in self._key():
            path = (*path, name)
            self._note(path, begin)
        self._expect("=")
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._string() is not None:
            return
        if self._text.startswith("[", self._at):
            self._array(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        else:
            self._take(_SCALAR)

    def _array(self, path: Path) -> None:
        self._expect("[")
        number = 0
        while True:
            self._skip(_GAP)
            if self._text.startswith("]", self._at):
                break
            self._note((*path, number), self._at)
            self._value((*path, number))
            number += 1
            self._skip(_GAP)
            if not self._text.startswith(",", self._at):
                break
            self._at += 1
        self._expect("]")

    def _inline_table(self, path: Path) -> None:
        self._expect("{")
        self._skip(_GAP)
        while not self._text.startswith("}", self._at):
            self._assignment(path)
            self._skip(_GAP)
            if not self._text.startswith(",", self._at):
                break
            self._at += 1
            self._skip(_GAP)
        self._expect("}")
