"""Mask the secrets in the text of a record, and leave everything else as it came.

Masked are values of members with the name of a secret, at any depth and in JSON within texts, values of name-value pairs,
and what looks like a token, a header or a signed query inside a text. The text may be damaged JSON. Identifiers of
messages, sessions and tokens stay, because they are evidence and open nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from seawall.events.secret_names import LONGEST_NAME, describes_secret, is_link_name, is_secret_name
from seawall.events.secret_patterns import MASK, is_harmless, mask_patterns, may_hold_secret

_MASKED_VALUE = f'"{MASK}"'
_MOST_LEVELS = 4
"""Texts within texts that are looked into; a deeper one is searched for patterns alone."""
_MOST_OWNERS = 16
"""Pairs inside each other of which a value is masked with the value of each."""
_SHORTEST = 4
"""Characters of the shortest text in which a pattern is searched."""

_PAIR_NAMES = frozenset({"name", "key", "n", "displayname", "propertyname"})
_PAIR_VALUES = frozenset(
    {"value", "v", "newvalue", "oldvalue", "multivalue", "intvalue", "multiintvalue", "values"}
)
_OTHER, _SECRET, _PAIR_NAME, _PAIR_VALUE, _LINK, _ABOUT = range(6)
_NO_CONTAINERS = frozenset({"authorization", "signature"})
"""Names of secrets that name objects too, whose members are no secrets by that."""

_TOKEN = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|([{}\[\]])|[^\s{}\[\],:"]+|"', re.DOTALL)
"""A string, which is a name if a colon follows; a bracket; a number or word; a quote that nothing closes."""
_LINK_PATH = re.compile(r"(\w{1,20}://[^/?#\s]{1,300}[/?#]).+", re.DOTALL)


@lru_cache(8_192)
def _find_kind(name: str) -> int:
    """Return what the value behind a name is."""
    lower = name.lower()
    if lower in _PAIR_NAMES:
        return _PAIR_NAME
    if lower in _PAIR_VALUES:
        return _PAIR_VALUE
    if is_secret_name(name):
        return _SECRET
    return _LINK if is_link_name(name) else _ABOUT if describes_secret(name) else _OTHER


def mask_secrets(text: str, *, is_cut: bool = False) -> str:
    """Return the text of a record with its secrets masked; a text without any is returned as it is.

    JSON stays JSON, with the same values but those masked. `is_cut` says that the text is the beginning of a longer one: a
    value of a pair whose name may lie behind the cut is masked too, and so is a string that the cut opens.
    """
    if not is_cut and not may_hold_secret(text):
        return text
    found = _mask(text, _MOST_LEVELS, is_cut=is_cut)
    return mask_patterns(found) if is_cut or not _is_json(text) else found


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        try:
            json.loads(text, strict=False)
        except (ValueError, RecursionError):
            return False
    return True


def mask_value(text: str) -> str:
    """Return the text of a column with its secrets masked: JSON as `mask_secrets` does, any other by patterns."""
    return mask_secrets(text) if text[:1] in ("{", "[") else mask_patterns(text)


def _mask(text: str, levels: int, *, is_cut: bool, is_secret: bool = False) -> str:
    edits = _Scanner(text, levels, is_secret=is_secret).find(is_cut=is_cut)
    if not edits:
        return text
    parts, at = list[str](), 0
    for start in sorted(edits):
        end, instead = edits[start]
        parts += [text[at:start], instead]
        at = end
    parts.append(text[at:])
    return "".join(parts)


Spans = list[tuple[int, int]]


@dataclass(slots=True)
class _Level:
    """An open object or array. `kind` is that of the value that comes next, and `owners` are the values of pairs around it."""

    is_secret: bool
    owners: tuple[Spans, ...] = ()
    kind: int = 0
    is_pair_secret: bool = False
    is_named: bool = False
    name: str = ""
    values: Spans = field(default_factory=list)


class _Scanner:
    """Walk over the tokens of a text without recursion, and collect (end, replacement) by start."""

    def __init__(self, text: str, levels: int, *, is_secret: bool = False) -> None:
        self._text, self._levels, self._is_secret = text, levels, is_secret
        self._edits: dict[int, tuple[int, str]] = {}
        self._open: list[_Level] = []
        self._is_key_next = False

    def find(self, *, is_cut: bool) -> dict[int, tuple[int, str]]:
        """Return the edits of the whole text."""
        for match in _TOKEN.finditer(self._text):
            string, colon, bracket = match.groups()
            if bracket is not None:
                self._follow(bracket)
            elif colon is not None:
                self._take_name(string, match.start())
            elif string is not None:
                self._take_string(string, match.start(), match.end())
            elif match[0] == '"':  # all behind it is text
                self._edits[match.start()] = (len(self._text), '"' + MASK)
                break
            else:
                self._note_value(match.start(), match.end())
        for level in self._open:
            if level.is_pair_secret or (is_cut and not level.is_named):
                self._mask_values(level.values)
        return self._edits

    def _follow(self, bracket: str) -> None:
        """Open or close a level."""
        if bracket in "{[":
            self._begin()
        elif self._open:
            level = self._open.pop()
            if level.is_pair_secret:
                self._mask_values(level.values)

    def _begin(self) -> None:
        above = self._open[-1] if self._open else None
        is_secret = self._is_secret if above is None else above.is_secret or above.kind == _SECRET
        if above is not None and above.kind == _SECRET and above.name in _NO_CONTAINERS:
            is_secret = above.is_secret
        owners: tuple[Spans, ...] = () if above is None else above.owners
        if above is not None and above.kind == _PAIR_VALUE:
            owners = (*owners, above.values)[-_MOST_OWNERS:]
        self._open.append(_Level(is_secret, owners))

    def _take_name(self, string: str, start: int) -> None:
        name = _read_content(string)
        if self._open:
            self._open[-1].kind = _find_kind(name[-LONGEST_NAME:])
            self._open[-1].name = name.lower()
        if len(name) >= _SHORTEST:
            self._write(name, mask_patterns(name), start, start + len(string))

    def _take_string(self, string: str, start: int, end: int) -> None:
        content = _read_content(string)
        level = self._open[-1] if self._open else None
        if level is not None and level.kind == _PAIR_NAME:
            level.is_named = True
            level.is_pair_secret |= is_secret_name(content)
        if self._note_value(start, end):
            return
        if level is not None and level.kind == _LINK and (link := _LINK_PATH.fullmatch(content)):
            self._write(content, link[1] + MASK, start, end)
        elif len(content) >= _SHORTEST:
            self._write(content, self._mask_text(content), start, end)

    def _note_value(self, start: int, end: int) -> bool:
        """Note a value for the pairs that it lies in; mask it and return true if its own name is that of a secret."""
        if not self._open:
            return False
        level = self._open[-1]
        if level.kind == _PAIR_VALUE:
            level.values.append((start, end))
        for owner in level.owners:
            owner.append((start, end))
        is_described = level.kind == _ABOUT or (level.kind == _PAIR_NAME and level.is_secret)
        if not (level.is_secret or level.kind == _SECRET) or is_described:
            return False
        self._mask_values([(start, end)])
        return True

    def _write(self, content: str, masked: str, start: int, end: int) -> None:
        if masked != content:
            has_surrogates = any("\ud800" <= letter <= "\udfff" for letter in masked)
            self._edits[start] = (end, json.dumps(masked, ensure_ascii=has_surrogates))

    def _mask_text(self, content: str) -> str:
        if content[0] in '{["' and content[-1] in '}]"' and self._levels > 0:
            try:
                json.loads(content, strict=False)
            except (ValueError, RecursionError):
                pass
            else:
                return _mask(content, self._levels - 1, is_cut=False)
        return mask_patterns(content)

    def _mask_values(self, spans: Spans) -> None:
        for start, end in spans:
            token = self._text[start:end]
            content = _read_content(token) if token[0] == '"' else token
            if is_harmless(content):
                continue
            if content[0] in "{[" and content[-1] in "}]" and self._levels > 0 and _is_json(content):
                masked = _mask(content, self._levels - 1, is_cut=False, is_secret=True)
                self._write(content, masked, start, end)
            else:
                self._edits[start] = (end, _MASKED_VALUE)


def _read_content(token: str) -> str:
    """Return what a string of JSON says; a damaged one as it is written."""
    inner = token[1:-1]
    if "\\" not in inner:
        return inner
    try:
        found = json.loads(token, strict=False)
    except ValueError:
        return inner
    return found if isinstance(found, str) else inner
