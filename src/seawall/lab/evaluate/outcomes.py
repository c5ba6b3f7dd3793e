"""Outcomes of a world's raised incidents: detection delays, mail read before detection, and causes of false incidents."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seawall.detection.incident import Incident

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
"""Families that leave clear signs within minutes."""


UNEXPLAINED = "none staged"
"""Cause of a false incident whose account had no benign change around that time."""


@dataclass(frozen=True, slots=True)
class AttackerReads:
    """The attackers' mail access in a world: index of the attack, time (microseconds) and items, int64 (n,) each."""

    attack: np.ndarray
    time: np.ndarray
    items: np.ndarray


@dataclass(frozen=True, slots=True)
class DetectionDelay:
    """The delay of one attack: seconds from its first event to detection and items read before; None if not raised."""

    family: str
    seconds: float | None
    items_before: int | None = None


@dataclass(frozen=True, slots=True)
class WorldOutcome:
    """The outcome of one world: a delay per attack, the number of raised incidents, and false ones by cause."""

    delays: tuple[DetectionDelay, ...]
    raised: int
    false: Mapping[str, int]


def own_id(uid: str) -> str:
    """Return the log's own id of a record; a source may append a suffix after a colon to tell copies apart."""
    return uid.partition(":")[0]


def outcome(truth: Mapping[str, Any], incidents: Sequence[Incident], reads: AttackerReads) -> WorldOutcome:
    """Return the outcome of a world's incidents, given its truth."""
    raised = [incident for incident in incidents if incident.raised]
    hostile = {uid for attack in truth["attacks"] for uid in attack["events"]}
    wrong = Counter(
        _confuser(i, truth["confusers"]) for i in raised if hostile.isdisjoint(map(own_id, i.events))
    )
    return WorldOutcome(
        tuple(delays(truth["attacks"], raised, reads)), len(raised), dict(sorted(wrong.items()))
    )


def delays(
    attacks: Sequence[Mapping[str, Any]], incidents: Sequence[Incident], reads: AttackerReads
) -> list[DetectionDelay]:
    """Return one delay per attack of a world's truth."""
    detected: dict[str, list[int]] = defaultdict(list)
    for incident in incidents:
        if incident.raised and incident.detected_at is not None:
            for uid in incident.events:
                detected[own_id(uid)].append(incident.detected_at)
    result = []
    for place, attack in enumerate(attacks):
        times = [time for uid in attack["events"] for time in detected.get(uid, ())]
        if not times:
            result.append(DetectionDelay(attack["family"], None))
            continue
        before = (reads.attack == place) & (reads.time < min(times))
        seconds = max((min(times) - microseconds(attack["first_event"])) / 1e6, 0.0)
        result.append(DetectionDelay(attack["family"], seconds, int(reads.items[before].sum())))
    return result


def _confuser(incident: Incident, confusers: Sequence[Mapping[str, Any]]) -> str:
    """Return the kind of the shortest benign change that fits a false incident's account and time."""
    fitting = [
        confuser
        for confuser in confusers
        if (not confuser["accounts"] or incident.account in confuser["accounts"])
        and microseconds(confuser["start"]) <= incident.last_event
        and microseconds(confuser["end"]) >= incident.first_event
    ]
    fitting.sort(key=lambda confuser: (not confuser["accounts"], len(confuser["accounts"]), confuser["kind"]))
    return str(fitting[0]["kind"]) if fitting else UNEXPLAINED


def microseconds(text: str) -> int:
    """Return an RFC 3339 UTC time in microseconds since 1970."""
    return int(np.datetime64(text.replace("Z", ""), "us").astype(np.int64))


def median_delay(found: Sequence[DetectionDelay], *, loud: bool) -> float | None:
    """Return the median delay in seconds of detected attacks, of all or of loud families."""
    seconds = [d.seconds for d in found if d.seconds is not None and (not loud or d.family in LOUD)]
    return float(np.median(seconds)) if seconds else None


def median_items_before(found: Sequence[DetectionDelay]) -> float | None:
    """Return the median number of items read before detection, over detected attacks."""
    items = [d.items_before for d in found if d.items_before is not None]
    return float(np.median(items)) if items else None
