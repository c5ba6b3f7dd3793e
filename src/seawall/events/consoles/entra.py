"""Describe the tables of sign-ins and of directory audits that the Entra admin centre exports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seawall.events.consoles.columns import (
    ELSEWHERE,
    Cell,
    Row,
    VendorTable,
    camel,
    cell,
    flag,
    number,
    plain_name,
    put,
)
from seawall.events.microsoft import entra_audit, entra_signin

_REQUIREMENTS = {
    "multifactor authentication": "multiFactorAuthentication",
    "single-factor authentication": "singleFactorAuthentication",
}
_SUCCEEDED = ("success", "opération réussie")
_NONE = ("none", "aucun", "aucune", "ninguno", "ninguna")
_BY_CLAIM = "Previously satisfied"
"""Authentication method of a step in Graph that an earlier token satisfied."""


def _requirement(text: str) -> str:
    return _REQUIREMENTS.get(text.lower(), text)


def _issuer(text: str) -> str:
    return "AzureAD" if text.lower() == "azure ad" else text


def _place(text: str) -> dict[str, str] | None:
    """Return city, state and country of a text such as `Utrecht, Utrecht, NL`."""
    parts = [part.strip() for part in text.split(",")]
    names = ("city", "state", "countryOrRegion")[-min(len(parts), 3) :]
    values = [", ".join(parts[:-2]), *parts[-2:]] if len(parts) > 3 else parts
    if len(names) == 2:
        names = ("city", "countryOrRegion")
    return {name: value for name, value in zip(names, values, strict=True) if value} or None


def _is_none(text: str) -> bool:
    return text.lower() in _NONE


def _code(text: str) -> Any:
    return None if _is_none(text) else number(text)


def _drop_none(text: str) -> str | None:
    return None if _is_none(text) else text


_SIGN_IN: Mapping[str, Cell] = {
    "dateutc": cell("createdDateTime"),
    "requestid": cell("id"),
    "useragent": cell("userAgent"),
    "correlationid": cell("correlationId"),
    "userid": cell("userId"),
    "user": cell("userDisplayName"),
    "username": cell("userPrincipalName"),
    "usertype": cell("userType", camel),
    "crosstenantaccesstype": cell("crossTenantAccessType", camel),
    "incomingtokentype": cell("incomingTokenType", camel),
    "incomingtokentype2": cell("incomingTokenType", camel),
    "authenticationprotocol": cell("authenticationProtocol", camel),
    "uniquetokenidentifier": cell("uniqueTokenIdentifier"),
    "originaltransfermethod": cell("originalTransferMethod", camel),
    "clientcredentialtype": cell("clientCredentialType", camel),
    "tokenprotectionsigninsession": cell("tokenProtectionStatusDetails.signInSessionStatus", camel),
    "tokenprotectionsigninsessionstatuscode": cell(
        "tokenProtectionStatusDetails.signInSessionStatusCode", _code
    ),
    "application": cell("appDisplayName"),
    "applicationid": cell("appId"),
    "appownertenantid": cell("appOwnerTenantId"),
    "resource": cell("resourceDisplayName"),
    "resourceid": cell("resourceId"),
    "resourcetenantid": cell("resourceTenantId"),
    "resourceownertenantid": cell("resourceOwnerTenantId"),
    "hometenantid": cell("homeTenantId"),
    "hometenantname": cell("homeTenantName"),
    "ipaddress": cell("ipAddress"),
    "location": cell("location", _place),
    "status": ELSEWHERE,
    "signinerrorcode": cell("status.errorCode", _code),
    "failurereason": cell("status.failureReason", _drop_none),
    "clientapp": cell("clientAppUsed"),
    "deviceid": cell("deviceDetail.deviceId"),
    "browser": cell("deviceDetail.browser"),
    "operatingsystem": cell("deviceDetail.operatingSystem"),
    "compliant": cell("deviceDetail.isCompliant", flag),
    "managed": cell("deviceDetail.isManaged", flag),
    "jointype": cell("deviceDetail.trustType"),
    "multifactorauthenticationresult": cell("status.additionalDetails", _drop_none),
    "multifactorauthenticationauthmethod": cell("mfaDetail.authMethod", _drop_none),
    "multifactorauthenticationauthdetail": cell("mfaDetail.authDetail", _drop_none),
    "authenticationrequirement": cell("authenticationRequirement", _requirement),
    "signinidentifier": cell("signInIdentifier"),
    "sessionid": cell("sessionId"),
    "ipaddressseenbyresource": cell("ipAddressFromResourceProvider"),
    "throughglobalsecureaccess": cell("isThroughGlobalSecureAccess", flag),
    "globalsecureaccessipaddress": cell("globalSecureAccessIpAddress"),
    "autonomoussystemnumber": cell("autonomousSystemNumber", _code),
    "flaggedforreview": cell("flaggedForReview", flag),
    "tokenissuertype": cell("tokenIssuerType", _issuer),
    "tokenissuername": cell("tokenIssuerName"),
    "latency": cell("processingTimeInMilliseconds", _code),
    "conditionalaccess": cell("conditionalAccessStatus", camel),
    "managedidentitytype": cell("managedServiceIdentity.msiType", camel),
    "associatedresourceid": cell("managedServiceIdentity.associatedResourceId"),
    "federatedtokenid": cell("managedServiceIdentity.federatedTokenId"),
    "federatedtokenissuer": cell("managedServiceIdentity.federatedTokenIssuer"),
    "serviceprincipalid": cell("servicePrincipalId"),
    "serviceprincipalname": cell("servicePrincipalName"),
    "credentialkeyid": cell("servicePrincipalCredentialKeyId"),
    "credentialthumbprint": cell("servicePrincipalCredentialThumbprint"),
}


def _finish_sign_in(record: Row, said: dict[str, str]) -> None:
    """Complete the result, the step of the second factor, and the kind of the sign-in."""
    outcome = said.get("status", "").lower()
    is_success = outcome in _SUCCEEDED
    if is_success or said.get("signinerrorcode") == "0":
        put(record, ("status", "errorCode"), 0)
    elif outcome == "failure":
        put(record, ("status", "errorCode"), outcome)
    status, factor = record.get("status", {}), record.get("mfaDetail", {})
    result, method = status.get("additionalDetails"), factor.get("authMethod")
    if result or method:
        step = {"authenticationMethod": method or _name_step(result)}
        if is_success:
            step["succeeded"] = True
        if result:
            step["authenticationStepResultDetail"] = result
        record["authenticationDetails"] = [step]
    if "servicePrincipalId" in record and "userPrincipalName" not in record:
        is_managed = "managedServiceIdentity" in record
        record["signInEventTypes"] = ["managedIdentity" if is_managed else "servicePrincipal"]


def _name_step(result: str) -> str | None:
    return _BY_CLAIM if "claim" in result.lower() else None


SIGN_INS = VendorTable(
    entra_signin.NAME,
    (
        frozenset({"dateutc", "requestid", "applicationid"}),
        frozenset({"dateutc", "requestid", "username"}),
        frozenset({"dateutc", "requestid", "serviceprincipalid"}),
        frozenset({"dateutc", "username", "ipaddress", "status"}),
    ),
    _SIGN_IN,
    _finish_sign_in,
)

_USER = {
    "DisplayName": "displayName",
    "ObjectId": "id",
    "UserPrincipalName": "userPrincipalName",
    "HomeTenantId": "homeTenantId",
    "HomeTenantName": "homeTenantName",
}
_APP = {"ServicePrincipalId": "servicePrincipalId", "ServicePrincipalName": "servicePrincipalName"}
_TARGET = {
    "Type": "type",
    "DisplayName": "displayName",
    "ObjectId": "id",
    "UserPrincipalName": "userPrincipalName",
}
_CHANGE = {"Name": "displayName", "OldValue": "oldValue", "NewValue": "newValue"}
_DETAIL = {"Key": "key", "Value": "value"}
_TARGETS = tuple(f"Target{number}" for number in range(1, 4))
_CHANGES = tuple(f"ModifiedProperty{number}" for number in range(1, 6))
_DETAILS = tuple(f"AdditionalDetail{number}" for number in range(1, 7))
"""Parts of the names of columns: three targets with five changes each, and six details."""

_AUDIT: Mapping[str, Cell] = {
    "dateutc": cell("activityDateTime"),
    "correlationid": cell("correlationId"),
    "service": cell("loggedByService"),
    "category": cell("category"),
    "activity": cell("activityDisplayName"),
    "result": cell("result", str.lower),
    "resultreason": cell("resultReason"),
    "useragent": cell("userAgent"),
    **{
        plain_name(name): ELSEWHERE
        for name in (
            "ActorType",
            "IPAddress",
            *(f"Actor{part}" for part in (*_USER, *_APP)),
            *(f"{target}{part}" for target in _TARGETS for part in _TARGET),
            *(f"{target}{change}{part}" for target in _TARGETS for change in _CHANGES for part in _CHANGE),
            *(f"{detail}{part}" for detail in _DETAILS for part in _DETAIL),
        )
    },
}


def _take(said: dict[str, str], prefix: str, names: Mapping[str, str]) -> dict[str, str]:
    """Return the cells of the columns with a prefix, by the names of the vendor's fields."""
    texts = ((field, said.get(plain_name(prefix + name))) for name, field in names.items())
    return {field: text for field, text in texts if text}


