"""Log text made visible: control, format and override characters never reach a screen as themselves.

User agents, app names, rule names and subjects are written by attackers. Markup is dealt with where text
meets markup (escaping); this deals with what escaping leaves alone: terminal escape sequences, bidirectional
overrides that reorder a line, zero-width characters that make two different names look alike.
"""

from __future__ import annotations

import re

LIMIT = 2_000
"""Characters of one value that a reader is shown; the rest is counted."""

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)


def visible(text: str, limit: int = LIMIT) -> str:
    """Return `text` with every invisible or steering character replaced by a visible stand-in.

    ESC becomes `⟨U+001B⟩`; long text is cut, with a count of what is left out.
    """
    shown = _HIDDEN.sub(_stand_in, text[:limit])
    return shown if len(text) <= limit else f"{shown}… ({len(text) - limit:,} more characters)"


def _stand_in(match: re.Match[str]) -> str:
    # Unicode's own pictures of controls (U+2400 and on) are missing from many fonts; this reads everywhere.
    return f"⟨U+{ord(match.group()):04X}⟩"
