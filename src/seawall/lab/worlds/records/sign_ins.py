"""Sign-in records: Entra sign-in logs in three export formats, and their twins in the unified audit log."""

from __future__ import annotations

from typing import Any

import msgspec

from seawall.lab.worlds.acts import Act
from seawall.lab.worlds.first_party import APP_NAMES, RESOURCE_NAMES
from seawall.lab.worlds.networks import catalogue
from seawall.lab.worlds.organisation import LabApplication, Tenant
from seawall.lab.worlds.records.text import fraction, seconds
from seawall.lab.worlds.seeded_random import SeededRandom

Record = dict[str, Any]
REASONS = {
    0: "Other.",
    50126: "Error validating credentials due to invalid username or password.",
    50055: "The password is expired.",
    50053: "The account is locked, you've tried to sign in too many times.",
    50140: "This error occurred due to 'Keep me signed in' interrupt when the user was signing-in.",
    50074: "Strong Authentication is required.",
    65001: "The user or administrator has not consented to use the application.",
    70043: "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.",
    500121: "Authentication failed during strong authentication request.",
    50034: "The user account does not exist.",
    50173: "The provided grant has expired due to it being revoked.",
    53003: "Access has been blocked by Conditional Access policies.",
}
_AUDIT_ERRORS = {
    50126: "InvalidUserNameOrPassword",
    50053: "IdsLocked",
    50055: "UserStrongAuthExpired",
    500121: "AuthenticationFailedSasError",
    50074: "UserStrongAuthClientAuthNRequired",
    50140: "KmsiInterrupt",
    65001: "DelegationDoesNotExist",
    50034: "UserAccountNotFound",
    70043: "BadTokenDueToSignInFrequency",
}
_METHODS = {
    "password": [("Password", "Password in the cloud")],
    "certificate": [("X.509 Certificate", "")],
    "mfa": [("Password", "Password in the cloud"), ("Mobile app notification", "")],
    "mfa_claim": [("Previously satisfied", "MFA requirement satisfied by claim in the token")],
}
_COUNTRY_BY_START: dict[str, str] = {}


def country_of(client_address: str) -> str:
    """Return the country that a vendor would state for an address of the catalogue."""
    if not _COUNTRY_BY_START:
        for network in catalogue():
            for base, size in network.v4:
                for block in range(base >> 16, (base + size + 65535) >> 16):
                    _COUNTRY_BY_START.setdefault(f"{block >> 8}.{block & 255}", network.country)
            if network.v6:
                block = network.v6[0] >> 96
                _COUNTRY_BY_START.setdefault(f"{block >> 16:x}:{block & 0xFFFF:x}", network.country)
    separator = ":" if ":" in client_address else "."
    return _COUNTRY_BY_START.get(separator.join(client_address.split(separator)[:2]), "")


