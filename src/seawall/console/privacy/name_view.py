"""Rewrite what one visitor is shown and sends: names become pseudonyms on the way out, pseudonyms names on the way in.

A visitor who sees pseudonyms must not learn which of them belongs to a name he knows. So a name that he sends is
withheld from the route; he gets the same answer as for a name that nobody has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from seawall.console.privacy.pseudonyms import PSEUDONYM, Pseudonyms
from seawall_base.person_names import KnownNames

WITHHELD: Final = "[withheld]"
"""What a route gets in place of a name."""

SEARCHES: Final = frozenset({"q"})
"""Parameters whose words are searched for as parts of texts."""

_SUBJECT: Final = "subject"
_OPAQUE: Final = frozenset({"next_cursor", "cursor", "csrf_token"})
_IDENTIFIERS: Final = frozenset(
    {"id", "incident", "handle", "digest", "metadata_uid", "session", "session_uid", "token", "token_uid"}
)
"""Fields of identifiers, in which chance may spell a short name; only whole names and addresses are replaced there."""

_DISPLAY_NAMES: Final = frozenset(
    {"userdisplayname", "actordisplayname", "fullname", "givenname", "surname", "firstname", "lastname"}
)
_ELSEWHERE: Final = re.compile(
    r"-?(?:network|country|app|client|kind|tenant|severity|is|answer|after|before|score"
    r"|ip|cidr|session|token|device|key|operation|agent|day|tag|status)[:<>]",
    re.IGNORECASE,
)
"""A term of a search that cannot match a person."""

_NETWORK_ADDRESS: Final = re.compile(r"-?[0-9a-f]*[.:][0-9a-f.:]+(?:/[0-9]+)?", re.IGNORECASE)
_TERM: Final = re.compile(r'(?:[^\s"]+:)?"(?:[^"\\]|\\.)*"|\S+')
_LETTERS: Final = re.compile(r"[^\W_]+")
_PLAIN: Final = re.compile(r"[^\s\"\\:<>=-][^\s\"\\:<>=]*")
"""A name that is one term of a search without quotes."""

_SHORTEST_PART: Final = 3
_MOST_REMEMBERED: Final = 100_000


class ShownCodes:
    """The names behind codes that were shown, so that a visitor can look into an address that nobody knew before."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def put(self, code: str, name: str) -> None:
        """Remember a code; the oldest are forgotten."""
        if code not in self._names:
            self._names[code] = name
            while len(self._names) > _MOST_REMEMBERED:
                self._names.pop(next(iter(self._names)), None)

    def get(self, code: str) -> str | None:
        """Return the name of a code, None if none is remembered."""
        return self._names.get(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameView:
    """The names as one visitor sees them: `revealed` are account names that he may read, in lower case.

    `literals` are values of the API itself, such as `high`, which stay.
    """

    names: KnownNames
    codes: Mapping[str, str]
    shown: ShownCodes
    pseudonyms: Pseudonyms
    literals: frozenset[str] = frozenset()
    revealed: frozenset[str] = frozenset()
    _seen: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def hide_text(self, text: str) -> str:
        """Return a text with pseudonyms in place of names."""
        known = self._seen.get(text)
        if known is None:
            known = self._seen[text] = self._hide(text)
        return known

    def hide_values(self, value: Any, name: str = "") -> Any:
        """Return a JSON value with pseudonyms in place of names; `name` is the field that holds it."""
        if isinstance(value, str):
            return self._hide_field(value, name)
        if isinstance(value, list):
            return [self.hide_values(one, name) for one in value]
        if isinstance(value, dict):
            owner = _find_owner(value)
            return {
                self._hide_key(key): self._hide_display_name(one, owner)
                if isinstance(one, str) and _is_display_name(key, owner)
                else self.hide_values(one, key)
                for key, one in value.items()
            }
        return value

    def read_value(self, value: Any, name: str = "") -> Any:
        """Return what a visitor sent with names in place of pseudonyms, and `WITHHELD` in place of names."""
        if isinstance(value, str):
            return self.read_text(value, name)
        if isinstance(value, list):
            return [self.read_value(one, name) for one in value]
        if isinstance(value, dict):
            return {key: self.read_value(one, key) for key, one in value.items()}
        return value

    def read_text(self, text: str, name: str = "") -> str:
        """Do the same for a text; `name` is the field or parameter that holds it."""
        if name in _OPAQUE:
            return text
        if name in SEARCHES:
            text = _TERM.sub(self._withhold_term, PSEUDONYM.sub(_join_words, text))
        elif name == _SUBJECT:
            text = self._withhold_subject(text)
        text = self._replace(text, lambda _: WITHHELD)
        return PSEUDONYM.sub(lambda found: self._name_of(found, text, is_search=name in SEARCHES), text)

    def _hide(self, text: str) -> str:
        whole = self.names.whole.get(text.casefold())
        return self._pseudonym(whole, text) if whole is not None else self._replace(text, self._show)

    def _replace(self, text: str, say: Callable[[str], str]) -> str:
        """Return the text with `say` of each name that is not revealed."""
        pieces, at = [], 0
        for hit in self.names.find(text):
            if hit.name.casefold() in self.revealed:
                continue
            pieces += [text[at : hit.start], say(hit.name)]
            at = hit.end
        return "".join([*pieces, text[at:]]) if pieces else text

    def _pseudonym(self, name: str, text: str) -> str:
        return text if name.casefold() in self.revealed else self._show(name)

    def _show(self, name: str) -> str:
        code = self.pseudonyms.code_of(name)
        self.shown.put(code, name)
        return f"person {code}"

    def _hide_field(self, text: str, name: str) -> str:
        if name in _OPAQUE or text in self.literals:
            return text
        if name in _IDENTIFIERS and "@" not in text and text.casefold() not in self.names.whole:
            return text
        return self.hide_text(text)

    def _hide_key(self, key: str) -> str:
        return self.hide_text(key) if "@" in key or key.casefold() in self.names.whole else key

    def _hide_display_name(self, text: str, owner: str) -> str:
        if not text.strip():
            return text
        name = self.names.whole.get(owner.casefold(), owner) or text
        return self._pseudonym(name, text)

    def _withhold_term(self, found: re.Match[str]) -> str:
        """Return a term of a search, or a word that matches nothing if the term is part of a name."""
        term = found[0]
        if (
            _ELSEWHERE.match(term)
            or _NETWORK_ADDRESS.fullmatch(term)
            or PSEUDONYM.search(term.replace("\x00", " "))
        ):
            return term.replace("\x00", " ")
        value = term.partition(":")[2] or term
        for hit in list(self.names.find(value)):
            if hit.name.casefold() in self.revealed:
                value = f"{value[: hit.start]}{' ' * (hit.end - hit.start)}{value[hit.end :]}"
        words = _LETTERS.findall(value)
        is_part = any(self.names.is_part(word) for word in words)
        return f"{'-' if term.startswith('-') else ''}{WITHHELD}" if is_part else term

    def _withhold_subject(self, text: str) -> str:
        """Return what is looked up; a message id that is part of a name would find the person's records."""
        kind, _, value = text.partition(":")
        if kind.strip(" -!").lower() not in {"message", "rule"} or PSEUDONYM.search(value):
            return text
        plain = value.strip("\"' \\:{}[]<>")
        parts = [plain] if "@" in value else [w for w in _LETTERS.findall(value) if len(w) >= _SHORTEST_PART]
        return f"{kind}:{WITHHELD}" if any(self.names.is_part(part) for part in parts) else text

    def _name_of(self, found: re.Match[str], text: str, *, is_search: bool) -> str:
        code = found[1].upper()
        name = self.codes.get(code) or self.shown.get(code)
        if name is None:
            return found[0]
        if not is_search or _PLAIN.fullmatch(name):
            return name
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        is_quoted = text.count('"', 0, found.start()) % 2 == 1
        return quoted if is_quoted else f'"{quoted}"'


def _join_words(found: re.Match[str]) -> str:
    """Return a pseudonym as one term, with a character for the space that no text of a search holds."""
    return f"person\x00{found[1]}"


def _find_owner(value: Mapping[str, Any]) -> str:
    """Return the only address among the texts of an object, "" if there is none or several."""
    found = {one for one in value.values() if isinstance(one, str) and one.count("@") == 1 and " " not in one}
    return next(iter(found)) if len(found) == 1 else ""


def _is_display_name(key: str, owner: str) -> bool:
    """Return whether a field of a record states a person's display name."""
    plain = key.casefold().rpartition(".")[2].replace("_", "")
    return plain in _DISPLAY_NAMES or (plain == "displayname" and bool(owner))
