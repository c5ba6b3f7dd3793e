"""Match incidents before and after a ranking: some continue under another id, some disappear."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from seawall.detection.incident import Incident

_DAY = 86_400_000_000


def match_incidents(
    before: dict[str, Incident], now: dict[str, Incident], announced: set[str], since: int
) -> tuple[list[str], dict[str, str], list[Incident]]:
    """Return ids without a successor, new ids by old ones, and incidents that are no longer raised.

    An incident's id is that of its strongest group, so it changes when a stronger group joins. Incidents without successor
    that began before `since`, the start of the ranked days, stay as they are. Others stay only if they were announced, but
    unraised.
    """
    heirs: dict[tuple[str, str], list[Incident]] = defaultdict(list)
    missing = [old for id_, old in before.items() if id_ not in now]
    if missing:
        for incident in now.values():
            heirs[incident.tenant, incident.account].append(incident)
    gone: list[str] = []
    renamed: dict[str, str] = {}
    lapsed: list[Incident] = []
    for old in missing:
        near = [new for new in heirs[old.tenant, old.account] if _overlap(old, new)]
        if near:
            heir = max(near, key=lambda new: (len(set(new.events) & set(old.events)), new.score, new.id))
            renamed[old.id] = heir.id
            gone.append(old.id)
        elif old.first_event >= since and old.id not in announced:
            gone.append(old.id)
        elif old.first_event >= since and old.raised:
            lapsed.append(replace(old, raised=False))
    return gone, renamed, lapsed


def _overlap(old: Incident, new: Incident) -> bool:
    """Return whether two incidents share a day."""
    return (
        old.first_event // _DAY <= new.last_event // _DAY
        and new.first_event // _DAY <= old.last_event // _DAY
    )
