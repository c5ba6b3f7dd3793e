"""Give the fields of records their vendor's spelling, where a database keeps names in small letters: Athena, Hive, Snowflake.

Source: Amazon Athena, "Name databases, tables, and columns"; Snowflake, "Identifier requirements". Entra's and Okta's readers
take any spelling themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from seawall.events.microsoft.m365_fields import CONTEXT_FIELDS, KNOWN_FIELDS

_INNER = (
    *CONTEXT_FIELDS, "Path", "FolderItems", "InternetMessageId", "SizeInBytes", "ParentFolder", "Subject", "Id", "Type", "Name",
    "Value", "NewValue", "OldValue",
)  # fmt: skip
_MORE = (
    "EntityType", "AlertEntityId", "AlertId", "AlertType", "AlertLinks", "Data", "Severity", "Source", "Status", "Category",
    "Name", "PolicyId", "Comments", "Members", "TeamName", "TeamGuid",
)  # fmt: skip
"""Fields of alerts and of Teams, which audit records of these kinds have besides."""
_ACTIVITY = (
    "kind", "id", "time", "uniqueQualifier", "applicationName", "customerId", "etag", "actor", "callerType", "email", "profileId",
    "key", "applicationInfo", "oauthClientId", "impersonation", "ownerDomain", "ipAddress", "networkInfo", "ipAsn", "regionCode",
    "events", "type", "name", "parameters", "parameter", "value", "multiValue", "multiStrValue", "boolValue", "intValue",
    "multiIntValue", "multiBoolValue", "messageValue", "multiMessageValue",
)  # fmt: skip


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def _spellings(names: Iterable[str]) -> dict[str, str]:
    return {_plain(name): name for name in names}


_PEOPLE = ("Actor", "Target")
"""Fields whose entries spell `ID` in capitals."""
_AUDIT_NAMES, _INNER_NAMES, _ACTIVITY_NAMES = map(
    _spellings, ((*_MORE, *sorted(KNOWN_FIELDS)), _INNER, _ACTIVITY)
)

_PEOPLE_NAMES = _spellings(("ID", "Type"))


def spell_audit_record(record: dict[str, Any]) -> dict[str, Any]:
    """Return an audit record with Microsoft's spelling of its fields."""
    found: dict[str, Any] = {}
    for name, value in record.items():
        spelt = _AUDIT_NAMES.get(_plain(name), name)
        found[spelt] = _spell(value, _PEOPLE_NAMES if spelt in _PEOPLE else _INNER_NAMES)
    return found


def spell_activity(record: dict[str, Any]) -> dict[str, Any]:
    """Return an activity with Google's spelling of its fields."""
    found: dict[str, Any] = _spell(record, _ACTIVITY_NAMES)
    return found


def _spell(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(_plain(name), name): _spell(inner, names) for name, inner in value.items()}
    return [_spell(inner, names) for inner in value] if isinstance(value, list) else value
