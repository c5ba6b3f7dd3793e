"""Which credentials of an application or account a change of the directory added: Microsoft writes the old and the new values.

One operation (`Update application – Certificates and secrets management`) says that a secret was added, and that one was taken
away. The values are lists, as JSON text: in the unified audit log with line breaks, in Graph without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from seawall.events.formats.json_values import as_text, encode, read_structure

ADDED = "Added"
"""The parameter that names the properties which have an entry that they did not have before the change."""

CREDENTIALS = frozenset({
    "KeyDescription", "PasswordCredentials", "KeyCredentials", "FederatedIdentityCredentials",
    "StrongAuthenticationMethod", "StrongAuthenticationPhoneAppDetail", "SearchableDeviceKey",
})  # fmt: skip
"""Properties whose entries somebody signs in with."""

_KEY = re.compile(r"KeyIdentifier=([^,\]]+)")
_IDENTIFIERS = ("keyidentifier", "keyid", "id", "methodtype", "name")


def find_added(changes: Iterable[tuple[str, Any, Any]]) -> str | None:
    """Return the names of the properties with credentials that gained an entry; None of none.

    Changes are (name, old value, new value).
    """
    names = [name for name, old, new in changes if name in CREDENTIALS and _has_more(old, new)]
    return "; ".join(dict.fromkeys(names)) or None


def _has_more(old: Any, new: Any) -> bool:
    """Whether the new value has an entry that the old one lacks; of what is no list, whether it is another."""
    before, after = _entries(old), _entries(new)
    if before is None or after is None:  # not to be read: rather told than hidden
        return bool(as_text(new)) and as_text(old) != as_text(new)
    return not before >= after


def _entries(value: Any) -> frozenset[str] | None:
    if value is None or value == "":
        return frozenset()
    found = read_structure(value)
    return frozenset(map(_identity, found)) if isinstance(found, list) else None


def _identity(entry: Any) -> str:
    """What an entry is known by: its key's id, else the whole of it."""
    if isinstance(entry, dict):
        named = {key.lower(): value for key, value in entry.items()}
        for name in _IDENTIFIERS:
            if named.get(name) is not None:
                return f"{name}={as_text(named[name])}"
        return encode(entry)
    text = as_text(entry) or ""
    key = _KEY.search(text)
    return f"keyidentifier={key[1].strip().lower()}" if key else text
