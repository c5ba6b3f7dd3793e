"""Know the names of persons, and find them in texts in every spelling: address, local part, display name. Pure.

A name is a sequence of words. `anna.berger@x.example` is also `anna.berger`, `anna_berger`, `Anna Berger`, `Berger, Anna`
and `anna_berger_x_example`, which differ in what stands between the words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

ADDRESS: Final = re.compile(
    r"""[^\s<>()\[\]{}"',;:|\\/=&?%@]+(?:@|%40)[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)*""",
    re.IGNORECASE,
)
"""A mail address, or an account name that looks like one."""

_WORD: Final = re.compile(r"[^\W_]+")
_BETWEEN: Final = re.compile(r"[ .,_'’+\-]{1,3}")
_MOST_ODD: Final = 200
_LONGEST: Final = 200
"""Characters of a name that is searched for in texts; a longer one is recognised as a whole."""

_GENERAL_WORDS: Final = """
    info admin administrator administrators root postmaster hostmaster webmaster abuse noc security support sales
    marketing help helpdesk office mail mailbox mailboxes email test user users guest system service services account
    accounts hr it me us pr to of in on at as is be by do go he if my no or so up we an am the and for from with was
    not new all any app apps api sync read write send sent set add file files folder folders message messages network
    rule rules role roles owner team teams global microsoft google okta exchange outlook person seen days day time
    access full high low medium critical open none unknown billing finance contact noreply reply hello jobs press
"""
"""Local parts that name a function, or that are words of ordinary sentences: they name no person by themselves."""

_GENERAL: Final = frozenset(_GENERAL_WORDS.split())


@dataclass(frozen=True, slots=True)
class NameHit:
    """A name within a text, from `start` to before `end`; `name` is the person's account name."""

    start: int
    end: int
    name: str


class KnownNames:
    """The names of persons. `whole` holds the account name of each name, in lower case."""

    _odd: re.Pattern[str] | None

    def __init__(
        self,
        accounts: Iterable[str],
        others: Mapping[str, str] | None = None,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        """Take account names and mailboxes. `others` maps object ids to their account names, and `aliases` further names
        of a person, which are found in every spelling too.
        """
        names = {name.casefold(): name for name in sorted(accounts) if name}
        owners_of = {**{name: name for name in names.values()}, **(aliases or {})}
        self.whole: dict[str, str] = dict(names)
        self._words: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        spellings: dict[tuple[str, ...], set[str]] = defaultdict(set)
        labels = {label for name in names for label in name.rpartition("@")[2].split(".") if "@" in name}
        for name, person in owners_of.items():
            for words in _list_spellings(name):
                if len(words) > 1 or _is_name(words[0], labels):
                    spellings[words].add(person)
        for words, owners in spellings.items():
            # a local part that several persons have is a name of none of them
            owner = next(iter(owners)) if len(owners) == 1 else " ".join(words)
            self._words[words[0]].append((words, owner))
        for found in self._words.values():
            found.sort(key=lambda one: -len(one[0]))
        for name, account in {**(others or {}), **(aliases or {})}.items():
            self.whole.setdefault(name.casefold(), account)
        self._odd = self._make_odd_pattern(names.values())
        self._haystack = "\n".join(self.whole)

    def __len__(self) -> int:
        return len(self.whole)

    def list_codes(self, code_of: Callable[[str], str]) -> dict[str, str]:
        """Return the account name by its code; a code that two names share stands for neither."""
        codes: dict[str, str] = {}
        shared: set[str] = set()
        for name in dict.fromkeys(self.whole.values()):
            code = code_of(name)
            if codes.setdefault(code, name).casefold() != name.casefold():
                shared.add(code)
        return {code: name for code, name in codes.items() if code not in shared}

    def is_part(self, text: str) -> bool:
        """Return whether a text occurs within any name, without regard to case."""
        return text.casefold() in self._haystack

    def list_spellings(self, account: str) -> list[tuple[str, ...]]:
        """Return the words of every spelling that stands for an account and for nobody else."""
        return [words for found in self._words.values() for words, owner in found if owner == account]

    def find(self, text: str) -> Iterator[NameHit]:
        """Yield the names in a text from left to right, without overlap; addresses too that nobody knows."""
        at = 0
        for odd in self._odd.finditer(text) if self._odd is not None else ():
            yield from self._find_plain(text, at, odd.start())
            yield NameHit(odd.start(), odd.end(), self.whole.get(odd[0].casefold(), odd[0]))
            at = odd.end()
        yield from self._find_plain(text, at, len(text))

    def _make_odd_pattern(self, names: Iterable[str]) -> re.Pattern[str] | None:
        """Return a pattern of names that are neither addresses nor words, such as markup; at most `_MOST_ODD`."""
        self._odd = None
        odd = [
            name
            for name in names
            if len(name) <= _LONGEST
            and not name.isalnum()
            and not any(hit.end - hit.start == len(name) for hit in self.find(name))
        ]
        chosen = sorted(odd, key=lambda name: (-len(name), name))[:_MOST_ODD]
        return re.compile("|".join(map(re.escape, chosen)), re.IGNORECASE) if chosen else None

    def _find_plain(self, text: str, start: int, end: int) -> Iterator[NameHit]:
        at = start
        for found in ADDRESS.finditer(text, start, end):
            yield from self.find_words(text, at, found.start())
            address = found[0].replace("%40", "@")
            yield NameHit(found.start(), found.end(), self.whole.get(address.casefold(), address))
            at = found.end()
        yield from self.find_words(text, at, end)

    def find_words(self, text: str, start: int, end: int) -> Iterator[NameHit]:
        """Yield the names in a stretch of a text by their words alone, within addresses too."""
        words = [(one.start(), one.end(), one[0].casefold()) for one in _WORD.finditer(text, start, end)]
        at = 0
        while at < len(words):
            hit = self._match(text, words, at)
            if hit is None:
                at += 1
                continue
            count, name = hit
            yield NameHit(words[at][0], words[at + count - 1][1], name)
            at += count

    def _match(self, text: str, words: list[tuple[int, int, str]], at: int) -> tuple[int, str] | None:
        for wanted, name in self._words.get(words[at][2], ()):
            here = words[at : at + len(wanted)]
            if tuple(word for _, _, word in here) == wanted and all(
                _BETWEEN.fullmatch(text, one[1], two[0]) for one, two in pairwise(here)
            ):
                return len(wanted), name
        return None


def _list_spellings(name: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of a name: as it stands, its local part, and that with the last word first."""
    if len(name) > _LONGEST:
        return
    whole = tuple(_WORD.findall(name.casefold()))
    local = tuple(_WORD.findall(name.casefold().partition("@")[0]))
    yield from (words for words in dict.fromkeys((whole, local)) if words)
    if len(local) > 1:
        yield (local[-1], *local[:-1])


def _is_name(word: str, labels: set[str]) -> bool:
    """Return whether a single word may name a person: no function, no part of a domain, no number."""
    return len(word) > 1 and word not in _GENERAL and word not in labels and not word.isdigit()
