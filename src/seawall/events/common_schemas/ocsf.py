"""Turn events of the Open Cybersecurity Schema Framework back into records of Okta, Entra and Microsoft 365.

Sources: ocsf/examples, `mappings/markdown/Okta/v1.3.0/System Logs`, `Okta/1.1.0/okta-logs`, `Microsoft/Azure/1.1.0/azure-signin`,
`Microsoft/office365/1.1.0/o365-audit-logs`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall.events.common_schemas.fields import Table, fill, find

_AUTHENTICATION, _GROUPS, _ACCOUNTS = "3002", "3006", "3001"
_TIME = "metadata.original_time time_dt time"
_USER = ("actor.user", "user")

_OKTA: Table = (
    ("uuid", "metadata.uid logon_process.uid"),
    ("published", _TIME),
    ("eventType", "metadata.event_code"),
    ("displayMessage", "message"),
    ("version", "metadata.product.version"),
    ("actor.id", "actor.user.uid user.uid"),
    ("actor.type", "actor.user.type user.type"),
    ("actor.alternateId", "actor.user.email_addr user.email_addr"),
    ("actor.displayName", "actor.user.name user.name"),
    ("client.ipAddress", "src_endpoint.ip device.ip"),
    ("client.device", "src_endpoint.type device.type"),
    ("client.userAgent.rawUserAgent", "http_request.user_agent"),
    ("client.geographicalContext.city", "src_endpoint.location.city device.location.city"),
    ("client.geographicalContext.country", "src_endpoint.location.country device.location.country"),
    ("client.geographicalContext.state", "src_endpoint.location.region"),
    ("outcome.reason", "status_detail"),
    ("authenticationContext.externalSessionId", "actor.session.uid session.uid"),
    ("securityContext.domain", "src_endpoint.domain device.domain"),
    ("device.id", "device.uid"),
    ("device.name", "device.name"),
)
_SIGN_IN: Table = (
    ("category", "metadata.event_code"),
    ("time", _TIME),
    ("AADTenantId", "cloud.account.uid user.org.uid"),
    ("callerIpAddress", "src_endpoint.ip"),
    ("resultType", "status_code"),
    ("resultDescription", "status_detail"),
    ("operationVersion", "api.version"),
    ("properties.id", "metadata.uid"),
    ("properties.originalRequestId", "http_request.uid"),
    ("properties.createdDateTime", "logon_process.created_time_dt"),
    ("properties.userPrincipalName", "user.email_addr actor.user.email_addr"),
    ("properties.userDisplayName", "user.name actor.user.name"),
    ("properties.userId", "user.uid actor.user.uid"),
    ("properties.servicePrincipalCredentialKeyId", "user.credential_uid"),
    ("properties.appId", "service.uid app.uid"),
    ("properties.appDisplayName", "service.name app.name dst_endpoint.svc_name"),
    ("properties.ipAddress", "src_endpoint.ip"),
    ("properties.userAgent", "http_request.user_agent"),
    ("properties.sessionId", "session.uid actor.session.uid"),
    ("properties.deviceDetail.deviceId", "device.uid"),
    ("properties.deviceDetail.displayName", "device.name"),
    ("properties.deviceDetail.operatingSystem", "device.os.name"),
    ("properties.deviceDetail.isManaged", "device.is_managed"),
    ("properties.location.city", "src_endpoint.location.city"),
    ("properties.location.countryOrRegion", "src_endpoint.location.country"),
    ("properties.status.errorCode", "status_code"),
    ("properties.status.failureReason", "status_detail"),
)
_AUDIT: Table = (
    ("Id", "metadata.uid"),
    ("CreationTime", _TIME),
    ("Workload", "cloud.provider"),
    ("OrganizationId", "user.org.uid actor.user.org.uid cloud.org.uid cloud.account.uid metadata.tenant_uid"),
    ("UserId", "actor.user.email_addr user.email_addr actor.user.name user.uid actor.user.uid user.name"),
    ("UserKey", "user.credential_uid actor.user.credential_uid"),
    ("ClientIP", "src_endpoint.ip"),
    ("ResultStatus", "status"),
    ("ApplicationId", "service.uid app.uid"),
    ("DeviceProperties.Id", "device.uid"),
    ("DeviceProperties.OS", "device.os.name"),
    ("DeviceProperties.SessionId", "actor.process.session.uid session.uid actor.session.uid"),
    ("ExtendedProperties.UserAgent", "http_request.user_agent"),
    ("ExtendedProperties.ResultStatusDetail", "status_detail"),
)
_RESULTS = {"success": "SUCCESS", "failure": "FAILURE"}
_USER_TYPES = {"User": "0", "Admin": "2", "System": "4"}
_OPERATIONS = "api.operation metadata.event_code activity_name"


def make_vendor_record(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the vendor's record of an event of a known product; None for any other."""
    product = find(event, "metadata.product")
    if not isinstance(product, dict):
        return None
    name = " ".join(str(product.get(part) or "") for part in ("vendor_name", "name")).lower()
    make = next((make for words, make in _PRODUCTS if any(word in name for word in words)), None)
    return None if make is None else make(event)


