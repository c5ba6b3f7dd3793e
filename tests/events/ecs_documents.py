"""Write vendors' records as Elastic's ingest pipelines do, without the original text.

Source: elastic/integrations, `packages/{o365,azure,okta,google_workspace}/data_stream/*/elasticsearch/ingest_pipeline`.
"""

from __future__ import annotations

import re
from typing import Any

_CODES = {
    1: "ExchangeAdmin", 2: "ExchangeItem", 6: "SharePointFileOperation", 8: "AzureActiveDirectory",
    14: "SharePointSharingOperation", 15: "AzureActiveDirectoryStsLogon", 25: "MicrosoftTeams", 40: "SecurityComplianceAlerts",
    50: "ExchangeItemAggregated",
}  # fmt: skip
_ACTIONS = {
    ("AzureActiveDirectory", "Add user."): "added-user-account",
    ("AzureActiveDirectory", "Update user."): "modified-user-account",
    ("AzureActiveDirectory", "Delete user."): "deleted-user-account",
    ("MicrosoftTeams", "TeamCreated"): "added-group-account-to",
    ("MicrosoftTeams", "MemberAdded"): "added-users-to-group",
}


def _drop_document(document: dict[str, Any]) -> dict[str, Any]:
    return dict(_drop(document))


def _drop(value: Any) -> Any:
    """Drop empty fields, as the pipelines do."""
    if isinstance(value, dict):
        found = {name: _drop(inner) for name, inner in value.items()}
        return {name: inner for name, inner in found.items() if inner not in (None, "", [], {})}
    return [_drop(inner) for inner in value] if isinstance(value, list) else value


def _snake(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(name) or _small(name): _snake(inner, names) for name, inner in value.items()}
    return [_snake(inner, names) for inner in value] if isinstance(value, list) else value


def _small(name: str) -> str:
    return name if " " in name else re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _pairs(value: Any) -> Any:
    is_list = isinstance(value, list) and all(isinstance(item, dict) for item in value)
    return (
        {item["Name"]: item["Value"] for item in value if item.get("Value") is not None} if is_list else value
    )


def office(record: dict[str, Any]) -> dict[str, Any]:
    """Return the document of an audit record."""
    audit = dict(record)
    code = _CODES.get(int(audit.get("RecordType", 0)), "Other")
    operation = audit.pop("Operation")
    document: dict[str, Any] = {
        "@timestamp": audit["CreationTime"].rstrip("Z") + "Z",
        "event": {
            "action": _ACTIONS.get((code, operation), operation), "code": code, "id": audit.pop("Id", None),
            "provider": audit.pop("Workload", None), "kind": "event", "dataset": "o365.audit", "module": "o365",
        },
        "organization": {"id": audit.pop("OrganizationId", "").lower()},
        "user": {"id": audit.get("UserId"), "email": audit.get("UserId")},
        "ecs": {"version": "8.11.0"},
    }  # fmt: skip
    address = next(
        (audit.pop(name) for name in ("ClientIPAddress", "ClientIP", "ActorIpAddress") if audit.get(name)), ""
    )
    plain = (
        re.sub(r"^\[?(.*?)\]?(?::\d+)?$", r"\1", address)
        if address.count(":") < 2 or "]" in address
        else address
    )
    document["client"] = {"address": plain, "ip": plain}
    document["source"] = {"ip": plain}
    agent = audit.pop("UserAgent", None)
    for name in ("Parameters", "ExtendedProperties"):
        if name in audit:
            audit[name] = _pairs(audit[name])
    if isinstance(audit.get("ExtendedProperties"), dict):
        agent = audit["ExtendedProperties"].pop("UserAgent", agent)
    document["user_agent"] = {"original": agent, "name": "Other"} if agent else {}
    changes = audit.get("ModifiedProperties")
    if isinstance(changes, list):
        audit["ModifiedProperties"] = {
            re.sub(r"[ .]", "_", item["Name"]): {"NewValue": item["NewValue"], "OldValue": item["OldValue"]}
            for item in changes
            if item.get("NewValue") is not None and item.get("OldValue") is not None
        }
    if code in ("SharePointFileOperation", "SharePointSharingOperation"):
        document["url"] = {"original": audit.pop("ObjectId", None)}
        document["file"] = {
            "name": audit.pop("SourceFileName", None),
            "directory": audit.pop("SourceRelativeUrl", None),
        }
    if code in ("ExchangeAdmin", "ExchangeItem"):
        document["organization"]["name"] = audit.pop("OrganizationName", None)
    if code == "ExchangeItem":
        audit.pop("MailboxOwnerUPN", None)  # overwritten by the acting user's address
    if code == "SecurityComplianceAlerts":
        document["rule"] = {
            "ruleset": audit.pop("EntityType", None),
            "description": audit.pop("AlertEntityId", None),
        }
    for name in ("RecordType", "UserType", "LogonType", "Version", "InternalLogonType"):
        if name in audit:
            audit[name] = str(audit[name])
    document["o365"] = {"audit": audit}
    return _drop_document(document)


