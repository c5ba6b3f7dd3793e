"""Records of changes: Exchange cmdlets, and directory changes in the unified audit log and in the Entra audit log."""

from __future__ import annotations

from typing import Any

import msgspec

from seawall.lab.worlds.acts import Act
from seawall.lab.worlds.organisation import LabAccount, LabApplication, Tenant
from seawall.lab.worlds.records.text import fraction, seconds, spell_text
from seawall.lab.worlds.seeded_random import SeededRandom

Record = dict[str, Any]


def cmdlet_record(act: Act, uid: str, tenant: Tenant, dice: SeededRandom, week: int) -> Record:
    """Return an Exchange administration record."""
    who, target = act.who, act.details["target"]
    actor = act.details.get("system") or (who.spelling if isinstance(who, LabAccount) else "")
    record: Record = {
        "CreationTime": seconds(act.time),
        "Id": uid,
        "Operation": act.operation,
        "OrganizationId": tenant.id,
        "RecordType": 1,
        "ResultStatus": "True",
        "UserKey": actor if who is None else getattr(who, "user_key", ""),
        "UserType": 3 if who is None else 2,
        "Version": 1,
        "Workload": "Exchange",
    }
    if act.client_address:
        record["ClientIP"] = spell_text(act.client_address, tenant.style, dice)
    record |= {
        "ObjectId": f"{tenant.server[:7]}A009.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/{tenant.domain}/{target}"
        if who is None
        else target,
        "UserId": actor,
        "AppId": act.client.app if act.client else "",
        "ClientAppId": "",
        "ExternalAccess": who is None,
        "OrganizationName": tenant.domain,
        "OriginatingServer": f"{tenant.server}{1000 + dice.below(9000)} (15.20.{7000 + week}.0{10 + dice.below(40)})",
        "Parameters": [{"Name": name, "Value": value} for name, value in act.details["parameters"].items()],
    }
    if act.operation == "UpdateInboxRules":
        record = _outlook_rule(record, act, tenant)
    if act.session and tenant.style.identifiers != "absent" and dice.chance(0.85):
        record["SessionId"] = act.session
        if dice.chance(0.5):
            record["AppAccessContext"] = {"AADSessionId": act.session, "CorrelationId": dice.guid()}
    return record


def _outlook_rule(record: Record, act: Act, tenant: Tenant) -> Record:
    """Return a rule made in Outlook, which is logged as a record of the mailbox and not of a cmdlet."""
    person, parameters = act.person, dict(act.details["parameters"])
    name = parameters.pop("Name", "")
    actions = [
        {"ActionType": key, "Value": value}
        for key, value in parameters.items()
        if key not in ("AlwaysDeleteOutlookRulesBlob", "Force")
    ]
    for key in ("Parameters", "AppId", "ClientAppId", "ObjectId"):
        record.pop(key, None)
    return record | {
        "RecordType": 2, "ResultStatus": "Succeeded", "UserType": 0, "ClientIPAddress": record.get("ClientIP", ""),
        "ClientInfoString": "Client=OWA;Action=ViaProxy", "InternalLogonType": 0, "LogonType": 0, "LogonUserSid": person.sid,
        "MailboxGuid": person.mailbox_guid, "MailboxOwnerSid": person.sid, "MailboxOwnerUPN": person.spelling,
        "OrganizationName": tenant.domain,
        "OperationProperties": [
            {"Name": "RuleOperation", "Value": "AddMailboxRule"}, {"Name": "RuleName", "Value": name},
            {"Name": "RuleActions", "Value": msgspec.json.encode(actions).decode()},
        ],
    }  # fmt: skip


def directory_record(act: Act, uid: str, tenant: Tenant, dice: SeededRandom) -> Record:
    """Return a directory change as in the unified audit log."""
    who, target = act.who, act.details["target"]
    if isinstance(target, LabAccount):
        object_id, named = (
            target.upn,
            [
                {"ID": f"User_{target.object_id}", "Type": 2},
                {"ID": target.object_id, "Type": 2},
                {"ID": "User", "Type": 2},
                {"ID": target.upn, "Type": 5},
                {"ID": target.user_key, "Type": 3},
            ],
        )
    elif isinstance(target, LabApplication):
        kind = act.details["kind"]
        object_id, named = (
            target.app,
            [
                {"ID": f"{kind}_{target.object_id}", "Type": 2},
                {"ID": target.object_id, "Type": 2},
                {"ID": kind, "Type": 2},
                {"ID": target.name, "Type": 1},
                {"ID": target.app, "Type": 2},
            ],
        )
    else:
        object_id, named = str(target), [{"ID": str(target), "Type": 2}]
    agent = act.details["agent"]
    modified = act.details["modified"]
    return {
        "CreationTime": seconds(act.time),
        "Id": uid,
        "Operation": act.operation,
        "OrganizationId": tenant.id,
        "RecordType": 8,
        "ResultStatus": "Success",
        "UserKey": f"{who.user_key}@{tenant.domain}" if isinstance(who, LabAccount) else "Not Available",
        "UserType": 0 if isinstance(who, LabAccount) else 4,
        "Version": 1,
        "Workload": "AzureActiveDirectory",
        "ClientIP": act.client_address,
        "ObjectId": object_id,
        "UserId": who.upn
        if isinstance(who, LabAccount)
        else f"ServicePrincipal_{getattr(who, 'object_id', tenant.id)}",
        "AzureActiveDirectoryEventType": 1,
        "ExtendedProperties": [
            {"Name": "additionalDetails", "Value": f'{{"User-Agent":"{agent}"}}' if agent else "{}"},
            {"Name": "extendedAuditEventCategory", "Value": act.details["kind"]},
        ],
        "ModifiedProperties": [
            {"Name": name, "NewValue": value, "OldValue": ""} for name, value in modified.items()
        ]
        + (
            [{"Name": "Included Updated Properties", "NewValue": ", ".join(modified), "OldValue": ""}]
            if modified
            else []
        ),
        "Actor": _actor(who),
        "ActorContextId": tenant.id,
        "ActorIpAddress": act.client_address,
        "InterSystemsId": dice.guid(),
        "IntraSystemId": dice.guid(),
        "SupportTicketId": "",
        "Target": named,
        "TargetContextId": tenant.id,
    }


