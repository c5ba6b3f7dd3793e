"""Incidents as `rescored.json` has them: what a person is told of each, and a digest of all of its document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def told(documents: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return documents of incidents by id, as the making of the fixtures did."""
    names = ("account", "kind", "severity", "score", "raised")
    return {
        one["id"]: {
            **{name: one[name] for name in names},
            "sha256": hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest(),
        }
        for one in documents
    }


def told_of(path: Path) -> dict[str, Any]:
    """Return those of an `incidents.jsonl`."""
    return told(map(json.loads, path.read_text("utf-8").splitlines()))