_AZURE = {
    "createdDateTime": "created_at", "processingTimeInMilliseconds": "processing_time_ms",
    "activityDateTime": "activity_datetime", "riskLevelDuringSignIn": "risk_level_during_signin",
}  # fmt: skip


def _azure(record: dict[str, Any], log: str) -> dict[str, Any]:
    inner = _snake({name: value for name, value in record.items() if name not in _OUTER}, _AZURE)
    return {
        "@timestamp": record["time"],
        "event": {"action": record.get("operationName"), "kind": "event", "dataset": f"azure.{log}"},
        "azure": {
            "tenant_id": record.get("tenantId"),
            "correlation_id": record.get("correlationId"),
            "resource": {"id": record.get("resourceId"), "provider": "Microsoft.aadiam"},
            log: inner,
        },
        "source": {"ip": record.get("callerIpAddress"), "address": record.get("callerIpAddress")},
        "client": {"ip": record.get("callerIpAddress")},
    }


_OUTER = ("time", "tenantId", "correlationId", "resourceId", "callerIpAddress", "Level", "location")


def sign_in(record: dict[str, Any]) -> dict[str, Any]:
    """Return the document of a sign-in of diagnostic settings."""
    properties = dict(record["properties"])
    status, place = dict(properties.get("status", {})), properties.pop("location", {})
    document = _azure({**record, "properties": {**properties, "status": status}}, "signinlogs")
    inner = document["azure"]["signinlogs"]["properties"]
    document["message"] = inner["status"].pop("failure_reason", None)
    document["user_agent"] = {"original": inner.pop("user_agent", None)}
    document["geo"] = {"country_iso_code": record.get("location"), "city_name": place.get("city")}
    document["event"]["id"] = inner["id"]
    return _drop_document(document)


def _number(target: dict[str, Any]) -> dict[str, Any]:
    changes = target.get("modified_properties") or []
    return {**target, "modified_properties": {str(place): one for place, one in enumerate(changes)}}


def change(record: dict[str, Any]) -> dict[str, Any]:
    """Return the document of an audit record of diagnostic settings."""
    document = _azure(record, "auditlogs")
    inner = document["azure"]["auditlogs"]["properties"]
    document["event"]["outcome"] = inner.pop("result", None)
    targets = inner.get("target_resources") or []
    inner["target_resources"] = {str(place): _number(target) for place, target in enumerate(targets)}
    inner["initiated_by"] = record["properties"].get("initiatedBy")
    return _drop_document(document)


