"""Read Microsoft's alerts: Sentinel's `SecurityAlert`, `AlertInfo` and `AlertEvidence` of advanced hunting, Graph's alerts.

An incident of Graph is read as one alert about those whom its alerts name.

Each record is one event about the person whom it names. `AlertInfo` names none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from seawall.events.formats.field_capitals import RecordFields
from seawall.events.formats.json_values import as_text, content_id, read_structure
from seawall.events.microsoft.alert_evidence import AlertEvidence, read_entities, read_evidence
from seawall.events.microsoft.m365_meanings import clean, identifier
from seawall.events.microsoft.record_origin import find_tenant, read_origin_with
from seawall.events.vendor_alerts import COLUMNS, VendorAlert, identify, name_person, normalise

__all__ = ["NAME", "RAW_COLUMNS", "normalise", "recognises", "row"]

NAME = "microsoft_alerts"
RAW_COLUMNS = COLUMNS

_SENTINEL, _INFO, _EVIDENCE, _GRAPH, _LEGACY, _INCIDENT = (
    "SecurityAlert",
    "AlertInfo",
    "AlertEvidence",
    "alerts_v2",
    "alerts",
    "incidents",
)
_TABLES = {name.lower(): name for name in (_SENTINEL, _INFO, _EVIDENCE)}
MOST_ALERTS = 1_000
"""Alerts of one incident that are looked at."""
_NO_ATTACK = ("falsePositive", "informationalExpectedActivity", "benignPositive")
_STREAM = "advancedhunting-"
_FIELDS = (
    (_SENTINEL, frozenset({"systemalertid", "alertname"})),
    (_SENTINEL, frozenset({"systemalertid", "alertseverity"})),
    (_EVIDENCE, frozenset({"alertid", "entitytype", "evidencerole"})),
    (_INFO, frozenset({"alertid", "title", "severity", "servicesource", "detectionsource"})),
    (_GRAPH, frozenset({"title", "severity", "servicesource", "evidence"})),
    (_LEGACY, frozenset({"title", "severity", "vendorinformation"})),
    (_INCIDENT, frozenset({"displayname", "severity", "incidentweburl", "lastupdatedatetime"})),
)
"""Fields by which a form is recognised, in lower case."""


def recognises(record: dict[str, Any]) -> bool:
    """Return whether an object is an alert, in any export format."""
    return _find_form(record) is not None


def _find_form(record: dict[str, Any]) -> str | None:
    category, table, form = _read_origin(record)
    for value in (table, category):
        if isinstance(value, str) and (named := _TABLES.get(value.lower().removeprefix(_STREAM))):
            return named
    return form


_read_origin = read_origin_with(
    lambda names: next((form for form, needed in _FIELDS if needed <= names), None)
)


def row(record: dict[str, Any]) -> tuple[str | None, ...]:
    """Return the raw columns of one record, and the whole record as `unmapped`. Alerts are rare: each is read in Python."""
    get = RecordFields(record)
    form = _find_form(record) or _GRAPH
    alert = VendorAlert("Microsoft")
    found = _READERS[form](get)
    alert.name_people(found.people, get.text("compromisedentity"))
    if not found.people and len(found.applications) == 1:
        alert.name_application(*found.applications[0])
    alert.name_addresses(found.addresses)
    state, title = _state(get), get.text("title", "alertname", "displayname")
    alert.said |= {
        "product": get.text("productname", "servicesource", "providername")
        or as_text(get.member("vendorinformation", "provider"))
        or ("Microsoft Defender XDR" if form == _INCIDENT else None),
        "says": title,
        "type": get.text("alerttype", "detectorid"),
        "level": (get.text("severity", "alertseverity") or "").lower(),
        "state": state,
        "detail": get.text("description"),
        "category": _text_of(get, "category")
        if form in (_INFO, _GRAPH, _LEGACY)
        else _text_of(get, "tactics", "categories"),
        "techniques": _text_of(get, "techniques", "attacktechniques", "mitretechniques"),
        "detected": get.text("createddatetime", "timegenerated"),
        "alert": get.text("alertid", "vendororiginalid", "provideralertid"),
    }
    alert.values |= {
        "metadata_uid": _identify(form, get, record, state),
        "time": _time(form, get),
        "activity_name": clean(title) or form,
        "org_uid": _organisation(form, get, found),
        "session_uid": found.session,
        "user_agent": found.agent,
        "src_country": found.country if "src_ip" in alert.values else None,
        "resource_uid": get.text("alertid", "id", "systemalertid"),
    }
    if found.application_name:
        alert.values.setdefault("app_name", found.application_name)
    return alert.row(record)


def _state(get: RecordFields) -> str | None:
    """Return how the alert was judged if it was no attack, else its status."""
    judged = get.text("classification", "feedback")
    return judged if judged in _NO_ATTACK else get.text("status")


def _text_of(get: RecordFields, *names: str) -> str | None:
    value = get.value(*names)
    return ", ".join(map(str, value)) if isinstance(value, list) else as_text(value)


def _time(form: str, get: RecordFields) -> str | None:
    """Return when it happened, as far as the alert states it, else when it was raised."""
    if form == _SENTINEL:
        return get.text("starttime", "timegenerated", "time")
    if form in (_INFO, _EVIDENCE):
        return get.text("timestamp", "timegenerated", "time")
    if form == _INCIDENT:
        begun = (as_text(_lower(one).get("firstactivitydatetime")) for one in _objects(get.value("alerts")))
        return min(filter(None, begun), default=None) or get.text("createddatetime")
    return get.text("firstactivitydatetime", "eventdatetime", "createddatetime", "time")


def _identify(form: str, get: RecordFields, record: dict[str, Any], state: str | None) -> str:
    """Return the record id. An alert has as many rows of evidence as entities, so their ids need a digest."""
    uid = get.text("systemalertid") if form == _SENTINEL else get.text("alertid", "id")
    content = content_id(record)
    if not uid:
        return content
    return f"{uid}:{content[-12:]}" if form == _EVIDENCE else identify(uid, state)


def _organisation(form: str, get: RecordFields, found: AlertEvidence) -> str | None:
    """Return the organisation. The `TenantId` of a table is the workspace's, that of a stream or of Graph the organisation's."""
    stated = (
        find_tenant(get.envelope_text("resourceid"))
        or found.tenant
        or get.text("aadtenantid", "azuretenantid")
    )
    if stated is None and (form in (_GRAPH, _INCIDENT) or "properties" in get):
        stated = get.text("tenantid")
    return identifier(stated)


def _read_sentinel(get: RecordFields) -> AlertEvidence:
    found = read_entities(_objects(get.value("entities")))
    person = name_person(get.text("compromisedentity"))
    if person is not None and not found.people:
        found.people.append(person)
    return found


def _read_info(_: RecordFields) -> AlertEvidence:
    return AlertEvidence()


def _read_evidence_row(get: RecordFields) -> AlertEvidence:
    more = get.value("additionalfields")
    found = read_entities([more] if isinstance(more, dict) else [])
    person = name_person(get.text("accountupn"), get.text("accountobjectid"))
    if person is not None:
        found.people.insert(0, person)
    found.addresses.insert(0, get.text("remoteip"))
    if application := get.text("oauthapplicationid"):
        found.applications.append((application, None, get.text("application")))
    found.application_name = found.application_name or get.text("application")
    return found


def _read_graph(get: RecordFields) -> AlertEvidence:
    return read_evidence(_objects(get.value("evidence")))


def _read_incident(get: RecordFields) -> AlertEvidence:
    alerts = map(_lower, islice(_objects(get.value("alerts")), MOST_ALERTS))
    return read_evidence(one for alert in alerts for one in _objects(read_structure(alert.get("evidence"))))


def _read_legacy(get: RecordFields) -> AlertEvidence:
    found = AlertEvidence()
    for user in map(_lower, _objects(get.value("userstates"))):
        person = name_person(user.get("userprincipalname"), user.get("aaduserid"))
        if person is not None:
            found.people.append(person)
        found.addresses.append(as_text(user.get("logonip")))
    return found


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    for item in value if isinstance(value, list) else ():
        item = read_structure(item)
        if isinstance(item, dict):
            yield item


def _lower(item: dict[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in item.items()}


_READERS = {
    _SENTINEL: _read_sentinel,
    _INFO: _read_info,
    _EVIDENCE: _read_evidence_row,
    _GRAPH: _read_graph,
    _LEGACY: _read_legacy,
    _INCIDENT: _read_incident,
}
