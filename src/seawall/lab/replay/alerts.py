"""Write what a vendor said about the victims: risk detections of Entra ID Protection, as Microsoft Graph exports them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from seawall.lab.replay.scene import ReplayScene
from seawall.lab.worlds.seeded_random import SeededRandom


def write_alerts(scene: ReplayScene, logs: Path) -> list[str]:
    """Write the detections that the incident's stages state with `alert`; return the ids of their records."""
    dice, found = SeededRandom(7, *scene.incident.name.encode()), list[dict[str, Any]]()
    for stage in scene.incident.stages:
        kind = str(stage.options.get("alert", ""))
        if not kind:
            continue
        level = str(stage.options.get("alert_level", "medium"))
        delay = float(stage.options.get("alert_delay_hours", 2.0)) * 3600
        for victim in scene.victims[: int(stage.options.get("alerted", len(scene.victims)))]:
            first = min(
                (
                    act.time
                    for act in scene.diary.acts
                    if act.who is victim and act.time >= scene.find_time(stage.day)
                ),
                default=scene.find_time(stage.day),
            )
            found.append(
                {
                    "id": dice.hexadecimal(64),
                    "riskEventType": kind,
                    "riskState": "atRisk",
                    "riskLevel": level,
                    "riskDetail": "none",
                    "source": "IdentityProtection",
                    "detectionTimingType": "offline",
                    "activity": "signin",
                    "ipAddress": scene.find_address(first),
                    "activityDateTime": _text(first),
                    "detectedDateTime": _text(first + delay),
                    "lastUpdatedDateTime": _text(first + delay),
                    "userId": victim.object_id,
                    "userDisplayName": victim.name,
                    "userPrincipalName": victim.upn,
                    "location": {},
                    "additionalInfo": "[]",
                }
            )
    if found:
        folder = logs / scene.diary.tenant.domain / "risk"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "risk-detections.json").write_bytes(msgspec.json.encode({"value": found}))
    return [one["id"] for one in found]


def _text(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
