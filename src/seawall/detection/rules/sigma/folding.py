"""How texts are compared: whatever their capitals, and whatever kinds of blanks and dashes a vendor writes."""

from __future__ import annotations

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_BLANKS = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_NOTHING = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
"""Characters that are not seen: soft hyphens, joiners, and blanks without width."""

_PLAIN = str.maketrans(
    dict.fromkeys(_DASHES, "-")
    | dict.fromkeys(_BLANKS, " ")
    | dict.fromkeys(_NOTHING, "")
    | dict.fromkeys("\u2018\u2019", "'")
)


def plain_text(text: str) -> str:
    """Return a text with plain dashes, apostrophes and blanks, and without characters that are not seen."""
    return text if text.isascii() else text.translate(_PLAIN)


def fold_text(text: str) -> str:
    """Return what of a text is compared, in lower case; blanks around it are still there, because a pattern may ask for them."""
    return plain_text(text).lower()


def fold_whole_text(text: str) -> str:
    """Return what of a text is compared where it is compared as a whole: no blanks around it count."""
    return fold_text(text).strip()
