"""Turn rows of Sentinel's tables of Google Workspace back into activities of Google's Reports API.

Source: Azure/Azure-Sentinel, `Solutions/GoogleWorkspaceReports` (the connector's `expand_data`, the parser
`GWorkspaceActivityReports`, `dcr.json`); Azure Monitor reference, table `GoogleWorkspaceReports`.
"""

from __future__ import annotations

import re
from typing import Any

from seawall.events.formats.json_values import read_structure

_SUFFIX = re.compile(r"_[sgdbt]$")
"""Matches the suffix that Log Analytics adds to custom columns for their type: text, GUID, number, boolean, time."""
_FLAT = {
    "kind": ("kind",), "etag": ("etag",), "ownerDomain": ("ownerDomain",), "ipAddress": ("ipAddress",), "events": ("events",),
    "id_time": ("id", "time"), "id_uniqueQualifier": ("id", "uniqueQualifier"),
    "id_applicationName": ("id", "applicationName"), "id_customerId": ("id", "customerId"),
    "actor_email": ("actor", "email"), "actor_profileId": ("actor", "profileId"), "actor_key": ("actor", "key"),
    "actor_callerType": ("actor", "callerType"),
    "actor_applicationInfo_oauthClientId": ("actor", "applicationInfo", "oauthClientId"),
    "actor_applicationInfo_applicationName": ("actor", "applicationInfo", "applicationName"),
    "actor_applicationInfo_impersonation": ("actor", "applicationInfo", "impersonation"),
    "networkInfo_ipAsn": ("networkInfo", "ipAsn"), "networkInfo_regionCode": ("networkInfo", "regionCode"),
    "networkInfo_subdivisionCode": ("networkInfo", "subdivisionCode"), "resourceDetails": ("resourceDetails",),
    "event_name": ("", "name"), "event_type": ("", "type"),
}  # fmt: skip
"""Path in an activity of each column of `GWorkspace_ReportsAPI_*_CL`; "" is its event. Every other one is a parameter."""
_NAMED = {
    "Kind": ("kind",), "Etag": ("etag",), "OwnerDomain": ("ownerDomain",), "SrcIpAddr": ("ipAddress",),
    "IdTime": ("id", "time"), "IdUniqueQualifier": ("id", "uniqueQualifier"), "EventId": ("id", "uniqueQualifier"),
    "IdApplicationName": ("id", "applicationName"), "IdCustomerId": ("id", "customerId"), "UserAadid": ("id", "customerId"),
    "ActorEmail": ("actor", "email"), "ActorProfileId": ("actor", "profileId"), "ActorKey": ("actor", "key"),
    "ActorCallerType": ("actor", "callerType"),
    "ActorApplicationInfoOauthClientId": ("actor", "applicationInfo", "oauthClientId"),
    "ActorApplicationInfoApplicationName": ("actor", "applicationInfo", "applicationName"),
    "ActorApplicationInfoImpersonation": ("actor", "applicationInfo", "impersonation"),
    "NetworkIpAsn": ("networkInfo", "ipAsn"), "NetworkInfoRegionCode": ("networkInfo", "regionCode"),
    "NetworkInfoSubdivisionCode": ("networkInfo", "subdivisionCode"), "ResourceDetails": ("resourceDetails",),
    "EventName": ("", "name"), "EventMessage": ("", "name"), "EventType": ("", "type"),
}  # fmt: skip
"""The same for `GoogleWorkspaceReports`; where two columns have one place, the earlier one counts."""
_PARAMETERS = {
    "AccountState": "ACCOUNT_STATE", "ActorIsCollaboratorAccount": "actor_is_collaborator_account", "ApiKind": "api_kind",
    "AppName": "app_name", "ApplicationEdition": "APPLICATION_EDITION", "ApplicationName": "APPLICATION_NAME",
    "Billable": "billable", "CalendarId": "calendar_id", "ClientId": "client_id", "ClientType": "client_type",
    "DestinationFolderId": "destination_folder_id", "DestinationFolderTitle": "destination_folder_title", "DocId": "doc_id",
    "DocTitle": "doc_title", "DocType": "doc_type", "DstUserUpn": "USER_EMAIL", "DestUserUpn": "recipient_email",
    "DvcInterfaceGuid": "DEVICE_ID", "DvcModelName": "DEVICE_MODEL", "DvcModelNumber": "OS_VERSION", "DvcType": "DEVICE_TYPE",
    "EventGuest": "event_guest", "EventResponseStatus": "event_response_status", "EventTitle": "event_title",
    "EventUid": "event_id", "GroupDomain": "ORG_UNIT_NAME", "IosVendorId": "IOS_VENDOR_ID", "IsSecondFactor": "is_second_factor",
    "IsSuspicious": "is_suspicious", "LoginChallengeMethod": "login_challenge_method",
    "LoginChallengeStatus": "login_challenge_status", "LoginType": "login_type", "ModuleName": "PRODUCT_NAME",
    "NeqValue": "NEW_VALUE", "Newvalue": "new_value", "OldValue": "OLD_VALUE", "Oldvalue": "old_value",
    "OldVisibility": "old_visibility", "OriginatingAppId": "originating_app_id", "OsProperty": "OS_PROPERTY", "Owner": "owner",
    "OwnerIsSharedDrive": "owner_is_shared_drive", "OwnerIsTeamDrive": "owner_is_team_drive", "PrimaryEvent": "primary_event",
    "ProcessName": "SETTING_NAME", "RegisterPrivelege": "REGISTER_PRIVILEGE", "RoleName": "ROLE_NAME", "Scope": "scope",
    "ScopeData": "scope_data", "SerialNumber": "SERIAL_NUMBER", "SharedDriveId": "shared_drive_id",
    "TargetUserDomain": "target_domain", "TargetUserName": "target_user", "UserAgentOriginal": "user_agent",
    "UserEmail": "USER_EMAIL", "Visibility": "visibility", "VisibilityChange": "visibility_change",
}  # fmt: skip
"""Parameters by their columns in older rows of `GoogleWorkspaceReports`, and in what the parser's function returns."""
_MESSAGE = "_parameter"
"""Ends the column of a message: Log Analytics makes a column of each member of an object."""
_BLANK: tuple[Any, ...] = (None, "", [], {})


