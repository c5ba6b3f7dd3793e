"""Find which credentials a directory change added to an application or account, by comparing old and new values.

One operation (`Update application – Certificates and secrets management`) reports added and removed secrets alike. The
values are lists as JSON text: with line breaks in the unified audit log, without in Graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from seawall.events.formats.json_values import as_text, encode, read_structure

ADDED = "Added"
"""Parameter that names the properties which gained an entry."""

CREDENTIALS = frozenset({
    "KeyDescription", "PasswordCredentials", "KeyCredentials", "FederatedIdentityCredentials",
    "StrongAuthenticationMethod", "StrongAuthenticationPhoneAppDetail", "SearchableDeviceKey",
})  # fmt: skip
"""Properties whose entries are credentials for sign-ins."""

_KEY = re.compile(r"KeyIdentifier=([^,\]]+)")
_IDENTIFIERS = ("keyidentifier", "keyid", "id", "methodtype", "name")


def find_added(changes: Iterable[tuple[str, Any, Any]]) -> str | None:
    """Return the names of the credential properties that gained an entry, or None. Changes are (name, old value, new value)."""
    names = [name for name, old, new in changes if name in CREDENTIALS and _has_more(old, new)]
    return "; ".join(dict.fromkeys(names)) or None


def _has_more(old: Any, new: Any) -> bool:
    """Return whether the new value has an entry that the old one lacks; if they are no lists, whether they differ."""
    before, after = _entries(old), _entries(new)
    if before is None or after is None:  # unreadable values: report rather than hide
        return bool(as_text(new)) and as_text(old) != as_text(new)
    return not before >= after


def _entries(value: Any) -> frozenset[str] | None:
    if value is None or value == "":
        return frozenset()
    found = read_structure(value)
    return frozenset(map(_identity, found)) if isinstance(found, list) else None


def _identity(entry: Any) -> str:
    """Return an entry's identity: its key id, else its whole content."""
    if isinstance(entry, dict):
        named = {key.lower(): value for key, value in entry.items()}
        for name in _IDENTIFIERS:
            if named.get(name) is not None:
                return f"{name}={as_text(named[name])}"
        return encode(entry)
    text = as_text(entry) or ""
    key = _KEY.search(text)
    return f"keyidentifier={key[1].strip().lower()}" if key else text
