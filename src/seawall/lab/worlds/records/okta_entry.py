"""The structure of Okta's System Log: an entry with actor, client, session, targets and outcome."""

from __future__ import annotations

import functools
from typing import Any

from seawall.lab.worlds.acts import Act
from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.networks import network_of
from seawall.lab.worlds.organisation import LabAccount, Tenant
from seawall.lab.worlds.records.accounts import letters, okta_user, read_seen_address
from seawall.lab.worlds.records.google_activity import milliseconds
from seawall.lab.worlds.seeded_random import SeededRandom

Record = dict[str, Any]
COUNTRIES = {
    "AE": "United Arab Emirates", "AR": "Argentina", "AT": "Austria", "AU": "Australia", "BE": "Belgium", "BR": "Brazil",
    "CA": "Canada", "CH": "Switzerland", "CL": "Chile", "CN": "China", "CO": "Colombia", "CZ": "Czechia", "DE": "Germany",
    "DK": "Denmark", "EG": "Egypt", "ES": "Spain", "FI": "Finland", "FR": "France", "GB": "United Kingdom", "GR": "Greece",
    "HK": "Hong Kong", "HU": "Hungary", "ID": "Indonesia", "IE": "Ireland", "IL": "Israel", "IN": "India", "IR": "Iran",
    "IT": "Italy", "JP": "Japan", "KE": "Kenya", "KR": "South Korea", "LT": "Lithuania", "MD": "Moldova", "MX": "Mexico",
    "MY": "Malaysia", "NG": "Nigeria", "NL": "Netherlands", "NO": "Norway", "NZ": "New Zealand", "PH": "Philippines",
    "PK": "Pakistan", "PL": "Poland", "PT": "Portugal", "RO": "Romania", "RU": "Russia", "SA": "Saudi Arabia",
    "SE": "Sweden", "SG": "Singapore", "TH": "Thailand", "TR": "Turkey", "TW": "Taiwan", "UA": "Ukraine",
    "US": "United States", "VN": "Vietnam", "ZA": "South Africa",
}  # fmt: skip
_SYSTEM_ACTOR: Record = {
    "id": "okta.2b1959c8-bcc0-56eb-a589-cfcfb7422f26",
    "type": "SystemPrincipal",
    "alternateId": "system@okta.com",
    "displayName": "Okta System",
    "detailEntry": None,
}


def external_session(session: str) -> str:
    """Return Okta's external session id of a session."""
    return "idx" + letters(session, 22) if session else "unknown"


def user(who: LabAccount) -> Record:
    """Return a person as actor or target."""
    return {
        "id": okta_user(who),
        "type": "User",
        "alternateId": who.spelling or who.upn,
        "displayName": who.name,
        "detailEntry": None,
    }


def thing(kind: str, uid: str, name: str, **details: Any) -> Record:
    """Return a target that is not a person: an application, policy or token."""
    return {
        "id": uid,
        "type": kind,
        "alternateId": name,
        "displayName": name,
        "detailEntry": details or None,
    }


@functools.lru_cache(maxsize=8192)
def _place(client_address: str) -> tuple[Record | None, Record]:
    network = network_of(client_address)
    if network is None:
        return None, {"asNumber": None, "asOrg": None, "isp": None, "domain": None, "isProxy": None}
    place = {
        "city": None,
        "state": None,
        "country": COUNTRIES.get(network.country, network.country),
        "postalCode": None,
        "geolocation": None,
    }
    owner = network.holder.lower()
    return place, {
        "asNumber": network.asn,
        "asOrg": owner,
        "isp": owner,
        "domain": ".",
        "isProxy": network.kind == "anonymiser",
    }


def browser_of(agent: str) -> str:
    """Return Okta's name for the browser of a user agent."""
    for mark, name in (
        ("Edg/", "CHROMIUM_EDGE"),
        ("Firefox/", "FIREFOX"),
        ("Chrome/", "CHROME"),
        ("Safari/", "SAFARI"),
    ):
        if mark in agent:
            return name
    return "UNKNOWN"


def system_of(agent: str) -> str:
    """Return Okta's name for the operating system of a user agent."""
    for mark, name in (("iPhone", "iOS (iPhone)"), ("Android", "Android"), ("Windows NT 10", "Windows 10"),
                       ("Macintosh", "Mac OS X"), ("Linux", "Linux")):  # fmt: skip
        if mark in agent:
            return name
    return "Unknown"


def entry(
    kind: str,
    says: str,
    act: Act,
    tenant: Tenant,
    dice: SeededRandom,
    *targets: Record,
    week: int = 0,
    outcome: str = "SUCCESS",
    reason: str | None = None,
    time: float | None = None,
    transaction: str = "",
    program: LabClient | None = None,
    by_system: bool = False,
    severity: str = "",
    **debug: str,
) -> Record:
    """Return one entry of the System Log. `debug` is added to the usual content of debugData."""
    client = program or act.client
    client_address = read_seen_address(act.client_address, act.who, dice)
    agent = client.agent(week) if client is not None else ""
    place, security = _place(client_address)
    request = transaction or dice.token(26)
    moment = act.time if time is None else time
    actor = _SYSTEM_ACTOR if by_system else user(act.person)
    shown: Record = {
        "requestId": request,
        "origin": f"https://{tenant.systems.domain}",
        "requestUri": "/idp/idx/challenge/answer" if kind.startswith("user.") else "/api/v1/internal",
        "threatSuspected": "false",
        **debug,
    }
    return {
        "actor": actor,
        "client": {
            "userAgent": {
                "rawUserAgent": agent or None,
                "os": system_of(agent),
                "browser": browser_of(agent),
            },
            "zone": "null",
            "device": "Mobile"
            if "iPhone" in agent or "Android" in agent
            else "Computer"
            if agent
            else "Unknown",
            "id": None,
            "ipAddress": client_address or None,
            "geographicalContext": place,
        },
        "device": None,
        "authenticationContext": {
            "authenticationProvider": None,
            "credentialProvider": None,
            "credentialType": None,
            "issuer": None,
            "interface": None,
            "authenticationStep": 0,
            "externalSessionId": external_session(act.session),
        },
        "displayMessage": says,
        "eventType": kind,
        "outcome": {"result": outcome, "reason": reason},
        "published": milliseconds(moment),
        "securityContext": security,
        "severity": severity or ("WARN" if outcome in ("FAILURE", "DENY") else "INFO"),
        "debugContext": {"debugData": shown},
        "legacyEventType": None,
        "transaction": {"type": "WEB", "id": request, "detail": {}},
        "uuid": dice.guid(),
        "version": "0",
        "request": {
            "ipChain": [
                {
                    "ip": client_address,
                    "geographicalContext": place,
                    "version": "V6" if ":" in client_address else "V4",
                    "source": None,
                }
            ]
            if client_address
            else []
        },
        "target": list(targets) or None,
    }


def identity_of(record: Record) -> str:
    """Return the id of an entry."""
    return str(record["uuid"])