def make_flat_activity(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the activity of a row of `GWorkspace_ReportsAPI_*_CL`; None if the row has no event."""
    if "event_name_s" not in row and "events_s" not in row:
        return None
    found: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    parameters: list[dict[str, Any]] = []
    for column, value in row.items():
        if value in _BLANK:
            continue
        name = column[:-2] if _SUFFIX.search(column) else ""
        path = ("ipAddress",) if column == "IPAddress" else _FLAT.get(name)
        if path is not None and _put(found, path, value):
            continue
        if name and path is None:
            parameters.append(_read_parameter(name, value))
        else:
            rest[column] = value
    return _finish(found, parameters, rest)


def make_named_activity(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the activity of a row of `GoogleWorkspaceReports`; None if the row has no event."""
    if "EventName" not in row and "EventMessage" not in row:
        return None
    found: dict[str, Any] = {}
    rest = {column: value for column, value in row.items() if value not in _BLANK}
    for column, path in _NAMED.items():
        if column in rest and _put(found, path, rest[column]):
            del rest[column]
    held = read_structure(rest.get("EventParameters"))
    if isinstance(held, dict | list) and held:
        del rest["EventParameters"]
        return _finish(found, held, rest)
    parameters: dict[str, Any] = {}
    for column, name in _PARAMETERS.items():
        if column in rest and name not in parameters:
            parameters[name] = _read_list(rest.pop(column))
    return _finish(found, parameters, rest)


def _put(found: dict[str, Any], path: tuple[str, ...], value: Any) -> bool:
    """Store a value at its path; return whether the place was free."""
    holder = found
    for step in path[:-1]:
        holder = holder.setdefault(step, {})
    if path[-1] in holder:
        return False
    holder[path[-1]] = value
    return True


def _finish(found: dict[str, Any], parameters: Any, rest: dict[str, Any]) -> dict[str, Any]:
    """Return an activity with its event, the columns of the table and, if the row states no time, that of the table."""
    event = found.pop("", {})
    found.setdefault("id", {}).setdefault("time", rest.get("TimeGenerated"))
    found.setdefault("kind", "admin#reports#activity")
    if "events" not in found:
        found["events"] = [{**event, "parameters": parameters} if parameters else event]
    elif event or parameters:
        rest["event"] = {**event, "parameters": parameters}
    for name, value in rest.items():
        while name in found:
            name += "_"
        found[name] = value
    return found


def _read_parameter(name: str, value: Any) -> dict[str, Any]:
    """Return a parameter as Google writes it: lists and messages are JSON text in a column."""
    held = _read_list(value)
    if not isinstance(held, list):
        return {"name": name, "value": value}
    if name.endswith(_MESSAGE):
        return {"name": name.removesuffix(_MESSAGE), "messageValue": {"parameter": held}}
    return {"name": name, "multiMessageValue" if isinstance(held[0], dict) else "multiValue": held}


def _read_list(value: Any) -> Any:
    """Return the list that is a value's JSON text, else the value."""
    held = read_structure(value) if isinstance(value, str) and value[:1] == "[" else value
    return held if isinstance(held, list) and held else value
