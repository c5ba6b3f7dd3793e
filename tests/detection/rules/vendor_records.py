"""Invented records in the shapes that vendors document, one function for each log. `more` replaces members by name."""

from __future__ import annotations

from typing import Any

ORGANISATION = "6f1f3c0e-2f0b-4a57-9d0e-0b7c1a52e9d4"
WHO = "ann@x.example"
WHERE = "203.0.113.7"
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/129.0 Safari/537.36"
Record = dict[str, Any]


def m365(operation: str, workload: str, record_type: int, **more: Any) -> Record:
    """A record of the unified audit log (Office 365 Management Activity API, common schema)."""
    return {
        "CreationTime": "2026-03-02T09:00:00", "Id": "8d1e7f60-0000-4000-8000-000000000001", "Operation": operation,
        "OrganizationId": ORGANISATION, "RecordType": record_type, "ResultStatus": "Success", "UserKey": "10032001A0B0C0D0",
        "UserType": 0, "Version": 1, "Workload": workload, "UserId": WHO, "ClientIP": WHERE, **more,
    }  # fmt: skip


def alert(name: str, **more: Any) -> Record:
    """An alert of the Security and Compliance Center in the unified audit log (schema `SecurityComplianceAlert`)."""
    said = {
        "AlertId": "3ad51f8c-0000-4000-8000-000000000002", "AlertType": "System", "Name": name, "Severity": "Medium",
        "PolicyId": "a74bb32a-0000-4000-8000-000000000003", "Category": "ThreatManagement", "Status": "Active",
        "Source": "Cloud App Security", "Comments": "New alert", "AlertLinks": [{"AlertLinkHref": ""}],
        "EntityType": "User", "ObjectId": WHO, "ResultStatus": "Succeeded", "UserId": "SecurityComplianceAlerts",
        "UserKey": "SecurityComplianceAlerts", "UserType": 4,
    }  # fmt: skip
    return m365("AlertTriggered", "SecurityComplianceCenter", 40, **{**said, **more})


def audit(operation: str, **more: Any) -> Record:
    """A directory audit (Microsoft Graph `directoryAudit`)."""
    return {
        "id": "Directory_8d1e7f60_1", "category": "ApplicationManagement", "result": "success", "resultReason": "",
        "correlationId": "8d1e7f60-0000-4000-8000-000000000004", "activityDisplayName": operation,
        "activityDateTime": "2026-03-02T09:00:00.123Z", "loggedByService": "Core Directory", "operationType": "Update",
        "initiatedBy": {"app": None, "user": {
            "id": "5b1d0000-0000-4000-8000-000000000047", "displayName": "Ann", "userPrincipalName": WHO, "ipAddress": WHERE}},
        "targetResources": [{
            "id": "5b1d0000-0000-4000-8000-00000000006e", "displayName": "Mail tool", "type": "Application",
            "userPrincipalName": None, "modifiedProperties": []}],
        "additionalDetails": [{"key": "User-Agent", "value": AGENT}], **more,
    }  # fmt: skip


def audit_row(operation: str, **more: Any) -> Record:
    """A directory audit as a diagnostic setting exports it (resource log of category AuditLogs)."""
    inner = audit(operation)
    outer = {
        "time": "2026-03-02T09:00:00.123Z", "operationName": operation, "operationVersion": "1.0", "category": "AuditLogs",
        "resourceId": f"/tenants/{ORGANISATION}/providers/Microsoft.aadiam", "tenantId": ORGANISATION,
        "resultSignature": "None", "durationMs": 0, "callerIpAddress": WHERE, "identity": "Ann", "Level": 4,
    }  # fmt: skip
    return {**outer, "properties": {**inner, **more}}


def change(name: str, new: str, old: str = "") -> Record:
    """A property that a directory audit says was modified."""
    return {"displayName": name, "oldValue": old, "newValue": new}


