"""Find the well-known name that another name imitates: by confusable characters, or by one other letter. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Final

from seawall.events.applications.names import list_application_names

BRANDS: Final = (
    "Microsoft", "Google", "Outlook", "OneDrive", "SharePoint", "Exchange Online", "Workspace", "DocuSign", "Dropbox",
    "Salesforce", "LinkedIn", "Atlassian", "PayPal",
)  # fmt: skip
"""Names that impostors imitate, also as a part of a longer name, besides those of well-known applications."""

WORDS: Final = (
    "company",
    "admin",
    "management",
    "payment",
    "document",
    "member",
    "customer",
    "team",
    "webmail",
    "newsletter",
)
"""Words of accounts that impostors imitate, as a part of a longer name."""

SHORTEST: Final = 6
"""Shorter names differ from others by one letter too often to be called imitations."""

_LONGEST: Final = 80
_TAKEN_FOR: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u04cf\u03bf\u03b1\u03bd\u03b5\u03b9\u03ba\u03c4\u03c1\u03c5\u01310134578|$@",
    "aeopcyxijsdhloaveiktpuioleastblsa",
)
"""Characters of Cyrillic and Greek, digits and signs, each with the Latin letter for which a reader takes it."""

_PAIRS: Final = (("rn", "m"), ("vv", "w"))
"""Two letters that look like one."""

_SEPARATORS: Final = re.compile(r"[\s_.\-]+")


def find_imitated_name(name: str, own: Iterable[str] = ()) -> str:
    """Return the well-known name that a name looks like without being it, "" if there is none.

    `own` are names of the organisation, which others may imitate too. A name that somebody bears is no imitation.
    """
    plain = _fold(name[:_LONGEST])
    if len(plain) < SHORTEST or plain in _list_known():
        return ""
    skeleton = _reduce(plain)
    if any(word in skeleton and word not in plain for word in WORDS):
        return _replace_pairs(name)
    of_own = {_fold(one): one for one in own if len(_fold(one)) >= SHORTEST}
    if plain in of_own:
        return ""
    for other, shown in of_own.items():
        if _reduce(other) == skeleton or is_one_apart(plain, other):
            return shown
    return _find_known(plain, skeleton)


def is_one_apart(name: str, other: str) -> bool:
    """Return whether one letter that is put in, left out or replaced makes a name the other (Levenshtein distance 1)."""
    if len(name) > len(other):
        name, other = other, name
    if len(other) - len(name) > 1 or name == other:
        return False
    place = next((at for at, letter in enumerate(name) if letter != other[at]), len(name))
    return name[place + (len(name) == len(other)) :] == other[place + 1 :]


@lru_cache(maxsize=4_096)
def _find_known(plain: str, skeleton: str) -> str:
    known = _skeletons().get(skeleton)
    if known is not None:
        return known
    for brand in BRANDS:
        folded = _fold(brand)
        if folded in skeleton and folded not in plain:
            return brand
    for shorter in _shorten(plain):
        for other in _neighbours().get(shorter, ()):
            if is_one_apart(plain, other):
                return _list_known()[other]
    return ""


def _fold(name: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", name).casefold())


def _reduce(plain: str) -> str:
    """Return the letters for which a reader takes a name's characters."""
    text = unicodedata.normalize("NFKD", plain)
    text = "".join(letter for letter in text if not unicodedata.combining(letter)).translate(_TAKEN_FOR)
    for pair, letter in _PAIRS:
        text = text.replace(pair, letter)
    return text


def _replace_pairs(name: str) -> str:
    for pair, letter in _PAIRS:
        name = name.replace(pair, letter).replace(pair.upper(), letter.upper())
    return name


def _shorten(plain: str) -> Iterator[str]:
    """Yield a name, and it without each of its letters: names that are one apart have one of these in common."""
    yield plain
    for place in range(len(plain)):
        yield plain[:place] + plain[place + 1 :]


@cache
def _list_known() -> dict[str, str]:
    return {_fold(name): name for name in sorted((*list_application_names(), *BRANDS))}


@cache
def _skeletons() -> dict[str, str]:
    return {_reduce(plain): name for plain, name in _list_known().items() if len(plain) >= SHORTEST}


@cache
def _neighbours() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for plain in _list_known():
        if len(plain) >= SHORTEST:
            for shorter in _shorten(plain):
                found.setdefault(shorter, []).append(plain)
    return found
