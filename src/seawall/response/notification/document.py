"""A letter as a document: sections of plain text, lists and tables, which HTML, PDF and text are made of. Values only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a section. `lines` are a paragraph's one text, a list's items, or nothing; `rows` are a table's.

    `quoted` marks what others wrote. `kind` says which of them it is.
    """

    kind: Literal["paragraph", "bullets", "table"]
    lines: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    caption: str = ""
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it. `key` is the same in every language."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class LetterDocument:
    """A whole letter in one language. All texts are plain, and made visible."""

    language: str
    title: str
    verdict: str
    verdict_text: str
    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    reference: tuple[tuple[str, str], ...]
    confidential: str
    salutation: str
    sections: tuple[Section, ...]
    closing: tuple[str, ...]
    footer: str
    page: str
    of: str
    date: tuple[int, int, int]
    """Year, month and day of the letter: also what its PDF says of itself."""


def make_paragraph(text: str) -> Block:
    """One paragraph."""
    return Block("paragraph", (text,))


def make_list(lines: Sequence[str], *, quoted: bool = False) -> Block:
    """A list."""
    return Block("bullets", tuple(lines), quoted=quoted)


def make_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]], caption: str = "") -> Block:
    """A table; every row is as long as its header."""
    return Block("table", (), header, tuple(rows), caption)
