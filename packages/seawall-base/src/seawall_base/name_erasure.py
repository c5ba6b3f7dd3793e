"""Replace every name of one person in texts and values by a token that leads back to nobody. Pure.

An address keeps its domain, so that the records of an organisation stay its records.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from seawall_base.person_names import KnownNames, NameHit

_WORD: Final = re.compile(r"[^\W_]+")
_LITERAL: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


class NameErasure:
    """The names of one person and the token that takes their place.

    `account` is the main name, `aliases` are further ones: display name, other addresses, object id. `others` are the
    names of other persons: a local part that one of them shares is left as it is.
    """

    def __init__(
        self, account: str, token: str, *, aliases: Iterable[str] = (), others: Iterable[str] = ()
    ) -> None:
        self.token = token
        self._account = account
        self._domain = account.casefold().rpartition("@")[2] if "@" in account else ""
        known = {name: account for name in aliases if name and name.casefold() != account.casefold()}
        same = {name.casefold() for name in (*known, account)}
        self.names = (account, *known)
        self._names = KnownNames(
            [account, *(name for name in others if name.casefold() not in same)], aliases=known
        )
        # every spelling of a name holds every word of its local part
        locals_ = [(name, _WORD.findall(name.partition("@")[0])) for name in (account, *known)]
        words = {max(found, key=len) if found else name for name, found in locals_}
        escaped = {json.dumps(word)[1:-1] for word in words} | {
            json.dumps(word.upper())[1:-1] for word in words
        }
        self._needle = re.compile("|".join(sorted(map(re.escape, words | escaped))), re.IGNORECASE)

    def holds(self, text: str) -> bool:
        """Return whether a text holds a name of the person."""
        return self.replace_text(text) != text

    def replace_text(self, text: str) -> str:
        """Return a text without the person's names."""
        if not self._needle.search(text):
            return text
        if self._names.whole.get(text.casefold()) == self._account:
            return self._say(text)
        pieces, at = [], 0
        for hit in self._list_hits(text):
            if hit.name == self._account:
                pieces += [text[at : hit.start], self._say(text[hit.start : hit.end])]
                at = hit.end
        return "".join([*pieces, text[at:]]) if pieces else text

    def _list_hits(self, text: str) -> Iterator[NameHit]:
        """Yield the names in a text; in an unknown address of the person's domain, such as `letter-ann@x.example`, too."""
        for hit in self._names.find(text):
            piece = text[hit.start : hit.end].casefold().replace("%40", "@")
            if hit.name == self._account or not self._domain or piece.rpartition("@")[2] != self._domain:
                yield hit
            elif piece not in self._names.whole:
                yield from self._names.find_words(text, hit.start, hit.end)

    def replace_lines(self, text: str) -> str:
        """Return a text of many lines without the person's names; names that JSON escapes are found too."""
        if not self._needle.search(text):
            return text
        return "".join(self._replace_line(line) for line in text.splitlines(keepends=True))

    def replace_values(self, value: Any) -> Any:
        """Return a value of texts, lists, tuples, dictionaries and dataclasses without the person's names."""
        if isinstance(value, str):
            return self._replace_inner(value)
        if isinstance(value, list | tuple):
            return type(value)(self.replace_values(one) for one in value)
        if isinstance(value, dict):
            return {self.replace_values(key): self.replace_values(one) for key, one in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            return replace(
                value, **{one.name: self.replace_values(getattr(value, one.name)) for one in fields(value)}
            )
        return value

    def _replace_inner(self, text: str) -> str:
        """Replace names in a text that may itself be a JSON document."""
        return self._replace_line(text) if text[:1] in {"{", "["} else self.replace_text(text)

    def _replace_line(self, line: str) -> str:
        if not self._needle.search(line):
            return line
        if "\\" in line:
            line = _LITERAL.sub(lambda found: self._replace_literal(found[0]), line)
        return self.replace_text(line)

    def _replace_literal(self, literal: str) -> str:
        """Return a JSON text without names; one without escapes is left to `replace_text`."""
        if "\\" not in literal:
            return literal
        try:
            text = json.loads(literal, strict=False)
        except ValueError:
            return literal
        found = self._replace_inner(text)
        return literal if found == text else json.dumps(found, ensure_ascii="\\u" in literal)

    def _say(self, text: str) -> str:
        _, at, domain = text.replace("%40", "@").rpartition("@")
        return f"{self.token}@{domain}" if at else self.token