def _finish_audit(record: Row, said: dict[str, str]) -> None:
    """Complete actor, targets and details."""
    record |= _find_actor(said)
    targets = [target for prefix in _TARGETS if (target := _find_target(said, prefix))]
    details = [detail for prefix in _DETAILS if (detail := _take(said, prefix, _DETAIL))]
    record |= {"targetResources": targets} if targets else {}
    record |= {"additionalDetails": details} if details else {}


def _find_actor(said: dict[str, str]) -> Row:
    user, app = _take(said, "Actor", _USER), _take(said, "Actor", _APP)
    address = _take(said, "", {"IPAddress": "ipAddress"})
    is_app = said.get("actortype", "").lower().startswith("app") or "userPrincipalName" not in user
    if app and is_app:
        named = app.get("servicePrincipalName") or user.get("displayName")
        return {"initiatedBy": {"app": app | ({"displayName": named} if named else {})}, **address}
    if said.get("actortype", "").lower().startswith("app"):
        return {"initiatedBy": {"app": {"displayName": user.get("displayName")}}, **address}
    return {"initiatedBy": {"user": user | address}} if user or address else {}


def _find_target(said: dict[str, str], prefix: str) -> Row:
    target: Row = dict(_take(said, prefix, _TARGET))
    changes = [change for part in _CHANGES if (change := _take(said, prefix + part, _CHANGE))]
    return target | ({"modifiedProperties": changes} if changes else {})


AUDITS = VendorTable(
    entra_audit.NAME, (frozenset({"dateutc", "activity", "service", "category"}),), _AUDIT, _finish_audit
)