def target(kind: str, *changes: Record, **more: Any) -> Record:
    """A resource that a directory audit was about."""
    return {
        "id": "5b1d0000-0000-4000-8000-00000000006f", "displayName": None, "type": kind, "userPrincipalName": None,
        "modifiedProperties": list(changes), **more,
    }  # fmt: skip


def sign_in(code: int = 0, reason: str = "Other.", **more: Any) -> Record:
    """A sign-in (Microsoft Graph `signIn`, beta)."""
    return {
        "id": "5b1d0000-0000-4000-8000-000000000046", "createdDateTime": "2026-03-02T09:00:00Z", "userDisplayName": "Ann",
        "userPrincipalName": WHO, "userId": "5b1d0000-0000-4000-8000-000000000047",
        "appId": "9199bf20-a13f-4107-85dc-02114787ef48", "appDisplayName": "One Outlook Web", "ipAddress": WHERE,
        "clientAppUsed": "Browser", "userAgent": AGENT, "correlationId": "5b1d0000-0000-4000-8000-000000000048",
        "conditionalAccessStatus": "notApplied", "isInteractive": True, "riskState": "none", "riskDetail": "none",
        "riskLevelDuringSignIn": "none", "riskLevelAggregated": "none", "riskEventTypes_v2": [],
        "resourceDisplayName": "Office 365 Exchange Online", "resourceId": "00000002-0000-0ff1-ce00-000000000000",
        "resourceTenantId": ORGANISATION, "homeTenantId": ORGANISATION, "authenticationProtocol": "none",
        "authenticationRequirement": "multiFactorAuthentication", "incomingTokenType": "none",
        "status": {"errorCode": code, "failureReason": reason, "additionalDetails": None},
        "deviceDetail": {"deviceId": "", "displayName": "", "operatingSystem": "Windows10", "browser": "Chrome 129.0",
                         "isCompliant": False, "isManaged": False, "trustType": ""},
        "location": {"city": "Utrecht", "countryOrRegion": "NL"}, "networkLocationDetails": [],
        "authenticationDetails": [{"authenticationMethod": "Password", "succeeded": True}],
        "signInEventTypes": ["interactiveUser"], **more,
    }  # fmt: skip


def risk(event_type: str, **more: Any) -> Record:
    """A risk that Entra found (Microsoft Graph `riskDetection`)."""
    return {
        "id": "6a5874ca0000000000000000000000000000000000000000000000000000beef", "requestId": None, "correlationId": None,
        "riskEventType": event_type, "riskType": event_type, "riskState": "atRisk", "riskLevel": "medium", "riskDetail": "none",
        "source": "IdentityProtection", "detectionTimingType": "offline", "activity": "signin", "tokenIssuerType": "AzureAD",
        "ipAddress": WHERE, "activityDateTime": "2026-03-02T09:00:00Z", "detectedDateTime": "2026-03-02T11:00:00Z",
        "lastUpdatedDateTime": "2026-03-02T11:00:00Z", "userId": "5b1d0000-0000-4000-8000-000000000047",
        "userDisplayName": "Ann", "userPrincipalName": WHO, "additionalInfo": "[]",
        "location": {"city": "Utrecht", "countryOrRegion": "NL"}, **more,
    }  # fmt: skip