def sign_in_record(act: Act, uid: str, tenant: Tenant, dice: SeededRandom, week: int) -> Record:
    """Return the sign-in as in Microsoft Graph."""
    if isinstance(act.who, LabApplication):
        return _application_record(act, act.who, uid, tenant, dice)
    who, client = act.person, act.program
    error, method = act.details["error"], act.details["method"]
    interactive = act.details["interactive"]
    device = {
        "deviceId": client.device,
        "displayName": "",
        "operatingSystem": client.system,
        "browser": client.browser(week) if client.browser else "Rich Client 4.56",
        "isCompliant": bool(client.device),
        "isManaged": bool(client.device),
        "trustType": "Azure AD joined" if client.device else "",
    }
    steps = _METHODS.get(method, _METHODS["password"])
    record: Record = {
        "id": uid,
        "createdDateTime": fraction(act.time)[:-1] + "Z",
        "userDisplayName": who.name,
        "userPrincipalName": who.upn,
        "userId": who.object_id,
        "appId": client.app,
        "appDisplayName": client.name or APP_NAMES.get(client.app, "automation"),
        "ipAddress": act.client_address,
        "clientAppUsed": client.used,
        "correlationId": dice.guid(),
        "conditionalAccessStatus": "failure"
        if error == 53003
        else ("success" if who.uses_mfa else "notApplied"),
        "isInteractive": interactive,
        "riskDetail": "none",
        "riskLevelAggregated": "none",
        "riskLevelDuringSignIn": "none",
        "riskState": "none",
        "riskEventTypes": [],
        "resourceDisplayName": RESOURCE_NAMES.get(client.resource, "Microsoft Graph"),
        "resourceId": client.resource,
        "resourceTenantId": tenant.id,
        "homeTenantId": tenant.id,
        "userType": "member",
        "crossTenantAccessType": "none",
        "authenticationRequirement": "multiFactorAuthentication"
        if method.startswith("mfa")
        else "singleFactorAuthentication",
        "authenticationProtocol": act.details["protocol"],
        "incomingTokenType": "none" if interactive else "refreshToken",
        "signInEventTypes": ["interactiveUser" if interactive else "nonInteractiveUser"],
        "tokenIssuerType": "AzureAD",
        "userAgent": client.agent(week),
        "status": {
            "errorCode": error,
            "failureReason": REASONS.get(error, "Other."),
            "additionalDetails": "MFA requirement satisfied by claim in the token"
            if method == "mfa_claim"
            else None,
        },
        "deviceDetail": device,
        "location": {
            "city": "",
            "state": "",
            "countryOrRegion": country_of(act.client_address),
            "geoCoordinates": {},
        },
        "authenticationDetails": [
            {
                "authenticationStepDateTime": seconds(act.time) + "Z",
                "authenticationMethod": name,
                "authenticationMethodDetail": detail or None,
                "succeeded": not error,
                "authenticationStepResultDetail": "MFA successfully completed"
                if not error
                else REASONS.get(error, ""),
            }
            for name, detail in steps
        ],
    }
    if tenant.style.identifiers != "absent":
        record["sessionId"] = act.session
        record["uniqueTokenIdentifier"] = act.token
    return record


def _application_record(
    act: Act, app: LabApplication, uid: str, tenant: Tenant, dice: SeededRandom
) -> Record:
    record: Record = {
        "id": uid,
        "createdDateTime": fraction(act.time),
        "userPrincipalName": None,
        "userId": "00000000-0000-0000-0000-000000000000",
        "appId": app.app,
        "appDisplayName": app.name,
        "servicePrincipalId": app.object_id,
        "servicePrincipalName": app.name,
        "servicePrincipalCredentialKeyId": act.details["key"],
        "clientCredentialType": "clientSecret",
        "ipAddress": act.client_address,
        "correlationId": dice.guid(),
        "conditionalAccessStatus": "notApplied",
        "isInteractive": False,
        "resourceDisplayName": "Microsoft Graph",
        "resourceId": "00000003-0000-0000-c000-000000000000",
        "resourceTenantId": tenant.id,
        "signInEventTypes": ["servicePrincipal"],
        "status": {"errorCode": 0, "failureReason": "Other."},
        "userAgent": app.agent,
        "location": {
            "city": "",
            "state": "",
            "countryOrRegion": country_of(act.client_address),
            "geoCoordinates": {},
        },
    }
    if tenant.style.identifiers != "absent":
        record["uniqueTokenIdentifier"] = act.token
    return record


def category_of(record: Record) -> str:
    """Return the Log Analytics category of a sign-in in Graph's format."""
    kind = record["signInEventTypes"][0]
    return {"interactiveUser": "SignInLogs", "nonInteractiveUser": "NonInteractiveUserSignInLogs"}.get(
        kind, "ServicePrincipalSignInLogs"
    )


def diagnostic(record: Record, tenant: Tenant) -> Record:
    """Return a sign-in in Graph's format as a diagnostic-settings record."""
    error = record["status"]["errorCode"]
    return {
        "time": record["createdDateTime"],
        "resourceId": f"/tenants/{tenant.id}/providers/Microsoft.aadiam",
        "operationName": "Sign-in activity",
        "operationVersion": "1.0",
        "category": category_of(record),
        "tenantId": tenant.id,
        "resultType": str(error),
        "resultSignature": "None" if not error else "FAILURE",
        "durationMs": 0,
        "callerIpAddress": record["ipAddress"],
        "correlationId": record["correlationId"],
        "Level": 4,
        "properties": record,
    }


