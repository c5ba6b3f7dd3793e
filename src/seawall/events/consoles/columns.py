"""Describe a console's table: what each column is in the vendor's own record.

Consoles write the names of columns for people (`Sign-in error code`, `Application ID `), in several languages, and some twice.
Columns are compared by plain names: letters and digits alone, in lower case.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from seawall.events.consoles.translations import TRANSLATIONS
from seawall.events.formats.field_capitals import Names, once_for_names
from seawall.events.formats.json_values import as_text

_NOT_PLAIN = re.compile(r"[\W_]+")
_WORD = re.compile(r"[^\W_]+")
_GUARDED = re.compile(r"'[-+=@]")
"""A cell that a spreadsheet would take for a formula has an apostrophe before it."""
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
_LONGEST_NUMBER = 16
_LONGEST_LABEL = 256
REPEATED = " #"
"""What a table's reader puts behind a column's name that occurs again, before the number."""

_ENGLISH = {
    _NOT_PLAIN.sub("", name).lower(): _NOT_PLAIN.sub("", english).lower()
    for names in TRANSLATIONS
    for name, english in names.items()
}

Row = dict[str, Any]
Convert = Callable[[str], Any]


def plain_name(name: str) -> str:
    """Return the plain form of a column's name, in English if its translation is known."""
    plain = _NOT_PLAIN.sub("", name).lower()
    return _ENGLISH.get(plain, plain)


@once_for_names
def plain_names(names: Names) -> dict[str, str]:
    """Return each column's name by its plain form; of several with one form, later ones by a form with their whole name."""
    found: dict[str, str] = {}
    for name in names:
        plain = plain_name(name)
        found[f"{plain}{REPEATED}{name}" if plain in found else plain] = name
    return found


def camel(text: str) -> str:
    """Return a label as the vendor's API spells it: `Primary refresh token` becomes `primaryRefreshToken`."""
    return _write_camel(text) if len(text) <= _LONGEST_LABEL else text


@lru_cache(4096)
def _write_camel(text: str) -> str:
    words: list[str] = _WORD.findall(text)
    if not words:
        return text
    first = words[0]
    first = first.lower() if first.isupper() or len(words) > 1 else first[:1].lower() + first[1:]
    return first + "".join(word[:1].upper() + word[1:] for word in words[1:])


def snake(text: str) -> str:
    """Return a label with underscores: `Google Prompt` becomes `google_prompt`."""
    return "_".join(_WORD.findall(text)).lower()


def flag(text: str) -> Any:
    """Return a yes or no as a boolean, any other text unchanged."""
    lowered = text.lower()
    return True if lowered in _YES else False if lowered in _NO else text


def number(text: str) -> Any:
    """Return a number, any other text unchanged."""
    try:
        if text.isascii() and text.lstrip("-").isdigit() and len(text) < _LONGEST_NUMBER:
            return int(text)
        found = float(text) if len(text) < _LONGEST_NUMBER else math.inf
    except ValueError:
        return text
    return found if math.isfinite(found) else text


@dataclass(frozen=True, slots=True)
class Cell:
    """Describe where a column's value belongs: its path in the vendor's record, and how it is converted."""

    path: tuple[str, ...]
    convert: Convert | None = None


def cell(path: str, convert: Convert | None = None) -> Cell:
    """Return a cell of a dotted path."""
    return Cell(tuple(path.split(".")), convert)


ELSEWHERE = Cell(())
"""A column whose text `finish` takes."""


@dataclass(frozen=True, slots=True)
class VendorTable:
    """Describe a table of a console.

    `source` names the format of the records. `marks` are sets of plain names, one of which a row has completely. `cells` are by
    plain names; `find_cell` finds the cell of any other column. `finish` completes the record from what is in it, and from the
    texts of its cells by plain name. `accepts` says whether a row with such columns is one of the table. `embedded` is the plain
    name of the column that may hold the vendor's own record as JSON.
    """

    source: str
    marks: tuple[frozenset[str], ...]
    cells: Mapping[str, Cell]
    finish: Callable[[Row, dict[str, str]], None] = field(default=lambda _record, _cells: None)
    find_cell: Callable[[str], Cell | None] = field(default=lambda _name: None)
    accepts: Callable[[Row], bool] = field(default=lambda _row: True)
    embedded: str | None = None
    _find_cells: Callable[[Names], tuple[tuple[str, str, Cell | None], ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_find_cells", once_for_names(self._list_cells))

    def has_columns(self, names: Iterable[str]) -> bool:
        """Return whether these plain names are columns of this table."""
        present = frozenset(names)
        return any(mark <= present for mark in self.marks)

    def find_mark(self, names: Names) -> Names:
        """Return the columns among these names by which the table is recognised."""
        plain = plain_names(names)
        return next((tuple(map(plain.__getitem__, mark)) for mark in self.marks if mark <= plain.keys()), ())

    def find_embedded(self, row: Row) -> tuple[str, Any] | None:
        """Return the name of the column with the vendor's own record, and what it holds; None without one."""
        name = None if self.embedded is None else plain_names(tuple(row)).get(self.embedded)
        return None if name is None or row[name] in (None, "", {}) else (name, row[name])

    def restore(self, row: Row) -> Row:
        """Return the vendor's record of a row. Columns that the table does not name stay as they are."""
        record: Row = {}
        said: dict[str, str] = {}
        for plain, name, found in self._find_cells(tuple(row)):
            value = _strip(row[name])
            if value is None or value == "":
                continue
            if found is None:
                record[name] = value
                continue
            said[plain] = text = value if isinstance(value, str) else as_text(value) or ""
            if found.path:
                put(record, found.path, found.convert(text) if found.convert else value)
        self.finish(record, said)
        return record

    def _list_cells(self, names: Names) -> tuple[tuple[str, str, Cell | None], ...]:
        """Return plain name, name and cell of each column; None as the cell of a column that the table does not name."""
        return tuple(
            (plain, name, self.cells.get(plain) or self.find_cell(name))
            for plain, name in plain_names(names).items()
        )


def _strip(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    return text[1:] if text[:1] == "'" and _GUARDED.match(text) else text


def put(record: Row, path: tuple[str, ...], value: Any) -> None:
    """Store a value at a path, unless there is one already. Empty values are left out."""
    if value is None or value == "":
        return
    if len(path) == 1:
        record.setdefault(path[0], value)
        return
    holder: Any = record
    for step in path[:-1]:
        holder = holder.setdefault(step, {})
        if not isinstance(holder, dict):
            return
    holder.setdefault(path[-1], value)
