"""Convert an incident to a STIX 2.1 bundle: identities, observed data and indicators. Pure."""

from __future__ import annotations

from typing import Final

from seawall.detection.incident import Incident
from seawall.detection.incidents.story.text import write_story
from seawall.response.export import stix_objects as stix
from seawall.response.export.artefacts import Artefacts
from seawall.response.scope_values import Indicator
from seawall_base.rfc3339 import format_time

MOST_OBSERVED: Final = 999_999_999
"""The maximum of `number_observed` (STIX 2.1, section 4.14)."""


def make_incident_bundle(incident: Incident, artefacts: Artefacts) -> stix.Object:
    """Build the bundle.

    Objects are dated by the incident's last event, so the same incident gives the same bundle.
    """
    at = incident.last_event
    author = stix.make_identity("Seawall", at, "system")
    organisation = stix.make_identity(incident.tenant or "unknown", at)
    seen = stix.make_account(incident.account)
    known = stix.make_indicators(_indicators(incident, artefacts), at, author=author["id"], tlp="amber")
    found = stix.make_object(
        "incident",
        at,
        {
            "name": stix.clean_text(incident.title),
            "description": stix.clean_text("\n".join((*write_story(incident.story), incident.summary))),
            "external_references": [{"source_name": "seawall", "external_id": stix.clean_text(incident.id)}],
        },
        author=author["id"],
        tlp="amber",
    )
    observed = stix.make_object(
        "observed-data",
        at,
        {
            "first_observed": format_time(incident.first_event),
            "last_observed": format_time(max(incident.first_event, incident.last_event)),
            "number_observed": min(max(len(incident.events), 1), MOST_OBSERVED),
            "object_refs": [one["id"] for one in seen],
        },
        author=author["id"],
        tlp="amber",
    )
    targets = stix.make_object(
        "relationship",
        at,
        {"relationship_type": "targets", "source_ref": found["id"], "target_ref": organisation["id"]},
        author=author["id"],
        tlp="amber",
    )
    return stix.make_bundle([author, organisation, *seen, *known, found, observed, targets])


def _indicators(incident: Incident, artefacts: Artefacts) -> list[Indicator]:
    """Return values that the account had not shown before and the intruder's sessions, in order."""
    start, end, tenant = incident.first_event, incident.last_event + 1, incident.tenant
    addresses = dict.fromkeys(
        value for source in artefacts.values for value in artefacts.telling(source, "src_ip")
    )
    apps = dict.fromkeys(
        value for source in artefacts.values for value in artefacts.telling(source, "app_uid")
    )
    made = [Indicator("address", value, start, end, tenant) for value in sorted(addresses)]
    made += [Indicator("app", value, start, end, tenant) for value in sorted(apps)]
    made += [Indicator("session", value, start, end, tenant) for value in artefacts.all("session_uid")]
    return made