def dotted(document: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a document with dotted names and no objects."""
    found: dict[str, Any] = {}
    for name, value in document.items():
        found |= (
            dotted(value, f"{prefix}{name}.") if isinstance(value, dict) and value else {prefix + name: value}
        )
    return found


def okta(record: dict[str, Any]) -> dict[str, Any]:
    """Return the document of a record of the System Log."""
    client = dict(record.get("client") or {})
    place = client.pop("geographicalContext", None) or {}
    client["ip"] = client.pop("ipAddress", None)
    log = _snake({**record, "client": client}, {})
    debug = (record.get("debugContext") or {}).get("debugData") or {}
    given = {
        "device_fingerprint": debug.get("deviceFingerprint"),
        "request_uri": debug.get("requestUri"),
        "factor": debug.get("factor"),
    }
    log["debug_context"] = {"debug_data": {"flattened": debug, **given}}
    if isinstance(record.get("target"), list):
        names = {"id": "id", "type": "type", "alternate_id": "alternateId", "display_name": "displayName"}
        log["target"] = [{name: one.get(field) for name, field in names.items()} for one in record["target"]]
    for name in ("published", "severity", "legacy_event_type", "version"):
        log.pop(name, None)
    return _drop_document({
        "@timestamp": record["published"],
        "event": {"action": record["eventType"], "id": record["uuid"], "dataset": "okta.system", "kind": "event"},
        "client": {"ip": client["ip"], "geo": {"country_name": place.get("country"), "city_name": place.get("city")}},
        "source": {"ip": client["ip"]},
        "okta": log,
    })  # fmt: skip


_LOGIN = (
    "login_type",
    "login_challenge_method",
    "login_challenge_status",
    "login_failure_type",
    "login_timestamp",
)
_NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "token": {
        "client_id": ("client", "id"), "client_type": ("client", "type"), "scope": ("scope", "value"),
        "scope_data": ("scope", "data"),
    },
    "login": {name: (name.removeprefix("login_"),) for name in _LOGIN},
    "drive": {
        "doc_id": ("file", "id"), "doc_type": ("file", "type"), "owner": ("file", "owner", "email"),
        "target_user": ("target",),
    },
    "admin": {
        "USER_EMAIL": ("user", "email"), "ROLE_NAME": ("role", "name"), "ROLE_ID": ("role", "id"),
        "SETTING_NAME": ("setting", "name"), "NEW_VALUE": ("new_value",), "OLD_VALUE": ("old_value",),
        "APPLICATION_NAME": ("application", "name"), "DOMAIN_NAME": ("domain", "name"), "API_SCOPES": ("api", "scopes"),
        "ORG_UNIT_NAME": ("org_unit", "name"), "API_CLIENT_NAME": ("api", "client", "name"),
        "EMAIL_MONITOR_DEST_EMAIL": ("email_monitor", "dest_email"),
        "EMAIL_LOG_SEARCH_RECIPIENT": ("email", "log_search_filter", "recipient", "value"),
    },
}  # fmt: skip
_VALUES = (
    "value",
    "multiValue",
    "messageValue",
    "multiMessageValue",
    "intValue",
    "multiIntValue",
    "boolValue",
)


def _value(parameter: dict[str, Any]) -> Any:
    value: Any = next((parameter[name] for name in _VALUES if parameter.get(name) is not None), None)
    if "multiMessageValue" in parameter:
        return [{one["name"]: _value(one) for one in message["parameter"]} for message in value]
    return {one["name"]: _value(one) for one in value["parameter"]} if "messageValue" in parameter else value


def activity(record: dict[str, Any]) -> dict[str, Any]:
    """Return the document of an activity with one event."""
    (event,) = record["events"]
    identity, actor = record["id"], record.get("actor") or {}
    application = identity["applicationName"]
    log: dict[str, Any] = {}
    names: dict[str, tuple[str, ...]] = _NAMES.get(application, {})
    for one in event.get("parameters") or []:
        value = _value(one)
        *way, last = names.get(one["name"], (one["name"],))
        holder = log
        for step in way:
            holder = holder.setdefault(step, {})
        holder[last] = value
    document: dict[str, Any] = {
        "@timestamp": identity["time"],
        "event": {"action": event.get("name"), "provider": application, "id": identity.get("uniqueQualifier"),
                  "dataset": f"google_workspace.{application}"},
        "google_workspace": {
            "actor": {"type": actor.get("callerType"), "key": actor.get("key")}, "event": {"type": event.get("type")},
            "kind": record.get("kind"), "organization": {"domain": record.get("ownerDomain")}, application: log,
        },
        "organization": {"id": identity.get("customerId")},
        "source": {"ip": record.get("ipAddress"), "user": {"email": actor.get("email"), "id": actor.get("profileId")}},
        "user": {"id": actor.get("profileId")},
    }  # fmt: skip
    return _drop_document(document)
