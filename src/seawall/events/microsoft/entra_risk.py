"""Read risks of Microsoft Entra ID Protection: detections and risky users, applications and agents.

Graph (`riskDetections`, `riskyUsers`, `servicePrincipalRiskDetections`, `riskyServicePrincipals`, `agentRiskDetections`,
`riskyAgents`), the tables of Log Analytics, and diagnostic settings.
"""

from __future__ import annotations

from collections.abc import KeysView
from typing import Any

from seawall.events.client_names import reduce_client
from seawall.events.formats.field_capitals import RecordFields
from seawall.events.formats.json_values import as_text, content_id, read_named_values
from seawall.events.microsoft.m365_meanings import clean
from seawall.events.microsoft.record_origin import find_tenant, has_one_of_each, read_origin_with
from seawall.events.microsoft.risk_types import name_risk
from seawall.events.vendor_alerts import (
    COLUMNS,
    VendorAlert,
    identify,
    name_person,
    normalise,
)

__all__ = ["NAME", "RAW_COLUMNS", "normalise", "recognises", "row"]

NAME = "entra_risk"
RAW_COLUMNS = COLUMNS

_TABLES = {
    "aaduserriskevents": "userRiskDetection",
    "aadriskyusers": "riskyUser",
    "aadserviceprincipalriskevents": "servicePrincipalRiskDetection",
    "aadriskyserviceprincipals": "riskyServicePrincipal",
    "aadagentriskevents": "agentRiskDetection",
    "aadriskyagents": "riskyAgent",
    "userriskevents": "userRiskDetection",
    "riskyusers": "riskyUser",
    "serviceprincipalriskevents": "servicePrincipalRiskDetection",
    "riskyserviceprincipals": "riskyServicePrincipal",
    "agentriskevents": "agentRiskDetection",
    "riskyagents": "riskyAgent",
}
"""What the tables of Log Analytics and the categories of diagnostic settings hold, by their names in lower case."""
_TYPES = ("riskeventtype", "risktype")
_STATE = frozenset({"risklevel", "riskstate"})
_DETECTED = frozenset({"detecteddatetime", "activitydatetime"})
_UPDATED = ("risklastupdateddatetime", "risklastmodifieddatetime")


def recognises(record: dict[str, Any]) -> bool:
    """Return whether an object is a risk, in any export format."""
    category, table, has_fields = _read_origin(record)
    return has_fields or any(isinstance(name, str) and name.lower() in _TABLES for name in (category, table))


def _has_fields(names: KeysView[str]) -> bool:
    """Return whether the fields are those of Graph's risks."""
    is_detection = has_one_of_each(names, (_TYPES, _DETECTED))
    return names >= _STATE and (is_detection or not names.isdisjoint(_UPDATED))


_read_origin = read_origin_with(_has_fields)


def row(record: dict[str, Any]) -> tuple[str | None, ...]:
    """Return the raw columns of one record, and the whole record as `unmapped`. Risks are rare: each is read in Python."""
    get = RecordFields(record)
    kind, state = get.text(*_TYPES), get.text("riskstate")
    alert = VendorAlert("Microsoft")
    _name_account(alert, get)
    more = read_named_values(get.value("additionalinfo"))
    agent = clean(as_text(more.get("userAgent")))
    alert.name_addresses([get.text("ipaddress")])
    alert.said |= {
        "product": "Entra ID Protection",
        "says": name_risk(kind) if kind else _name_state(get),
        "type": kind,
        "level": (get.text("risklevel") or "").lower(),
        "state": state,
        "detail": get.text("riskdetail"),
        "category": get.text("activity"),
        "techniques": get.text("mitretechniqueid") or as_text(more.get("mitreTechniques")),
        "detected": get.text("detecteddatetime"),
        "sign_in": get.text("requestid"),
    }
    alert.values |= {
        "metadata_uid": _identify(get, record, state),
        "time": get.text("activitydatetime", "detecteddatetime", *_UPDATED, "lastupdateddatetime")
        or get.text("time", "timegenerated"),
        "activity_name": kind or _name_resource(get),
        "org_uid": clean(find_tenant(get.envelope_text("resourceid")) or get.text("aadtenantid")),
        "src_country": _country(get),
        "user_agent": agent,
        "client": reduce_client(agent, None, None, None),
        "resource_uid": get.text("requestid"),
    }
    return alert.row(record)


def _name_account(alert: VendorAlert, get: RecordFields) -> None:
    """Set the account that is at risk: a user, an application or an agent."""
    is_detection = any(name in get for name in _TYPES)
    own_id = None if is_detection else get.text("id")
    if "agentdisplayname" in get or "agentid" in get:
        is_user = (get.text("identitytype") or "").lower().startswith("agentuser")
        person = name_person(get.text("userprincipalname"), get.text("agentid") or own_id)
        if is_user and person:
            alert.name_people([person])
        else:
            alert.name_application(None, get.text("agentid") or own_id, get.text("agentdisplayname"))
    elif any(name in get for name in ("appid", "serviceprincipalid", "serviceprincipaltype")):
        name = get.text("serviceprincipaldisplayname", "displayname")
        alert.name_application(get.text("appid"), get.text("serviceprincipalid") or own_id, name)
    elif person := name_person(get.text("userprincipalname"), get.text("userid") or own_id):
        alert.name_people([person])


def _name_resource(get: RecordFields) -> str:
    """Return the resource that a record without a type of risk is, in Graph's spelling."""
    named = (get.envelope_text("category"), get.envelope_text("type"))
    found = next((_TABLES[text.lower()] for text in named if text and text.lower() in _TABLES), None)
    if found is not None:
        return found
    if "agentdisplayname" in get:
        return "riskyAgent"
    return "riskyServicePrincipal" if "serviceprincipaltype" in get or "appid" in get else "riskyUser"


def _name_state(get: RecordFields) -> str:
    words = {"riskyAgent": "the agent is at risk", "riskyServicePrincipal": "the application is at risk"}
    return words.get(_name_resource(get), "the account is at risk")


def _identify(get: RecordFields, record: dict[str, Any], state: str | None) -> str:
    """Return the record id. A detection has one of its own; the id of a risky user is the user's, and no record's."""
    uid = get.text("id")
    if uid and any(name in get for name in _TYPES):
        return identify(uid, state)
    content = content_id(record)
    return f"{uid}:{content[-12:]}" if uid else content


def _country(get: RecordFields) -> str | None:
    text = as_text(get.member("location", "countryorregion") or get.member("location", "countrycode"))
    code = (clean(text) or "").upper()
    return code if len(code) == 2 and code.isalpha() else None
