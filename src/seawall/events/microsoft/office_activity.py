"""Read `OfficeActivity` rows of Log Analytics: the unified audit log with other names for some fields."""

from __future__ import annotations

from typing import Any

from seawall.events.event_table import Normalised
from seawall.events.microsoft import m365_columns as m365_audit

NAME = "office_activity"
RAW_COLUMNS = m365_audit.RAW_COLUMNS

_RENAMED = {
    "OfficeId": "Id", "SourceRecordId": "Id", "TimeGenerated": "CreationTime", "Start_Time": "CreationTime",
    "OfficeWorkload": "Workload", "Client_IPAddress": "ClientIPAddress", "Logon_Type": "LogonType",
    "OfficeObjectId": "ObjectId", "UserId_": "UserId", "OrganizationId_": "OrganizationId",
    "UserAgent_": "UserAgent", "Site_Url": "SiteUrl", "Item_Subject": "Subject",
    "AADTarget": "Target", "ClientIP_": "ClientIP",
}  # fmt: skip
_DROPPED = frozenset({
    "TenantId", "SourceSystem", "Type", "OfficeTenantId", "OfficeTenantId_", "ElevationTime",
    "ResultReasonType",
    "MG", "ManagementGroupName", "Computer",
})  # fmt: skip
_WORKLOADS = {"AzureActiveDirectory": "8"}


def recognises(record: dict[str, Any]) -> bool:
    """Return whether an object is a row of the OfficeActivity table."""
    if record.get("Type") == "OfficeActivity":
        return True
    return (
        "Operation" in record
        and "TimeGenerated" in record
        and not record.keys().isdisjoint(("OfficeWorkload", "OfficeId", "RecordType"))
    )


def row(record: dict[str, Any]) -> tuple[str | None, ...]:
    """Return the raw columns of one row, renamed to the unified audit log's fields."""
    plain = {name: value for name, value in record.items() if name not in _RENAMED and name not in _DROPPED}
    for name, target in _RENAMED.items():
        value = record.get(name)
        if value not in (None, "") and plain.get(target) in (None, ""):
            plain[target] = value
    if plain.get("RecordType") in (None, ""):
        plain["RecordType"] = _WORKLOADS.get(str(plain.get("Workload")))
    return m365_audit.row(plain)


def normalise(table: Any) -> Normalised:
    """Return the event columns of a table of raw columns."""
    return m365_audit.normalise(table)
