"""Turn rows of Hawk's simple tables back into records of the unified audit log.

Source: T0pCyber/hawk, `Hawk/internal/functions/Get-SimpleUnifiedAuditLog.ps1`.
"""

from __future__ import annotations

from typing import Any

_RENAMED = {"AuditCreationTime": "CreationTime", "AuditId": "Id", "AuditRecordType": "RecordType"}
_CONTEXT = {
    "AADSessionId": "AADSessionId",
    "AppAccessContextIssuedAtTime": "IssuedAtTime",
    "AppAccessContextUniqueTokenId": "UniqueTokenId",
}
_OF_THE_SEARCH = frozenset({
    "CreationDate", "UserIds", "Operations", "ResultIndex", "ResultCount", "Identity", "IsValid", "ObjectState", "FullCommand",
    "RecordType", "Parameters",
})  # fmt: skip
"""Columns of the search around the record, and those that are made of it."""
_PARAMETER = "Param_"


def make_searched_record(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the audit record of a row; None if it is no such row."""
    if "AuditCreationTime" not in row or "Operation" not in row:
        return None
    found = {
        _RENAMED.get(name, name): value
        for name, value in row.items()
        if name not in _OF_THE_SEARCH and name not in _CONTEXT and not name.startswith(_PARAMETER)
    }
    context = {target: row[name] for name, target in _CONTEXT.items() if row.get(name)}
    if context:
        found["AppAccessContext"] = context
    parameters = _read_parameters(row)
    if parameters:
        found["Parameters"] = [{"Name": name, "Value": value} for name, value in parameters.items()]
    return found


def _read_parameters(row: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a row: those in one text, which every row has, and those in columns of their own."""
    joined = row.get("Parameters")
    parts = joined.split(" | ") if isinstance(joined, str) else ()
    found: dict[str, Any] = {
        name: value for name, mark, value in (part.partition("=") for part in parts) if mark
    }
    own = {name[len(_PARAMETER) :]: value for name, value in row.items() if name.startswith(_PARAMETER)}
    return found | {name: value for name, value in own.items() if value not in (None, "")}
