"""Convert an incident to an OCSF 1.5 Detection Finding (class 2004). Pure. Times are milliseconds since the epoch.

https://schema.ocsf.io/1.5.0/classes/detection_finding
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from seawall.detection.incident import Incident, Severity
from seawall.detection.incidents.story.text import write_story
from seawall.response.export.artefacts import Artefacts
from seawall_base.safe_text import visible

VERSION: Final = "1.5.0"
CLASS: Final = 2004
CATEGORY: Final = 2
CREATE: Final = 1
NEW: Final = 1
LEARNT: Final = 4
"""OCSF analytic type id: Learning (ML/DL)."""

SEVERITY: Final[dict[Severity, tuple[int, str]]] = {
    "low": (2, "Low"),
    "medium": (3, "Medium"),
    "high": (4, "High"),
    "critical": (5, "Critical"),
}
MOST: Final = 2_000
"""The most records and the most observables in one finding."""

_HOSTNAME_IP: Final = 2
_USER_NAME: Final = 4
_OTHER: Final = 99


def make_finding(incident: Incident, artefacts: Artefacts, version: str) -> dict[str, Any]:
    """Build the finding. `version` is Seawall's own version."""
    severity_id, severity = SEVERITY[incident.severity]
    at = incident.last_event if incident.detected_at is None else incident.detected_at
    return {
        "activity_id": CREATE,
        "activity_name": "Create",
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "type_uid": 100 * CLASS + CREATE,
        "type_name": "Detection Finding: Create",
        "severity_id": severity_id,
        "severity": severity,
        "status_id": NEW,
        "status": "New",
        "is_alert": incident.raised,
        "time": _milliseconds(at),
        "start_time": _milliseconds(incident.first_event),
        "end_time": _milliseconds(incident.last_event),
        "message": _show(incident.title),
        "metadata": {
            "version": VERSION,
            "uid": incident.id,
            "tenant_uid": _show(incident.tenant),
            "product": {"name": "Seawall", "vendor_name": "Seawall", "version": version},
        },
        "finding_info": _info(incident, at),
        "resources": [
            {"type": "mailbox", "name": _show(mailbox), "uid": _show(mailbox)} for mailbox in incident.mailboxes[:MOST]
        ],
        "evidences": [_evidence(record) for record in artefacts.records[:MOST]],
        "observables": _observables(incident, artefacts),
        "remediation": {"desc": "\n".join(_show(action) for action in incident.actions) or "See the incident."},
        "unmapped": {
            "score": incident.score,
            "messages_proved": incident.messages_proved,
            "messages_possible": incident.messages_possible,
            "coverage": [_show(note) for note in incident.coverage],
            "reasons": [
                {"layer": reason.layer, "aspect": reason.aspect, "text": _show(reason.text), "weight": reason.weight}
                for reason in incident.reasons
            ],
        },
    }  # fmt: skip


def _info(incident: Incident, at: int) -> dict[str, Any]:
    return {
        "uid": incident.id,
        "title": _show(incident.title),
        "desc": "\n".join(_show(line) for line in (*write_story(incident.story), incident.summary)),
        "types": [incident.kind],
        "analytic": {"name": "Seawall", "uid": incident.kind, "type": "Learning (ML/DL)", "type_id": LEARNT},
        "attacks": _attacks(incident),
        "created_time": _milliseconds(at),
        "first_seen_time": _milliseconds(incident.first_event),
        "last_seen_time": _milliseconds(incident.last_event),
        "related_events": [{"uid": _show(record)} for record in incident.events[:MOST]],
        "related_events_count": len(incident.events),
    }


def _attacks(incident: Incident) -> list[dict[str, Any]]:
    """Return the ATT&CK techniques of the incident's pattern and of its Sigma hits, each once."""
    sigma = incident.details.get("sigma")
    named = [incident.details.get("technique")]
    named += (
        [one.get("technique") for one in sigma if isinstance(one, dict)] if isinstance(sigma, list) else []
    )
    found: dict[str, dict[str, Any]] = {}
    for text in named:
        if isinstance(text, str) and text.startswith("T"):
            uid, _, name = text.partition(" ")
            parent = uid.partition(".")[0]
            attack: dict[str, Any] = {"technique": {"uid": parent, "name": name if uid == parent else parent}}
            if uid != parent:
                attack["sub_technique"] = {"uid": uid, "name": name or uid}
            found.setdefault(uid, attack)
    return list(found.values())


def _evidence(record: dict[str, Any]) -> dict[str, Any]:
    data = {
        name: value if isinstance(value, int | float | bool) else _show(str(value))
        for name, value in record.items()
        if value is not None
    }
    made: dict[str, Any] = {"name": "event", "uid": _show(str(record.get("metadata_uid"))), "data": data}
    if record.get("src_ip") is not None:
        made["src_endpoint"] = {"ip": _show(str(record["src_ip"]))}
    return made


def _observables(incident: Incident, artefacts: Artefacts) -> list[dict[str, Any]]:
    found = [
        {"name": "account", "type": "User Name", "type_id": _USER_NAME, "value": _show(incident.account)}
    ]
    found += _each("evidences.src_endpoint.ip", "IP Address", _HOSTNAME_IP, artefacts.all("src_ip"))
    found += _each("app_uid", "Other", _OTHER, artefacts.all("app_uid"))
    found += _each("session_uid", "Other", _OTHER, artefacts.all("session_uid"))
    return found[:MOST]


def _each(name: str, kind: str, type_id: int, values: Sequence[str]) -> list[dict[str, Any]]:
    return [{"name": name, "type": kind, "type_id": type_id, "value": _show(value)} for value in values]


def _milliseconds(microseconds: int) -> int:
    return microseconds // 1000


def _show(text: str) -> str:
    return visible(text, 4_000)
