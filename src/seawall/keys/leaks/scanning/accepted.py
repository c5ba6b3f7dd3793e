"""Accept findings that need no action: published test keys, and those in a baseline that a person accepted.

A published key that is also one of the requested keys is never accepted: everybody could then sign with it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from seawall.keys.leaks.findings import LeakedKey

FORMAT = 1
LARGEST = 64 << 20
"""Bytes of a baseline."""


class BaselineUnreadable(ValueError):
    """The file is no baseline. The text says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Accepted findings: key and path, or place and form if the key is unknown."""

    keys: frozenset[tuple[str, str]] = frozenset()
    places: frozenset[tuple[str, int, str]] = frozenset()

    def has(self, found: LeakedKey) -> bool:
        """Return whether the same key was accepted in the same path at any offset, or an unknown key at the same place."""
        if found.key is not None:
            return (found.path, found.key) in self.keys
        return (found.path, found.offset, found.form) in self.places


@functools.cache
def load_published_keys() -> dict[str, str]:
    """Return the thumbprints of published private keys, each with the name of its publication."""
    text = resources.files("seawall.keys.leaks").joinpath("data/published_keys.json").read_text("utf-8")
    return {key: name for name, keys in json.loads(text).items() for key in keys}


def mark_accepted(findings: Iterable[LeakedKey], baseline: Baseline | None = None) -> list[LeakedKey]:
    """Return the findings, with the reason in `accepted` for each accepted one."""
    return [replace(found, accepted=_reason(found, baseline or Baseline())) for found in findings]


def _reason(found: LeakedKey, baseline: Baseline) -> str | None:
    if baseline.has(found):
        return "in the baseline"
    name = load_published_keys().get(found.key or "")
    return f"published test key: {name}" if name and not found.is_known else None


def baseline_document(findings: Iterable[LeakedKey]) -> dict[str, object]:
    """Return a baseline that accepts these findings, as JSON values. It contains thumbprints and places, no keys."""
    rows = sorted({(found.path, found.key or "", found.offset, found.form) for found in findings})
    names = ("path", "key", "offset", "form")
    return {"baseline": FORMAT, "findings": [dict(zip(names, row, strict=True)) for row in rows]}


def read_baseline(path: Path) -> Baseline:
    """Read a file that `baseline_document` made; raises `BaselineUnreadable` or `OSError`."""
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BaselineUnreadable(f"it is larger than {LARGEST >> 20} MiB")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise BaselineUnreadable("it is no JSON") from None
    if not isinstance(document, dict) or document.get("baseline") != FORMAT:
        raise BaselineUnreadable("it is no baseline of this version")
    rows = document.get("findings")
    if not isinstance(rows, list) or not all(_is_row(row) for row in rows):
        raise BaselineUnreadable("its findings are no list of path, key, offset and form")
    return Baseline(
        frozenset((row["path"], row["key"]) for row in rows if row["key"]),
        frozenset((row["path"], row["offset"], row["form"]) for row in rows if not row["key"]),
    )


def _is_row(row: object) -> bool:
    if not isinstance(row, dict) or type(row.get("offset")) is not int:
        return False
    return all(isinstance(row.get(name), str) for name in ("path", "key", "form"))
