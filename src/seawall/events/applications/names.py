"""Look up the name of an application by its id.

Records of mail access state the id alone, and an analyst knows no ids. What the organisation's own logs call an application takes
precedence, because anybody may register an application under any name but nobody chooses its id.
"""

from __future__ import annotations

import csv
import io
from functools import cache
from importlib import resources


def find_application_name(uid: str | None) -> str | None:
    """Return the name of a well-known application, None for others.

    `uid` is the application id as a GUID; capitals make no difference.
    """
    return _load().get(uid.lower()) if uid else None


def is_application_name(name: str | None) -> bool:
    """Return whether a name is exactly that of a well-known application."""
    return name in _names()


def list_application_names() -> frozenset[str]:
    """Return the names of well-known applications."""
    return _names()


def label_application(uid: str, name: str | None = None) -> str:
    """Return an application for readers: `Outlook Mobile (27922004-…)`, the id alone if nobody names it.

    `name` is what the logs call it.
    """
    name = name or find_application_name(uid)
    return f"{name} ({uid})" if name and name.lower() != uid.lower() else uid


@cache
def _load() -> dict[str, str]:
    text = (resources.files("seawall.events.applications") / "data" / "names.csv").read_text("utf-8")
    return {row["id"]: row["name"] for row in csv.DictReader(io.StringIO(text))}


@cache
def _names() -> frozenset[str]:
    return frozenset(_load().values())
