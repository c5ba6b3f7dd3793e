"""Describe the tables of Entra sign-ins in advanced hunting: `EntraIdSignInEvents` and `EntraIdSpnSignInEvents`.

They were `AADSignInEventsBeta` and `AADSpnSignInEventsBeta` before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seawall.events.consoles.columns import ELSEWHERE, Cell, Row, VendorTable, camel, cell, flag, number
from seawall.events.formats.json_values import read_structure
from seawall.events.microsoft import entra_signin

_RISK_LEVELS = {"0": "none", "1": "none", "10": "low", "50": "medium", "100": "high"}
_RISK_STATES = {
    "0": "none", "1": "confirmedSafe", "2": "remediated", "3": "dismissed", "4": "atRisk", "5": "confirmedCompromised",
}  # fmt: skip
_POLICIES = {"0": "success", "1": "failure", "2": "notApplied"}
_ISSUERS = {"0": "AzureAD", "1": "ADFederationServices"}
_GUEST = {True: "guest", False: "member"}


def _names(names: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that gives the name of a number, any other text unchanged."""
    return lambda text: names.get(text, text)


def _user_type(text: str) -> str | None:
    return _GUEST.get(flag(text))


_COMMON: Mapping[str, Cell] = {
    "timestamp": cell("createdDateTime"),
    "timegenerated": cell("createdDateTime"),
    "requestid": cell("id"),
    "correlationid": cell("correlationId"),
    "application": cell("appDisplayName"),
    "applicationid": cell("appId"),
    "errorcode": cell("status.errorCode", number),
    "resourcedisplayname": cell("resourceDisplayName"),
    "resourceid": cell("resourceId"),
    "resourcetenantid": cell("resourceTenantId"),
    "ipaddress": cell("ipAddress"),
    "country": cell("location.countryOrRegion"),
    "state": cell("location.state"),
    "city": cell("location.city"),
    "latitude": cell("location.geoCoordinates.latitude", number),
    "longitude": cell("location.geoCoordinates.longitude", number),
}
_USER: Mapping[str, Cell] = {
    **_COMMON,
    "logontype": ELSEWHERE,
    "sessionid": cell("sessionId"),
    "uniquetokenid": cell("uniqueTokenIdentifier"),
    "accountdisplayname": cell("userDisplayName"),
    "accountobjectid": cell("userId"),
    "accountupn": cell("userPrincipalName"),
    "alternatesigninname": cell("signInIdentifier"),
    "isguestuser": cell("userType", _user_type),
    "devicename": cell("deviceDetail.displayName"),
    "entraiddeviceid": cell("deviceDetail.deviceId"),
    "aaddeviceid": cell("deviceDetail.deviceId"),
    "osplatform": cell("deviceDetail.operatingSystem"),
    "devicetrusttype": cell("deviceDetail.trustType"),
    "ismanaged": cell("deviceDetail.isManaged", flag),
    "iscompliant": cell("deviceDetail.isCompliant", flag),
    "browser": cell("deviceDetail.browser"),
    "authenticationprocessingdetails": cell("authenticationProcessingDetails", read_structure),
    "authenticationrequirement": cell("authenticationRequirement"),
    "tokenissuertype": cell("tokenIssuerType", _names(_ISSUERS)),
    "risklevelaggregated": cell("riskLevelAggregated", _names(_RISK_LEVELS)),
    "riskstate": cell("riskState", _names(_RISK_STATES)),
    "useragent": cell("userAgent"),
    "clientappused": cell("clientAppUsed"),
    "conditionalaccesspolicies": cell("appliedConditionalAccessPolicies", read_structure),
    "conditionalaccessstatus": cell("conditionalAccessStatus", _names(_POLICIES)),
    "networklocationdetails": cell("networkLocationDetails", read_structure),
    "isthroughglobalsecureaccess": cell("isThroughGlobalSecureAccess", flag),
}
_APPLICATION: Mapping[str, Cell] = {
    **_COMMON,
    "serviceprincipalid": cell("servicePrincipalId"),
    "serviceprincipalname": cell("servicePrincipalName"),
    "ismanagedidentity": ELSEWHERE,
}


def _finish_user(record: Row, said: dict[str, str]) -> None:
    """Complete the kind of the sign-in: `LogonType` is `["nonInteractiveUser"]`, or the same without brackets."""
    found = read_structure(said.get("logontype", ""))
    kinds = found if isinstance(found, list) else [camel(said["logontype"])] if "logontype" in said else []
    kinds = [kind for kind in kinds if isinstance(kind, str)]
    if kinds:
        record["signInEventTypes"] = kinds
        record["isInteractive"] = not any(kind.lower().startswith("noninteractive") for kind in kinds)


def _finish_application(record: Row, said: dict[str, str]) -> None:
    is_managed = flag(said.get("ismanagedidentity", "")) is True
    record["signInEventTypes"] = ["managedIdentity" if is_managed else "servicePrincipal"]


USER_SIGN_INS = VendorTable(
    entra_signin.NAME,
    (
        frozenset({"timestamp", "logontype", "errorcode", "accountupn", "requestid"}),
        frozenset({"timestamp", "applicationid", "errorcode", "accountupn", "requestid"}),
        frozenset({"timestamp", "applicationid", "errorcode", "accountobjectid", "sessionid"}),
    ),
    _USER,
    _finish_user,
)
APPLICATION_SIGN_INS = VendorTable(
    entra_signin.NAME,
    (
        frozenset({"timestamp", "errorcode", "serviceprincipalid", "applicationid"}),
        frozenset({"timestamp", "errorcode", "serviceprincipalid", "requestid"}),
    ),
    _APPLICATION,
    _finish_application,
)
