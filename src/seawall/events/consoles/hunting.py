"""Describe `CloudAppEvents` of advanced hunting: activities of cloud applications, with the vendor's record in `RawEventData`.

Sign-ins to Microsoft's cloud in `IdentityLogonEvents` have the same columns, and more.
"""

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
_SIGN_IN = 15
_SIGN_INS = {"LogonSuccess": "Succeeded", "LogonFailed": "Failed"}
"""Results of the sign-ins of `IdentityLogonEvents`."""

_CLOUD_APP: Mapping[str, Cell] = {
    "timestamp": cell("CreationTime"),
    "timegenerated": cell("CreationTime"),
    "actiontype": cell("Operation"),
    "application": ELSEWHERE,
    "applicationid": cell("CloudAppEvents.ApplicationId", number),
    "appinstanceid": cell("CloudAppEvents.AppInstanceId", number),
    "accountid": cell("UserId"),
    "accountupn": cell("UserId"),
    "failurereason": cell("LogonError"),
    "accountobjectid": cell("UserKey"),
    "ipaddress": cell("ClientIP"),
    "useragent": cell("UserAgent"),
    "objectid": cell("ObjectId"),
    "oauthappid": cell("AppId"),
    "reportid": ELSEWHERE,
}


def _finish(record: Row, said: dict[str, str]) -> None:
    """Complete workload, record type, record id, and the account."""
    name = said.get("application", "").strip()
    workload, number = _WORKLOADS.get(name.lower(), (name, None))
    operation = as_text(record.get("Operation")) or ""
    if operation in _SIGN_INS:
        number, record["ResultStatus"] = _SIGN_IN, _SIGN_INS[operation]
    elif workload == "Exchange" and "-" in operation:
        number = _ADMIN
    record["Workload"] = workload
    if number is not None:
        record["RecordType"] = number
    report = said.get("reportid", "")
    found = _RECORD_ID.search(report)
    if report:
        record["Id"] = found[0].lower() if found else report
    if "UserKey" in record:
        record.setdefault("UserId", record["UserKey"])


def _is_microsofts(row: Row) -> bool:
    """Return whether the application is Microsoft's in the cloud; Active Directory and other vendors' are not."""
    application = row.get(plain_names(tuple(row)).get("application", ""))
    if not isinstance(application, str):
        return False
    name = application.strip().lower()
    return name in _WORKLOADS or name.startswith("microsoft ")


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
