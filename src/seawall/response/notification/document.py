"""Value types of a letter: sections of plain text, lists and tables, from which HTML, PDF and text are rendered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class LetterBlock:
    """One part of a section. `lines` are a paragraph's single text or a list's items; `rows` are a table's.

    `quoted` marks text by others. `kind` is paragraph, list or table.
    """

    kind: Literal["paragraph", "bullets", "table"]
    lines: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    caption: str = ""
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class LetterSection:
    """A heading with its blocks. `key` is the same in every language."""

    key: str
    title: str
    blocks: tuple[LetterBlock, ...]


@dataclass(frozen=True, slots=True)
class LetterDocument:
    """A whole letter in one language. All texts are plain, with hidden characters made visible."""

    language: str
    title: str
    verdict: str
    verdict_text: str
    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    reference: tuple[tuple[str, str], ...]
    confidential: str
    salutation: str
    sections: tuple[LetterSection, ...]
    closing: tuple[str, ...]
    footer: str
    page: str
    of: str
    date: tuple[int, int, int]
    """Year, month and day of the letter, also used as the PDF's date."""


def make_paragraph(text: str) -> LetterBlock:
    """Build a paragraph."""
    return LetterBlock("paragraph", (text,))


def make_list(lines: Sequence[str], *, quoted: bool = False) -> LetterBlock:
    """Build a list."""
    return LetterBlock("bullets", tuple(lines), quoted=quoted)


def make_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]], caption: str = "") -> LetterBlock:
    """Build a table. Every row has the header's length."""
    return LetterBlock("table", (), header, tuple(rows), caption)