def _actor(who: LabAccount | LabApplication | None) -> list[Record]:
    """Return the actor as a directory record lists it."""
    if who is None:
        return []
    if isinstance(who, LabApplication):
        kind, first = "ServicePrincipal", [{"ID": who.name, "Type": 1}, {"ID": who.app, "Type": 2}]
    else:
        kind, first = "User", [{"ID": who.upn, "Type": 5}, {"ID": who.user_key, "Type": 3}]
    return [
        *first,
        {"ID": f"{kind}_{who.object_id}", "Type": 2},
        {"ID": who.object_id, "Type": 2},
        {"ID": kind, "Type": 2},
    ]


def entra_audit_record(act: Act, uid: str, dice: SeededRandom) -> Record:
    """Return a directory change as in Graph's directoryAudits."""
    who, target = act.who, act.details["target"]
    about: Record
    if isinstance(target, LabAccount):
        about = {
            "id": target.object_id,
            "displayName": target.name,
            "type": "User",
            "userPrincipalName": target.upn,
        }
    elif isinstance(target, LabApplication):
        about = {
            "id": target.object_id,
            "displayName": target.name,
            "type": act.details["kind"],
            "userPrincipalName": None,
        }
    else:
        about = {"id": str(target), "displayName": str(target), "type": "Other", "userPrincipalName": None}
    modified = [
        {"displayName": name, "oldValue": None, "newValue": f'"{value}"'}
        for name, value in act.details["modified"].items()
    ]
    user: Record | None = (
        {
            "id": who.object_id,
            "displayName": None,
            "userPrincipalName": who.upn,
            "ipAddress": act.client_address or None,
            "roles": [],
        }
        if isinstance(who, LabAccount)
        else None
    )
    app: Record | None = (
        {
            "appId": who.app,
            "displayName": who.name,
            "servicePrincipalId": who.object_id,
            "servicePrincipalName": None,
        }
        if isinstance(who, LabApplication)
        else None
    )
    details = [{"key": "User-Agent", "value": act.details["agent"]}] if act.details["agent"] else []
    if isinstance(target, LabApplication):
        details.append({"key": "AppId", "value": target.app})
    return {
        "id": uid,
        "category": {"User": "UserManagement", "Application": "ApplicationManagement"}.get(
            act.details["kind"], "ApplicationManagement"
        ),
        "correlationId": dice.guid(),
        "result": "success",
        "resultReason": "",
        "activityDisplayName": act.operation.rstrip("."),
        "activityDateTime": fraction(act.time),
        "loggedByService": "Core Directory",
        "operationType": "Update",
        "initiatedBy": {"user": user, "app": app},
        "targetResources": [{**about, "modifiedProperties": modified}],
        "additionalDetails": details,
    }


def wrap_change(record: Record, tenant: Tenant, shape: str) -> Record:
    """Return a directoryAudits record as a diagnostic-settings record or a Log Analytics row."""
    if shape == "diagnostic":
        return {
            "time": record["activityDateTime"],
            "resourceId": f"/tenants/{tenant.id}/providers/Microsoft.aadiam",
            "operationName": record["activityDisplayName"],
            "operationVersion": "1.0",
            "category": "AuditLogs",
            "tenantId": tenant.id,
            "resultSignature": "None",
            "durationMs": 0,
            "callerIpAddress": (record["initiatedBy"]["user"] or {}).get("ipAddress"),
            "correlationId": record["correlationId"],
            "Level": 4,
            "properties": record,
        }
    return {
        "TenantId": tenant.id,
        "SourceSystem": "Azure AD",
        "TimeGenerated": record["activityDateTime"],
        "OperationName": record["activityDisplayName"],
        "OperationVersion": "1.0",
        "Category": record["category"],
        "CorrelationId": record["correlationId"],
        "Level": "4",
        "LoggedByService": "Core Directory",
        "Result": "success",
        "Id": record["id"],
        "AADTenantId": tenant.id,
        "ActivityDisplayName": record["activityDisplayName"],
        "ActivityDateTime": record["activityDateTime"],
        "AADOperationType": record["operationType"],
        "Type": "AuditLogs",
        "AdditionalDetails": msgspec.json.encode(record["additionalDetails"]).decode(),
        "InitiatedBy": msgspec.json.encode(record["initiatedBy"]).decode(),
        "TargetResources": msgspec.json.encode(record["targetResources"]).decode(),
    }
