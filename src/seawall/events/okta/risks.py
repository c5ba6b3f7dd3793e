"""Read what Okta says about risks: ThreatInsight, Identity Threat Protection, breached credentials."""

from __future__ import annotations

import re

from seawall.events.formats.json_values import encode, read_structure
from seawall.events.okta.details import Targets
from seawall.events.okta.fields import FieldObject
from seawall.events.vendor_alerts import write_statement

Actor = tuple[str | None, str | None, str | None, str | None]
"""Type, address, id and name."""

_SAYS = (
    ("security.threat.", "ThreatInsight", "request from an address that attacks many organisations"),
    ("security.attack.end", "ThreatInsight", "an attack on the organisation ends"),
    ("security.attack.", "ThreatInsight", "an attack on the organisation begins"),
    ("security.breached_credential.", "Breached credentials protection", "leaked credentials"),
    ("policy.entity_risk.", "Identity Threat Protection", "a policy on risks was evaluated"),
    ("user.risk.", "Identity Threat Protection", "the account is at risk"),
)
"""Product and words of each group of event types."""
_LEVEL = re.compile(r"(?i)(?<![a-z_])level\s*[=:]\s*\"?([a-z]{1,20})")
_DETECTION = re.compile(r"(?i)detection_?name\s*[=:]\s*\"?([^,;{}\"]{1,120})")
_LONGEST = 2_048


def name_person(targets: Targets, actor: Actor) -> Actor:
    """Return the person among the targets, whom the record is about, as actor; without one, the actor."""
    person = targets.resource
    return ("User", person, None, None) if person and "@" in person else actor


def state_risk(
    event_type: str, reason: str | None, ip: str | None, debug: FieldObject, changed: str | None
) -> str:
    """Return the statement of a record, followed by what its debug data and targets say."""
    product, words = next(
        (found[1:] for found in _SAYS if event_type.lower().startswith(found[0])), ("Okta", event_type)
    )
    risk = (debug.text("risk") or debug.text("userrisk") or "")[:_LONGEST]
    level, detection = _LEVEL.search(risk), _DETECTION.search(risk)
    statement = write_statement(
        vendor="Okta",
        product=product,
        says=detection[1].strip() if detection else words,
        type=event_type,
        level=(level[1] if level else debug.text("risklevel") or "").lower(),
        detail=reason,
        address=ip,
    )
    more = read_structure(changed) if changed else {}
    return encode(read_structure(statement) | more)
