"""Write the pattern of an incident as Sigma rules with the vendors' field names. Pure.

There is one rule for each log in which the intruder appears. It matches address blocks and applications that the
account's owner had not shown before. Without such a value there is no rule, because it would match the owner.

Not matched: the intruder from another network with another application. Falsely matched: others in the same network.
"""

from __future__ import annotations

import ipaddress
import uuid
from dataclasses import dataclass
from typing import Any, Final

from seawall.detection.incident import Incident
from seawall.response.export.artefacts import Artefacts
from seawall_base.safe_text import visible
from seawall_base.times import rfc3339

NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://seawall.example/sigma")
MOST: Final = 50
LEVELS: Final = {"low": "medium", "medium": "medium", "high": "high", "critical": "critical"}


@dataclass(frozen=True, slots=True)
class SigmaLog:
    """The names of a log in Sigma and at the vendor. `app` is empty if records name no application."""

    product: str
    service: str
    operation: str
    address: str
    app: tuple[str, ...] = ()


LOGS: Final[dict[str, SigmaLog]] = {
    "m365_audit": SigmaLog("m365", "audit", "Operation", "ClientIP", ("ClientAppId", "AppId")),
    "office_activity": SigmaLog("m365", "audit", "Operation", "ClientIP", ("ClientAppId", "AppId")),
    "entra_signin": SigmaLog("azure", "signinlogs", "", "ipAddress", ("appId",)),
    "graph_activity": SigmaLog("azure", "microsoftgraphactivitylogs", "", "IPAddress", ("AppId",)),
    "entra_audit": SigmaLog("azure", "auditlogs", "operationName", "initiatedBy.user.ipAddress"),
    "okta": SigmaLog("okta", "okta", "eventType", "client.ipAddress"),
    "google_workspace": SigmaLog("google_workspace", "", "eventName", "ipAddress"),
}
"""The Sigma log of each source."""


def make_rules(incident: Incident, artefacts: Artefacts) -> list[dict[str, Any]]:
    """Build the rules as documents, in the order of their logs.

    Empty if nothing distinguishes the intruder from the owner.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for source, log in LOGS.items():
        rule = _rule(incident, artefacts, source, log)
        if rule is not None:
            found.setdefault((log.product, log.service), rule)
    return list(found.values())


def _rule(incident: Incident, artefacts: Artefacts, source: str, log: SigmaLog) -> dict[str, Any] | None:
    blocks = [block for block in artefacts.telling(source, "src_prefix") if _is_block(block)][:MOST]
    apps = artefacts.telling(source, "app_uid")[:MOST] if log.app else ()
    detection: dict[str, Any] = {}
    if blocks:
        detection["from_network"] = {f"{log.address}|cidr": blocks}
    if apps:
        detection["by_application"] = [{name: list(apps)} for name in log.app]
    if not detection:
        return None
    operations = artefacts.values.get(source, {}).get("activity_name", ())[:MOST]
    condition = " or ".join(detection)
    if log.operation and operations:
        detection["does"] = {log.operation: list(operations)}
        condition = f"does and ({condition})" if len(detection) > 2 else f"does and {condition}"
    detection["condition"] = condition
    return {
        "title": visible(f"As in incident {incident.id}: {incident.kind}", 200),
        "id": str(uuid.uuid5(NAMESPACE, f"{incident.id}/{log.product}/{log.service}")),
        "status": "experimental",
        "description": _description(incident),
        "author": "Seawall",
        "date": rfc3339(incident.last_event)[:10],
        "tags": _tags(incident),
        "logsource": {"product": log.product, **({"service": log.service} if log.service else {})},
        "detection": detection,
        "falsepositives": ["Others who use the same network or application"],
        "level": LEVELS[incident.severity],
    }


def _description(incident: Incident) -> str:
    span = f"{rfc3339(incident.first_event)} to {rfc3339(incident.last_event)}"
    return visible(
        f"What told the intruder from the owner of {incident.account} ({span}): address blocks and applications that "
        "the account had not shown before. It is of this intruder, not of the technique.",
        1_000,
    )


def _tags(incident: Incident) -> list[str]:
    technique = incident.details.get("technique")
    word = technique.partition(" ")[0].lower() if isinstance(technique, str) else ""
    return [f"attack.{word}"] if word.startswith("t1") and word.replace(".", "").isalnum() else []


def _is_block(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
