"""Check the name of the person who is accountable for an act: it is a name, and no placeholder from an example.

Every command that records who approved, did or reported something asks here. A journal that says `YOUR NAME` names nobody.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from seawall_base.errors import UsageError

LONGEST_NAME: Final = 200

_MARKS: Final = re.compile(r"[<>{}\[\]]|^[$%]|\.\.\.|…")
"""Marks of a place to fill in, such as `<name>`, `{{name}}`, `[name]`, `$NAME` and `%NAME%`."""

_FILLER_WORDS: Final = """
a an and any approved approver by change changeme dein dummy enter example fill firstname first fixme foo full goes here ihr in
insert lastname last me meine my na nachname name nom nombre nome none null of operator or person placeholder please prenom put
real responsible sample seu somebody someone su surname tba tbd test the todo tu unknown undefined user username vorname vostro
votre whoever who your yourname
"""
_FILLERS: Final = frozenset(_FILLER_WORDS.split())
"""Words of placeholders. A name of nothing else is one; with any other word it may be a person's."""


def is_placeholder(name: str) -> bool:
    """Return whether a text stands for a name that was never filled in: `YOUR NAME`, `<name>`, `TODO`, `n/a`, `xxx`, ``."""
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    if _MARKS.search(text):
        return True
    words = "".join(char if char.isalpha() else " " for char in re.sub(r"[/.]", "", text)).split()
    if not words or all(word in _FILLERS for word in words):
        return True
    letters = "".join(words)
    return letters.isascii() and len(set(letters)) == 1


def require_person(name: str | None, option: str) -> str:
    """Return the name of the person who is accountable. Raises `UsageError` if it is missing, too long or a placeholder.

    `option` is how the caller gives the name, for the message.
    """
    text = (name or "").strip()
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise UsageError(
            f"{option} needs the name of the responsible person",
            fix=f"{option} 'Ann Example', as others know her",
        )
    if is_placeholder(text):
        raise UsageError(
            f"{option} {text!r} is a placeholder, not the name of a person: the journal must say who decided",
            fix=f"{option} 'Ann Example', with your own name",
        )
    return text