_RENAMED = {
    "ipAddress": "IPAddress",
    "userPrincipalName": "UserPrincipalName",
    "resourceId": "ResourceIdentity",
    "appDisplayName": "AppDisplayName",
    "uniqueTokenIdentifier": "UniqueTokenIdentifier",
}


def log_analytics(record: Record, tenant: Tenant) -> Record:
    """Return a sign-in in Graph's format as a Log Analytics row: Pascal case, nested values as text."""
    category = category_of(record)
    row: Record = {
        "TenantId": tenant.id,
        "AADTenantId": tenant.id,
        "SourceSystem": "Azure AD",
        "TimeGenerated": record["createdDateTime"],
        "OperationName": "Sign-in activity",
        "Category": category,
        "ResultType": str(record["status"]["errorCode"]),
        "ResultDescription": "" if not record["status"]["errorCode"] else record["status"]["failureReason"],
        "Location": record["location"]["countryOrRegion"],
        "Type": {
            "SignInLogs": "SigninLogs",
            "NonInteractiveUserSignInLogs": "AADNonInteractiveUserSignInLogs",
        }.get(category, "AADServicePrincipalSignInLogs"),
    }
    for name, value in record.items():
        if name == "location":
            continue
        key = _RENAMED.get(name, name[0].upper() + name[1:])
        row[key] = msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value
    row["LocationDetails"] = msgspec.json.encode(record["location"]).decode()
    return row


def audit_sign_in(act: Act, uid: str, tenant: Tenant, dice: SeededRandom, week: int) -> Record:
    """Return the sign-in's twin in the unified audit log: UserLoggedIn or UserLoginFailed, with the same id."""
    who, client = act.person, act.program
    error = act.details["error"]
    device = [
        {"Name": "OS", "Value": client.system},
        {"Name": "BrowserType", "Value": client.browser(week).split()[0] if client.browser else "Other"},
        {"Name": "IsCompliantAndManaged", "Value": str(bool(client.device))},
    ]
    if client.device:
        device.insert(0, {"Name": "Id", "Value": client.device})
    if tenant.style.identifiers != "absent":
        device.append({"Name": "SessionId", "Value": act.session})
    record: Record = {
        "CreationTime": seconds(act.time),
        "Id": uid,
        "Operation": "UserLoginFailed" if error else "UserLoggedIn",
        "OrganizationId": tenant.id,
        "RecordType": 15,
        "ResultStatus": "Success",
        "UserKey": who.object_id,
        "UserType": 0,
        "Version": 1,
        "Workload": "AzureActiveDirectory",
        "ClientIP": act.client_address,
        "ObjectId": client.resource if not error else "Unknown",
        "UserId": who.upn,
        "AzureActiveDirectoryEventType": 1,
        "ExtendedProperties": [
            {"Name": "ResultStatusDetail", "Value": "Success"},
            {"Name": "UserAgent", "Value": client.agent(week)},
            {"Name": "RequestType", "Value": _request_type(act)},
        ],
        "ModifiedProperties": [],
        "Actor": [{"ID": who.object_id, "Type": 0}, {"ID": who.upn, "Type": 5}],
        "ActorContextId": tenant.id,
        "ActorIpAddress": act.client_address,
        "InterSystemsId": dice.guid(),
        "IntraSystemId": uid,
        "SupportTicketId": "",
        "Target": [{"ID": client.resource, "Type": 0}],
        "TargetContextId": tenant.id,
        "ApplicationId": client.app,
        "DeviceProperties": device,
        "ErrorNumber": str(error),
    }
    if error:
        record["LogonError"] = _AUDIT_ERRORS.get(error, "UserNotBoundError")
    return record


def _request_type(act: Act) -> str:
    protocol = act.details["protocol"]
    if protocol == "deviceCode":
        return "Cmsi:Cmsi"
    if not act.details["interactive"]:
        return "OAuth2:Token"
    return {"ropc": "OAuth2:Token"}.get(protocol, "OAuth2:Authorize")
