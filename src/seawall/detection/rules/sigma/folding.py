"""Normalise texts for comparison: ignore case and the variants of blanks, dashes and apostrophes."""

from __future__ import annotations

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_BLANKS = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_NOTHING = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
"""Invisible characters: soft hyphens, joiners, and blanks without width."""

_PLAIN = str.maketrans(
    dict.fromkeys(_DASHES, "-")
    | dict.fromkeys(_BLANKS, " ")
    | dict.fromkeys(_NOTHING, "")
    | dict.fromkeys("\u2018\u2019", "'")
)


def plain_text(text: str) -> str:
    """Return a text with ASCII dashes, apostrophes and blanks, and without invisible characters."""
    return text if text.isascii() else text.translate(_PLAIN)


def fold_text(text: str) -> str:
    """Return a text in the form compared by patterns: plain and lower case, with its outer blanks."""
    return plain_text(text).lower()


def fold_whole_text(text: str) -> str:
    """Return a text in the form compared as a whole: plain, lower case, without outer blanks."""
    return fold_text(text).strip()
