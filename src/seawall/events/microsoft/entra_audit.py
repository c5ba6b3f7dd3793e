"""Read the Entra directory audit log: Graph `directoryAudit`, Log Analytics `AuditLogs`, diagnostic settings."""

from __future__ import annotations

from typing import Any

from seawall.events.applications.names import is_application_name
from seawall.events.client_names import reduce_client
from seawall.events.event_table import Normalised, parse_times
from seawall.events.formats.field_capitals import RecordFields
from seawall.events.formats.json_values import (
    as_text,
    content_id,
    encode,
    read_named_values,
    read_structure,
    unquote,
)
from seawall.events.microsoft.additions import ADDED, find_added
from seawall.events.microsoft.m365_meanings import address, clean, identifier
from seawall.events.microsoft.record_origin import read_origin_with

NAME = "entra_audit"
RAW_COLUMNS = (
    "metadata_uid", "time", "kind", "activity_name", "status", "status_code", "status_detail", "org_uid",
    "account",
    "account_type", "actor_user_uid", "actor_app_uid", "resource_uid", "app_uid", "app_name", "user_agent",
    "client",
    "src_ip", "parameters",
)  # fmt: skip

_USED = frozenset({
    "id", "activitydatetime", "timegenerated", "time", "type", "operationname",
    "activitydisplayname",
    "result", "resultreason", "resultdescription", "aadtenantid", "resourceid", "tenantid", "initiatedby",
    "properties", "ipaddress", "calleripaddress", "useragent",
    "level",
    "operationversion", "resource", "resourcegroup", "sourcesystem", "correlationid", "resultsignature",
    "resulttype",
    "identity", "durationms", "resourceprovider", "p_log_type", "p_event_time", "p_parse_time", "p_row_id",
    "target", "targetdisplayname", "targetid", "targettype", "keyevents", "initiatinguserorapp",
    "aadoperationtype",
    "operationtype", "tenantgeo",
})  # fmt: skip


def recognises(record: dict[str, Any]) -> bool:
    """Return whether an object is an Entra audit record, in any export format."""
    category, table, has_fields = _read_origin(record)
    return has_fields or "AuditLogs" in (category, table)


_read_origin = read_origin_with(lambda names: {"activitydatetime", "activitydisplayname"} <= names)


def row(record: dict[str, Any]) -> tuple[str | None, ...]:
    """Return the raw columns of one record, and its `unmapped` last. Directory changes are rare, so each is read in Python."""
    get = RecordFields(record)
    values: dict[str, str | None] = {
        "metadata_uid": get.text("id") or content_id(record),
        "time": get.text("activitydatetime") or get.text("time", "timegenerated"),
        "kind": "directory",
        "activity_name": clean(get.text("activitydisplayname", "operationname")),
        "org_uid": _organisation(get),
    }
    values |= _status(get)
    values |= _actor(get)
    details = read_named_values(get.value("additionaldetails"))
    agent = clean(get.text("useragent")) or clean(unquote(details.get("User-Agent")))
    values["user_agent"] = agent
    values["client"] = reduce_client(agent, None, None, values.get("app_uid"))
    targets = [target for target in _list(get.value("targetresources")) if isinstance(target, dict)]
    values["resource_uid"] = as_text(targets[0].get("id")) if targets else None
    parameters = _parameters(targets, details)
    values["parameters"] = encode(parameters) if parameters else None
    kept = get.rest(_USED)
    return (*(values.get(name) for name in RAW_COLUMNS), encode(kept) if kept else None)


def normalise(table: Any) -> Normalised:
    """Return the event columns, which `row` has computed already."""
    columns = {name: table.column(name) for name in (*RAW_COLUMNS, "unmapped") if name != "time"}
    return Normalised(parse_times(table.column("time")), columns)


def _organisation(get: RecordFields) -> str | None:
    path = (get.envelope_text("resourceid") or "").lower().split("/tenants/", 1)
    return identifier(get.text("aadtenantid")) or (
        identifier(path[1].split("/")[0]) if len(path) > 1 else None
    )


def _status(get: RecordFields) -> dict[str, str | None]:
    result = (clean(get.text("result")) or "").lower()
    reason = clean(get.text("resultreason", "resultdescription"))
    if result in ("success", "succeeded", "0"):
        return {"status": "success", "status_detail": reason}
    if result in ("failure", "failed", "timeout"):
        return {"status": "failure", "status_code": result, "status_detail": reason}
    return {"status_detail": reason}


def _actor(get: RecordFields) -> dict[str, str | None]:
    user, app = get.member("initiatedby", "user"), get.member("initiatedby", "app")
    if isinstance(user, dict):
        name = clean(as_text(user.get("userPrincipalName")))
        found = identifier(as_text(user.get("id")))
        if name or found:
            shown = clean(as_text(user.get("displayName")))
            return {
                "app_name": shown if is_application_name(shown) else None,
                "account": (name or found or "").lower(),
                "account_type": "user",
                "actor_user_uid": found,
                "src_ip": address(as_text(user.get("ipAddress")), get.text("ipaddress", "calleripaddress"))[
                    0
                ],
            }
    ip = address(get.text("ipaddress", "calleripaddress"))[0]
    if isinstance(app, dict):
        application = identifier(as_text(app.get("appId")))
        principal = identifier(as_text(app.get("servicePrincipalId")))
        name = clean(as_text(app.get("displayName")))
        who = application or principal
        return {
            "account": who or (name or "").lower() or None,
            "account_type": "service" if who else "system",
            "actor_user_uid": principal,
            "actor_app_uid": who,
            "app_uid": application,
            "app_name": name,
            "src_ip": ip,
        }
    return {"src_ip": ip}


def _parameters(targets: list[dict[str, Any]], details: dict[str, Any]) -> dict[str, str | None]:
    found: dict[str, str | None] = {name: unquote(value) for name, value in details.items()}
    names = []
    changes = []
    for target in targets:
        for change in _list(read_structure(target.get("modifiedProperties"))):
            if isinstance(change, dict) and isinstance(change.get("displayName"), str):
                found[change["displayName"]] = unquote(change.get("newValue"))
                changes.append((change["displayName"], change.get("oldValue"), change.get("newValue")))
        name = target.get("userPrincipalName") or target.get("displayName")
        if isinstance(name, str) and name:
            names.append(name)
    gained = find_added(changes)
    if gained:
        found[ADDED] = gained
    if names:
        found["Target"] = "; ".join(names)
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
