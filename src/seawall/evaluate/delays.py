"""How long a raised incident came after the first hostile event, and how much had been read by then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seawall.schema.incidents import Incident

LOUD = (
    "aitm_phishing",
    "password_spray",
    "mfa_fatigue",
    "bec_forwarding",
    "legacy_sync",
    "mass_sync",
    "device_code_phishing",
    "token_replay",
    "forged_token",
    "service_credential",
    "campaign",
    "foreign_token",
)
"""Families that show themselves within their first minutes."""


@dataclass(frozen=True, slots=True)
class Delay:
    """One attack: seconds from its first event to detection, None when it was not raised."""

    family: str
    seconds: float | None


def delays(attacks: Sequence[dict[str, Any]], incidents: Sequence[Incident]) -> list[Delay]:
    """Return one delay per attack of a world's truth."""
    raised: dict[str, list[Incident]] = defaultdict(list)
    for incident in incidents:
        if incident.raised and incident.detected_at is not None:
            for uid in incident.events:
                raised[uid].append(incident)
    result = []
    for attack in attacks:
        first = np.datetime64(attack["first_event"].replace("Z", ""), "us").astype(np.int64)
        times = [
            i.detected_at
            for uid in attack["events"]
            for i in raised.get(uid, ())
            if i.detected_at is not None
        ]
        result.append(Delay(attack["family"], max((min(times) - int(first)) / 1e6, 0.0) if times else None))
    return result


def median_delay(found: Sequence[Delay], *, loud: bool) -> float | None:
    """Return the median seconds over detected attacks, of the loud families only or of all."""
    seconds = [d.seconds for d in found if d.seconds is not None and (not loud or d.family in LOUD)]
    return float(np.median(seconds)) if seconds else None
