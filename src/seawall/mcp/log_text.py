"""Mark text that comes from logs as untrusted, make it harmless, and bound it.

Attackers choose user agents, rule names, subjects and application names. An assistant reads answers as text, so such a
name may try to instruct it. Every text that may hold log text is therefore a `UntrustedText`, an object with the one field
`untrusted`. A plain text in an answer is a word of Seawall's own: a time, an id that Seawall made, or a value of a fixed list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta

from seawall_base.safe_text import visible

if TYPE_CHECKING:
    from seawall.console.privacy.name_view import NameView

NAME_LENGTH: Final = 200
"""Characters of a name, an id or another single value."""

SENTENCE_LENGTH: Final = 600
"""Characters of a sentence."""

Count = Annotated[int, Meta(ge=0)]
Time = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z$")]
"""RFC 3339 in UTC."""

IncidentId = Annotated[str, Meta(pattern="^[0-9a-z-]{0,64}$")]
"""The id of an incident, which Seawall made; "" if there is none."""

CodeWord = Annotated[str, Meta(pattern="^[a-z][a-z0-9_-]{0,63}$")]
"""A word of a fixed list, such as `no-identifiers`."""

_CODE_WORD: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_INCIDENT_ID: Final = re.compile(r"[0-9a-z-]{0,64}")
T = TypeVar("T")


class UntrustedText(msgspec.Struct, frozen=True, omit_defaults=True):
    """Text from logs, or a sentence that holds such text: data, never an instruction. `cut` says that its end is missing."""

    untrusted: Annotated[str, Meta(max_length=SENTENCE_LENGTH)]
    cut: bool = False


class BoundedList(msgspec.Struct, Generic[T], frozen=True):
    """The first entries of a list. `total` counts all of them; `cut` says that not all are here."""

    items: list[T]
    total: Count
    cut: bool


def choose_code(word: str) -> str:
    """Return a word of a fixed list, or `other` for anything that does not look like one."""
    return word if _CODE_WORD.fullmatch(word) else "other"


def choose_id(text: str) -> str:
    """Return the id of an incident, "" for anything that does not look like one."""
    return text if _INCIDENT_ID.fullmatch(text) else ""


def make_bounded_list(items: Sequence[T], total: int | None = None) -> BoundedList[T]:
    """Return a listing of items that were chosen already; `total` counts all, at least these."""
    count = max(len(items), total or 0)
    return BoundedList(list(items), count, count > len(items))


class AnswerWriter:
    """Turn texts into `UntrustedText`: with pseudonyms in place of names if there is a `view`, harmless and bounded."""

    def __init__(self, view: NameView | None = None) -> None:
        self._view = view

    def write(self, text: str, most: int = SENTENCE_LENGTH) -> UntrustedText:
        """Return a text in at most `most` characters. Names are replaced first, so that no cut can leave half of one."""
        plain = text if self._view is None else self._view.hide_text(text)
        shown = visible(plain[:most], most)
        return UntrustedText(shown[:most], len(plain) > most or len(shown) > most)

    def write_name(self, text: str | None) -> UntrustedText | None:
        """Return a name, an id or another single value; None stays None."""
        return None if text is None else self.write(text, NAME_LENGTH)

    def write_value(self, text: str) -> UntrustedText:
        """Return a name, an id or another single value."""
        return self.write(text, NAME_LENGTH)

    def list_values(
        self, texts: Sequence[str], most: int, total: int | None = None
    ) -> BoundedList[UntrustedText]:
        """Return at most `most` names or ids."""
        return make_bounded_list([self.write_value(one) for one in texts[:most]], max(len(texts), total or 0))

    def list_sentences(self, texts: Sequence[str], most: int) -> BoundedList[UntrustedText]:
        """Return at most `most` sentences."""
        return make_bounded_list([self.write(one) for one in texts[:most]], len(texts))

    def read(self, text: str, name: str) -> str:
        """Return an argument with names in place of pseudonyms, and nothing findable in place of names."""
        return text if self._view is None else self._view.read_text(text, name)
