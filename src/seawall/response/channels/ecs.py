"""A message as a document of the Elastic Common Schema: https://www.elastic.co/docs/reference/ecs."""

from __future__ import annotations

from typing import Any, Final

from seawall.response.channels.note import ChannelNote
from seawall.version import __version__
from seawall_base.times import rfc3339

ECS_VERSION: Final = "8.17.0"
SEVERITIES: Final = {"info": 0, "low": 21, "medium": 47, "high": 73, "critical": 99}
"""`event.severity` as Elastic Security counts its risk scores."""


def make_ecs_document(note: ChannelNote) -> dict[str, Any]:
    """Return the document. `event.id` is the same in all attempts; what Seawall alone has stands under `seawall`."""
    is_incident = note.kind == "incident.raised"
    event: dict[str, Any] = {
        "kind": "alert" if is_incident else "event",
        "category": ["intrusion_detection"] if is_incident else ["configuration"],
        "type": ["info"],
        "module": "seawall",
        "dataset": "seawall.messages",
        "id": note.id,
        "action": note.kind,
        "severity": SEVERITIES[note.level],
    }
    for name, key in (("start", "first_event"), ("end", "last_event")):
        if isinstance(note.document.get(key), str):
            event[name] = note.document[key]
    if note.link:
        event["url"] = note.link
    document: dict[str, Any] = {
        "@timestamp": rfc3339(note.at),
        "ecs": {"version": ECS_VERSION},
        "event": event,
        "message": "\n".join([note.title, *note.lines]),
        "log": {"level": note.level},
        "observer": {"vendor": "Seawall", "product": "Seawall", "version": __version__},
        "seawall": {"about": note.about, "kind": note.kind, "facts": dict(note.facts)},
    }
    if note.organisation:
        document["organization"] = {"name": note.organisation}
    account = dict(note.facts).get("Account")
    if account:
        document |= {"user": {"name": account}, "related": {"user": [account]}}
    if is_incident:
        document["rule"] = {"name": note.title, "category": str(note.document.get("kind", ""))[:100]}
    return document
