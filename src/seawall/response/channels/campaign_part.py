"""Cut the message about a campaign to what a recipient of some organisations may see: never who the others are."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

_IDENTIFIER: Final = re.compile(r".*\((?P<id>[^()]*)\)", re.DOTALL)


def narrow_campaign(document: Mapping[str, Any], organisations: Collection[str]) -> Mapping[str, Any] | None:
    """Return what a message about a campaign says to these organisations, None if none of them is in it.

    Times are those of their own accounts, and values lose the names that other organisations' logs may have given them.
    """
    own = [one for one in document.get("tenants") or () if one in organisations]
    if not own:
        return None
    accounts = [one for one in document.get("accounts") or () if one.get("tenant") in organisations]
    count = document.get("organisations")
    return {
        "id": document.get("id"),
        "organisations": count,
        "tenants": own,
        "other_organisations": count - len(own) if isinstance(count, int) else 0,
        "first": min((one["first"] for one in accounts), default=None),
        "last": max((one["last"] for one in accounts), default=None),
        "values": [_strip_name(one) for one in document.get("values") or ()],
        "accounts": accounts,
        "accounts_not_listed": 0,
    }


def _strip_name(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a shared value without the name beside its identifier."""
    field, value = one.get("field"), str(one.get("value", ""))
    if field == "app" and (found := _IDENTIFIER.fullmatch(value)):
        value = found["id"]
    elif field == "network" and value.startswith("AS"):
        value = value.partition(" ")[0]
    return {"field": field, "value": value}
