"""Write counts with their nouns, for messages to people."""

from __future__ import annotations


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Return `1 mailbox` or `3 mailboxes`. `nouns` is the plural if adding an s does not form it."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