def activity(operation: str, **more: Any) -> Record:
    """An operation on Azure's resources as a diagnostic setting exports the activity log."""
    return {
        "time": "2026-03-02T09:00:00.123Z", "operationName": operation, "category": "Administrative",
        "resourceId": "/SUBSCRIPTIONS/5B1D0000-0000-4000-8000-000000000050/RESOURCEGROUPS/R", "resultType": "Success",
        "resultSignature": "Succeeded.", "durationMs": "0", "callerIpAddress": WHERE, "level": "Information",
        "correlationId": "5b1d0000-0000-4000-8000-000000000051",
        "identity": {"claims": {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": WHO}},
        "properties": {"statusCode": "OK", "eventCategory": "Administrative"}, **more,
    }  # fmt: skip


def activity_row(operation: str, provider: str, resource: str, **more: Any) -> Record:
    """The same as Log Analytics has it (table AzureActivity)."""
    return {
        "TimeGenerated": "2026-03-02T09:00:00.123Z", "OperationNameValue": operation, "CategoryValue": "Administrative",
        "ResourceProviderValue": provider, "ActivityStatusValue": "Success", "Caller": WHO, "CallerIpAddress": WHERE,
        "_ResourceId": resource.lower(), "ResourceId": resource, "Type": "AzureActivity", "Level": "Informational", **more,
    }  # fmt: skip


def okta(event_type: str, message: str = "", **more: Any) -> Record:
    """An event of Okta's System Log."""
    return {
        "actor": {"id": "00u1ann0x7", "type": "User", "alternateId": WHO, "displayName": "Ann", "detailEntry": None},
        "client": {"userAgent": {"rawUserAgent": AGENT, "os": "Windows 10", "browser": "CHROME"}, "zone": "null",
                   "device": "Computer", "id": None, "ipAddress": WHERE,
                   "geographicalContext": {"city": "Leipzig", "country": "Germany"}},
        "authenticationContext": {"authenticationProvider": None, "credentialType": None, "externalSessionId": "idxK3s0ann"},
        "displayMessage": message, "eventType": event_type, "outcome": {"result": "SUCCESS", "reason": None},
        "published": "2026-03-02T09:00:00.123Z", "severity": "INFO", "version": "0",
        "securityContext": {"asNumber": 64500, "asOrg": "example", "isp": "example", "domain": "x.example", "isProxy": False},
        "debugContext": {"debugData": {"requestId": "6f1e0001", "requestUri": "/api/v1/x", "url": "/api/v1/x?"}},
        "legacyEventType": "", "transaction": {"type": "WEB", "id": "6f1e0001", "detail": {}},
        "uuid": "44aeb388-08b4-11ef-9cec-000000000001", "target": [], **more,
    }  # fmt: skip


def google(
    application: str, name: str, kind: str = "x", parameters: Record | None = None, **more: Any
) -> Record:
    """An activity of the Admin SDK's Reports API."""
    return {
        "kind": "admin#reports#activity", "etag": '"x/y"',
        "id": {"time": "2026-03-02T09:00:00.123Z", "uniqueQualifier": "-4000000000000000038", "applicationName": application,
               "customerId": "C0abc12de"},
        "actor": {"callerType": "USER", "email": WHO, "profileId": "100200300400500600700"}, "ipAddress": WHERE,
        "events": [{"type": kind, "name": name,
                    "parameters": [{"name": n, "value": v} for n, v in (parameters or {}).items()]}], **more,
    }  # fmt: skip


def google_cloud(
    service: str, name: str, kind: str = "x", parameters: Record | None = None, **more: Any
) -> Record:
    """The same as Google Cloud's audit logs have it, where Workspace shares its logs with it (`LogEntry`)."""
    method = f"google.{service.partition('.')[0]}.AdminService.{name}"
    held = [{"name": n, "type": "TYPE_STRING", "value": v} for n, v in (parameters or {}).items()]
    return {
        "insertId": "1dk4q4vd1abcdefg", "logName": "organizations/1/logs/cloudaudit.googleapis.com%2Factivity",
        "timestamp": "2026-03-02T09:00:00.123Z", "receiveTimestamp": "2026-03-02T09:00:02Z", "severity": "NOTICE",
        "resource": {"type": "audited_resource", "labels": {"service": service, "method": method}},
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": service, "methodName": method,
            "authenticationInfo": {"principalEmail": WHO}, "requestMetadata": {"callerIp": WHERE},
            "resourceName": "organizations/1/x",
            "metadata": {"@type": "type.googleapis.com/ccc_hosted_reporting.ActivityProto",
                         "activityId": {"timeUsec": "1772442000123000", "uniqQualifier": "-4000000000000000038"},
                         "event": [{"eventType": kind, "eventName": name, "parameter": held}]}}, **more,
    }  # fmt: skip