def _class(event: dict[str, Any]) -> str:
    return str(event.get("class_uid"))


def _rest(event: dict[str, Any]) -> dict[str, Any]:
    rest = event.get("unmapped")
    return dict(rest) if isinstance(rest, dict) else {}


def _make_okta_record(event: dict[str, Any]) -> dict[str, Any] | None:
    evidences = event.get("evidences")
    if "src_endpoint" not in event and isinstance(evidences, list) and evidences:
        event = {**event, "src_endpoint": _object(evidences[0]).get("src_endpoint")}
    found = fill(_rest(event), event, _OKTA)
    if not isinstance(found.get("eventType"), str):
        return None
    status = event.get("status")
    result = _RESULTS.get(status.lower(), status) if isinstance(status, str) else None
    found["outcome"] = {"result": result, **_object(found.get("outcome"))}
    targets = _list_targets(event)
    if "target" not in found and targets:
        found["target"] = targets
    return found


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list_targets(event: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the user and the group that an event changed."""
    found = []
    user, group = event.get("user"), event.get("group")
    if _class(event) in (_GROUPS, _ACCOUNTS) and isinstance(user, dict):
        name, address = user.get("name"), user.get("email_addr")
        found.append({"id": user.get("uid"), "type": "User", "alternateId": address, "displayName": name})
    if isinstance(group, dict):
        found.append({"id": group.get("uid"), "type": "UserGroup", "displayName": group.get("name")})
    return found


def _make_sign_in(event: dict[str, Any]) -> dict[str, Any] | None:
    if _class(event) != _AUTHENTICATION:
        return None
    rest = _rest(event)
    found = fill({**rest, "properties": {**_object(rest.get("properties"))}}, event, _SIGN_IN)
    if "signin" not in str(found.get("category")).lower():
        found["category"] = "SignInLogs"
    properties = found["properties"]
    if not properties.get("userPrincipalName") and "@" in str(properties.get("userDisplayName")):
        found["properties"] = {**properties, "userPrincipalName": properties["userDisplayName"]}
    if event.get("is_mfa") is True:
        found["properties"] = {
            **found["properties"],
            "authenticationRequirement": "multiFactorAuthentication",
        }
    status = str(event.get("status")).lower()
    if found.get("resultType") is None and status in _RESULTS:
        found["resultType"] = status
    return found


def _make_audit_record(event: dict[str, Any]) -> dict[str, Any] | None:
    found = fill(_rest(event), event, _AUDIT)
    operation = next(
        (text for path in _OPERATIONS.split() if isinstance(text := find(event, path), str)), None
    )
    if _class(event) == _AUTHENTICATION:
        operation = "UserLoggedIn" if event.get("status") == "Success" else "UserLoginFailed"
        found.setdefault("RecordType", "15")
    found.setdefault("Operation", operation)
    kinds = (find(event, f"{path}.type") for path in _USER)
    found.setdefault("UserType", next((_USER_TYPES[kind] for kind in kinds if kind in _USER_TYPES), None))
    return found


_PRODUCTS: tuple[tuple[tuple[str, ...], Callable[[dict[str, Any]], dict[str, Any] | None]], ...] = (
    (("okta",), _make_okta_record),
    (("entra", "azure"), _make_sign_in),
    (("365", "office"), _make_audit_record),
)
"""Words in the names of vendors and products, and what makes the record."""
