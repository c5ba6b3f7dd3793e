"""Read rows of the table `OktaV2_CL` of Sentinel, whose columns are named as in Microsoft's schema for all vendors."""

from __future__ import annotations

from typing import Any

from seawall.events.formats.field_capitals import Names

COLUMNS: dict[str, Names] = {
    "EventOriginalUid": ("uuid",),
    "TimeGenerated": ("published",),
    "EventOriginalType": ("eventType",),
    "LegacyEventType": ("legacyEventType",),
    "EventMessage": ("displayMessage",),
    "OriginalSeverity": ("severity",),
    "Version": ("version",),
    "OriginalUserId": ("actor", "id"),
    "OriginalUserType": ("actor", "type"),
    "OriginalActorAlternateId": ("actor", "alternateId"),
    "ActorDisplayName": ("actor", "displayName"),
    "ActorDetailEntry": ("actor", "detailEntry"),
    "AuthenticationContextAuthenticationProvider": ("authenticationContext", "authenticationProvider"),
    "AuthenticationContextAuthenticationStep": ("authenticationContext", "authenticationStep"),
    "AuthenticationContextCredentialProvider": ("authenticationContext", "credentialProvider"),
    "AuthenticationContextInterface": ("authenticationContext", "interface"),
    "AuthenticationContextIssuerId": ("authenticationContext", "issuer", "id"),
    "AuthenticationContextIssuerType": ("authenticationContext", "issuer", "type"),
    "LogonMethod": ("authenticationContext", "credentialType"),
    "ActorSessionId": ("authenticationContext", "externalSessionId"),
    "OriginalClientDevice": ("client", "device"),
    "SrcDvcId": ("client", "id"),
    "SrcIpAddr": ("client", "ipAddress"),
    "SrcZone": ("client", "zone"),
    "ActingAppName": ("client", "userAgent", "browser"),
    "SrcDvcOs": ("client", "userAgent", "os"),
    "HttpUserAgent": ("client", "userAgent", "rawUserAgent"),
    "SrcGeoCity": ("client", "geographicalContext", "city"),
    "SrcGeoRegion": ("client", "geographicalContext", "state"),
    "SrcGeoCountry": ("client", "geographicalContext", "country"),
    "SrcGeoPostalCode": ("client", "geographicalContext", "postalCode"),
    "SrcGeoLatitude": ("client", "geographicalContext", "geolocation", "lat"),
    "SrcGeoLongtitude": ("client", "geographicalContext", "geolocation", "lon"),
    "OriginalOutcomeResult": ("outcome", "result"),
    "EventOriginalResultDetails": ("outcome", "reason"),
    "SecurityContextAsNumber": ("securityContext", "asNumber"),
    "SecurityContextAsOrg": ("securityContext", "asOrg"),
    "SecurityContextDomain": ("securityContext", "domain"),
    "SecurityContextIsProxy": ("securityContext", "isProxy"),
    "SrcIsp": ("securityContext", "isp"),
    "DebugData": ("debugContext", "debugData"),
    "Request": ("request",),
    "OriginalTarget": ("target",),
    "TransactionId": ("transaction", "id"),
    "TransactionType": ("transaction", "type"),
    "TransactionDetail": ("transaction", "detail"),
}
"""Path of each column in a record of Okta. `SrcGeoLongtitude` is spelled as the table spells it."""

_COPIES: dict[str, Names] = {"ActorUserId": ("actor", "id"), "ActorUsername": ("actor", "alternateId")}
"""Columns with the value of another one, or none: they count where a query left the other one out."""

_OWN = frozenset({"OriginalActorAlternateId", "OriginalUserId", "OriginalOutcomeResult", "OriginalTarget"})
"""Columns that Microsoft's schema does not have: the connector for Okta adds them."""


def is_normalised_row(row: dict[str, Any]) -> bool:
    """Return whether an object is a row of the table."""
    return "EventOriginalType" in row and not _OWN.isdisjoint(row)


def find_places(names: Names) -> tuple[tuple[str, Names], ...]:
    """Return the path in a record of each column, copies last; a column that a record has no place for keeps its name."""
    places = [(name, COLUMNS.get(name, (name,))) for name in names if name not in _COPIES]
    return (*places, *((name, path) for name, path in _COPIES.items() if name in names))
