"""Read rows of Log Analytics that hold the unified audit log with other names for some fields.

These are `OfficeActivity`, and `EnrichedMicrosoft365AuditLogs` of Global Secure Access, also from diagnostic settings.
"""

from __future__ import annotations

from typing import Any

from seawall.events.event_table import Normalised
from seawall.events.formats.field_capitals import spellings
from seawall.events.formats.json_values import read_named_values, read_structure
from seawall.events.microsoft import m365_columns as m365_audit

NAME = "office_activity"
RAW_COLUMNS = m365_audit.RAW_COLUMNS

_RENAMED = {
    "OfficeId": "Id", "SourceRecordId": "Id", "TimeGenerated": "CreationTime", "Start_Time": "CreationTime",
    "OfficeWorkload": "Workload", "Client_IPAddress": "ClientIPAddress", "Logon_Type": "LogonType",
    "OfficeObjectId": "ObjectId", "UserId_": "UserId", "OrganizationId_": "OrganizationId",
    "UserAgent_": "UserAgent", "Site_Url": "SiteUrl", "Item_Subject": "Subject",
    "AADTarget": "Target", "ClientIP_": "ClientIP", "SourceIp": "ClientIPAddress", "ClientIp": "ClientIP",
}  # fmt: skip
_DROPPED = frozenset({
    "TenantId", "SourceSystem", "Type", "OfficeTenantId", "OfficeTenantId_", "ElevationTime",
    "ResultReasonType",
    "MG", "ManagementGroupName", "Computer",
})  # fmt: skip
_WORKLOADS = {"AzureActiveDirectory": "8"}

TABLES = frozenset({"OfficeActivity", "EnrichedMicrosoft365AuditLogs"})
ENRICHED = frozenset({"EnrichedOffice365AuditLogs", "EnrichedMicrosoft365AuditLogs"})
"""Categories of diagnostic settings."""

_ENRICHED_FIELDS = (
    "ActorUserType", "AdditionalProperties", "ClientIp", "DeviceId", "DeviceOperatingSystem", "DeviceOperatingSystemVersion",
    "Id", "ObjectId", "Operation", "OrganizationId", "RecordType", "ResultStatus", "SourceIp", "TimeGenerated", "UniqueTokenId",
    "UserId", "UserKey", "UserType", "Workload",
)  # fmt: skip
_BY_LOWER = {name.lower(): name for name in _ENRICHED_FIELDS}


def recognises(record: dict[str, Any]) -> bool:
    """Return whether an object is a row of these tables."""
    if _is_in(record.get("Type"), TABLES) or _is_in(record.get("category"), ENRICHED):
        return True
    return (
        "Operation" in record
        and "TimeGenerated" in record
        and not record.keys().isdisjoint(("OfficeWorkload", "OfficeId", "RecordType"))
    )


def _is_in(value: Any, names: frozenset[str]) -> bool:
    return isinstance(value, str) and value in names


def row(record: dict[str, Any]) -> tuple[str | None, ...]:
    """Return the raw columns of one row, renamed to the unified audit log's fields."""
    record = _open_properties(record)
    plain = {name: value for name, value in record.items() if name not in _RENAMED and name not in _DROPPED}
    for name, target in _RENAMED.items():
        value = record.get(name)
        if value not in (None, "") and plain.get(target) in (None, ""):
            plain[target] = value
    if plain.get("RecordType") in (None, ""):
        plain["RecordType"] = _WORKLOADS.get(str(plain.get("Workload")))
    return m365_audit.row(plain)


def _open_properties(record: dict[str, Any]) -> dict[str, Any]:
    """Return an enriched record with all its fields at the top; any other as it is."""
    place = spellings(tuple(record)).get("properties", "")
    inner = read_structure(record.get(place)) if _is_in(record.get("category"), ENRICHED) else None
    if isinstance(inner, dict):
        fields: dict[str, Any] = {
            str(_BY_LOWER.get(name.lower(), name)): value for name, value in inner.items()
        }
        record = {"TimeGenerated": record.get("time"), **fields}
    if "AdditionalProperties" not in record:
        return record
    more: dict[str, Any] = read_named_values(record["AdditionalProperties"])
    rest = {name: value for name, value in record.items() if name != "AdditionalProperties"}
    return {**more, **rest} if more else record


def normalise(table: Any) -> Normalised:
    """Return the event columns of a table of raw columns."""
    return m365_audit.normalise(table)
