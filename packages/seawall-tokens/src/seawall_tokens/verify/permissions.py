"""Read what a token permits: scopes (RFC 9068 section 2.2.3, Entra's `scp`) and roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def read_words(claims: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    """Return the words of the first claim that is present: a space-separated text, or a list of texts.

    List entries that contain a space are left out: joined, they would read as two.
    """
    for name in names:
        value = claims.get(name)
        if isinstance(value, str):
            return tuple(value.split())
        if isinstance(value, list):
            return tuple(word for word in value if isinstance(word, str) and word and word.split() == [word])
    return ()


def read_scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return all scopes: those of `scope` and those of `scp`."""
    return frozenset((*read_words(claims, "scope"), *read_words(claims, "scp")))
