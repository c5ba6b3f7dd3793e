"""Counts in words, for every room that says something to a person."""

from __future__ import annotations


def plural(count: int, noun: str, nouns: str = "") -> str:
    """`1 mailbox`, `3 mailboxes`. `nouns` is the plural where it is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
