"""Read what Microsoft's alerts name: accounts, client addresses, sessions and applications.

Sentinel and advanced hunting list entities (`Type`, `Name`, `UPNSuffix` …); Graph lists evidence with an `@odata.type`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from seawall.events.formats.json_values import as_text
from seawall.events.microsoft.m365_meanings import clean
from seawall.events.vendor_alerts import AlertedPerson, name_person

MOST_ENTITIES = 1_000
"""Entities of one alert that are looked at."""

Application = tuple[str | None, str | None, str | None]
"""Application id, object id of its service principal, and name."""


@dataclass(slots=True)
class AlertEvidence:
    """Hold the accounts, addresses and applications that an alert names, and the session, country and tenant, if one alone."""

    people: list[AlertedPerson] = field(default_factory=list)
    addresses: list[str | None] = field(default_factory=list)
    applications: list[Application] = field(default_factory=list)
    session: str | None = None
    agent: str | None = None
    country: str | None = None
    tenant: str | None = None
    application_name: str | None = None

    def add_person(self, person: AlertedPerson | None) -> None:
        """Add a person, if one is named."""
        if person is not None:
            self.people.append(person)


def read_entities(entities: Iterable[dict[str, Any]]) -> AlertEvidence:
    """Return what the entities of Sentinel or of advanced hunting name."""
    found = AlertEvidence()
    for number, entity in enumerate(entities):
        if number >= MOST_ENTITIES:
            break
        named = _lower(entity)
        kind = (as_text(named.get("type")) or "").lower().replace(" ", "").replace("_", "")
        if kind in ("account", "user", "mailbox"):
            _add_account(found, named)
        elif kind == "ip":
            found.addresses.append(as_text(named.get("address")))
            location = named.get("location")
            if isinstance(location, dict):
                found.country = found.country or _country(_lower(location).get("countrycode"))
        elif kind in ("cloud-application", "cloudapplication"):
            found.application_name = found.application_name or clean(as_text(named.get("name")))
        elif kind in ("cloud-logon-session", "cloudlogonsession"):
            found.session = found.session or clean(as_text(named.get("sessionid")))
            found.agent = found.agent or clean(as_text(named.get("useragent")))
        elif kind in ("oauth-application", "oauthapplication"):
            name = clean(as_text(named.get("name")))
            found.applications.append((as_text(named.get("oauthappid")), None, name))
    return found


def _add_account(found: AlertEvidence, named: dict[str, Any]) -> None:
    name, suffix = as_text(named.get("name")) or "", as_text(named.get("upnsuffix"))
    whole = as_text(named.get("userprincipalname")) or as_text(named.get("mailboxprimaryaddress"))
    upn = whole or (name if "@" in name or not suffix else f"{name}@{suffix}")
    found.add_person(name_person(upn, named.get("aaduserid")))
    found.tenant = found.tenant or clean(as_text(named.get("aadtenantid")))


def read_evidence(evidence: Iterable[dict[str, Any]]) -> AlertEvidence:
    """Return what the evidence of Graph's alerts names."""
    found = AlertEvidence()
    for number, entry in enumerate(evidence):
        if number >= MOST_ENTITIES:
            break
        named = _lower(entry)
        kind = (as_text(named.get("@odata.type")) or "").rpartition(".")[2].lower()
        if kind in ("userevidence", "mailboxevidence"):
            found.add_person(_graph_person(named))
        elif kind == "ipevidence":
            found.addresses.append(as_text(named.get("ipaddress")))
            found.country = found.country or _country(named.get("countrylettercode"))
        elif kind == "cloudlogonsessionevidence":
            account = named.get("account")
            found.add_person(_graph_person(_lower(account)) if isinstance(account, dict) else None)
            found.session = found.session or clean(as_text(named.get("sessionid")))
            found.agent = found.agent or clean(as_text(named.get("useragent")))
        elif kind == "cloudapplicationevidence":
            found.application_name = found.application_name or clean(as_text(named.get("displayname")))
        elif kind in ("oauthapplicationevidence", "serviceprincipalevidence"):
            names = ("appid", "serviceprincipalobjectid", "objectid", "displayname", "serviceprincipalname")
            app, principal, own, title, other = (as_text(named.get(name)) for name in names)
            found.applications.append((app, principal or own, title or other))
    return found


def _graph_person(named: dict[str, Any]) -> AlertedPerson | None:
    account = named.get("useraccount")
    user = _lower(account) if isinstance(account, dict) else named
    name = user.get("userprincipalname") or named.get("upn") or named.get("primaryaddress")
    return name_person(name, user.get("azureaduserid"))


def _country(value: Any) -> str | None:
    code = (clean(as_text(value)) or "").upper()
    return code if len(code) == 2 and code.isalpha() else None


def _lower(item: dict[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in item.items()}
