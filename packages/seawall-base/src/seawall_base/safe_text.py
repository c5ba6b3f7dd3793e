"""Make invisible and steering characters in log text visible, so that no terminal or page obeys them.

Attackers choose user agents, application names, rule names and subjects. Escaping deals with markup. It leaves terminal
escape sequences, bidirectional overrides that reorder a line, and zero-width characters that make two names look alike.
"""

from __future__ import annotations

import re

LIMIT = 2_000
"""Characters shown of one value; a count stands for the rest."""

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)


def visible(text: str, limit: int = LIMIT) -> str:
    """Return `text` with every invisible or steering character replaced, for example ESC by `⟨U+001B⟩`.

    Text beyond `limit` characters is cut, with a count of the characters left out.
    """
    shown = _HIDDEN.sub(_stand_in, text[:limit])
    return shown if len(text) <= limit else f"{shown}… ({len(text) - limit:,} more characters)"


def _stand_in(match: re.Match[str]) -> str:
    # Many fonts lack Unicode's pictures of control characters (U+2400 and on).
    return f"⟨U+{ord(match.group()):04X}⟩"
