"""Describe `CloudAppEvents` of advanced hunting: activities of cloud applications, with the vendor's record in `RawEventData`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from seawall.events.consoles.columns import ELSEWHERE, Cell, Row, VendorTable, cell, number, plain_names
from seawall.events.formats.json_values import as_text
from seawall.events.microsoft import m365_columns as m365_audit

_WORKLOADS = {
    "microsoft exchange online": ("Exchange", 2),
    "microsoft sharepoint online": ("SharePoint", 6),
    "microsoft onedrive for business": ("OneDrive", 6),
    "microsoft teams": ("MicrosoftTeams", 25),
    "office 365": ("AzureActiveDirectory", 8),
    "microsoft 365": ("AzureActiveDirectory", 8),
}
"""Workload and record type of the unified audit log by application. Cmdlets of Exchange have type 1."""
_RECORD_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_ADMIN = 1

_CLOUD_APP: Mapping[str, Cell] = {
    "timestamp": cell("CreationTime"),
    "timegenerated": cell("CreationTime"),
    "actiontype": cell("Operation"),
    "application": ELSEWHERE,
    "applicationid": cell("CloudAppEvents.ApplicationId", number),
    "appinstanceid": cell("CloudAppEvents.AppInstanceId", number),
    "accountid": cell("UserId"),
    "accountobjectid": cell("UserKey"),
    "ipaddress": cell("ClientIP"),
    "useragent": cell("UserAgent"),
    "objectid": cell("ObjectId"),
    "oauthappid": cell("AppId"),
    "reportid": ELSEWHERE,
}


def _finish(record: Row, said: dict[str, str]) -> None:
    """Complete workload, record type, record id, and the account."""
    workload, number = _WORKLOADS[said["application"].lower()]
    operation = as_text(record.get("Operation")) or ""
    is_cmdlet = workload == "Exchange" and "-" in operation
    record["Workload"], record["RecordType"] = workload, _ADMIN if is_cmdlet else number
    report = said.get("reportid", "")
    found = _RECORD_ID.search(report)
    if report:
        record["Id"] = found[0].lower() if found else report
    if "UserKey" in record:
        record.setdefault("UserId", record["UserKey"])


def _is_microsofts(row: Row) -> bool:
    application = row.get(plain_names(tuple(row)).get("application", ""))
    return isinstance(application, str) and application.strip().lower() in _WORKLOADS


CLOUD_APP_EVENTS = VendorTable(
    m365_audit.NAME,
    tuple(
        frozenset({"actiontype", "application", when, who})
        for when in ("timestamp", "timegenerated")
        for who in ("accountobjectid", "accountid", "raweventdata", "reportid")
    ),
    _CLOUD_APP,
    _finish,
    accepts=_is_microsofts,
    embedded="raweventdata",
)
