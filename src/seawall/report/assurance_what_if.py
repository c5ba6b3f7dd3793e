"""A what-if as plain values: what it stands on, what would have become of sign-ins, and who would be open then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from seawall.detection.authentication_strength.assess import Assessment
from seawall.detection.authentication_strength.replay import ASKED, LOCKED_OUT, OUTCOMES, STOPPED, UNKNOWN
from seawall.detection.authentication_strength.takeover import ATTACKS, Exposure
from seawall_base.times import rfc3339

RECORDS = 200
"""Sign-ins of a what-if that are listed for each outcome; the counts are of all."""
ANSWERS = ("open", "closed", "unknown")


def what_if_document(result: Assessment, raised: dict[str, str] | None) -> dict[str, Any] | None:
    """The what-if of an assessment, None without one."""
    told = result.replayed
    if told is None:
        return None
    names = {person.actor: person.account for person in result.people}
    counts = np.bincount(told.outcome[told.rows], minlength=len(OUTCOMES)).tolist()
    return {
        "policies": [one.name for one in result.given.proposed or ()],
        "basis": _basis(result),
        "takeover": _takeover(result),
        "loosened": {
            "sign_ins": len(told.loosened),
            "accounts": sorted({names[actor] for actor in result.signs.actor[told.loosened].tolist()}),
        },
        "not_evaluated": sorted({doubt for one in result.given.proposed or () for doubt in one.doubts}),
        "sign_ins": dict(zip(OUTCOMES, counts, strict=True)),
        "bothered": [
            {"account": names[actor], "days": days}
            for actor, days in sorted(told.bothered.items(), key=lambda item: (-item[1], names[item[0]]))
        ],
        "account_days": sum(told.bothered.values()),
        "locked_out": sorted(names[actor] for actor in told.locked),
        "perhaps_locked_out": sorted(names[actor] for actor in told.uncertain),
        "records": {
            OUTCOMES[outcome]: _records(result, outcome, names, raised)
            for outcome in (STOPPED, ASKED, LOCKED_OUT, UNKNOWN)
        },
        "in_raised_incidents": _in_incidents(result, raised),
    }


def _basis(result: Assessment) -> str:
    """What the proposed policies are tried on top of."""
    given = result.given
    if given.policies is None:
        return "alone: no policies of today were given"
    enabled = sum(one.state == "enabled" for one in given.policies)
    if given.is_instead:
        return f"instead of all policies of today ({enabled:,} enabled)"
    changed = {one.uid for one in given.proposed or () if one.uid} & {one.uid for one in given.policies}
    return f"on top of the policies of today ({enabled:,} enabled)" + (
        f", of which {len(changed):,} would be changed" if changed else ""
    )


def _takeover(result: Assessment) -> dict[str, Any]:
    """For each attack how many accounts are open now and then, and which would be opened and no longer be."""
    return {
        attack: {
            "now": _counts(result.exposed, attack),
            "then": _counts(result.then or (), attack),
            "no_longer_open": _change(result.exposed, result.then or (), attack),
            "newly_open": _change(result.then or (), result.exposed, attack),
        }
        for attack in ATTACKS
    }


def _counts(exposed: Iterable[Exposure], attack: str) -> dict[str, int]:
    found: Counter[str] = Counter(one.answer for one in exposed if one.attack == attack)
    return {answer: found[answer] for answer in ANSWERS}


def _change(opened: Iterable[Exposure], others: Iterable[Exposure], attack: str) -> list[str]:
    """Accounts that are open among the first, and not among the others."""
    pairs = zip(opened, others, strict=True)
    return [
        first.person.account
        for first, other in pairs
        if first.attack == attack and first.answer == "open" and other.answer != "open"
    ]


def _records(
    result: Assessment, outcome: int, names: dict[int, str], raised: dict[str, str] | None
) -> list[dict[str, Any]]:
    told, signs = result.replayed, result.signs
    assert told is not None  # noqa: S101 - only asked for with a what-if
    rows = np.flatnonzero(told.outcome == outcome)
    if raised:
        in_incident = np.array([uid in raised for uid in signs.uid.take(rows).to_pylist()], bool)
        rows = rows[np.argsort(~in_incident, kind="stable")]
    found = []
    for row in rows[:RECORDS].tolist():
        uid = signs.uid[row].as_py() or ""
        entry = {
            "record": uid,
            "account": names[int(signs.actor[row])],
            "time": rfc3339(int(signs.time[row])),
        }
        found.append({**entry, "incident": (raised or {}).get(uid)})
    return found


def _in_incidents(result: Assessment, raised: dict[str, str] | None) -> dict[str, Any] | None:
    """How many granted sign-ins are in raised incidents, and what would have become of them."""
    told, signs = result.replayed, result.signs
    if raised is None or told is None:
        return None
    uids = signs.uid.take(told.rows).to_pylist()
    rows = [(row, raised[uid]) for row, uid in zip(told.rows.tolist(), uids, strict=True) if uid in raised]
    outcomes = Counter(OUTCOMES[int(told.outcome[row])] for row, _ in rows)
    stopped = {incident for row, incident in rows if told.outcome[row] in (STOPPED, ASKED, LOCKED_OUT)}
    return {
        "sign_ins": len(rows),
        "outcomes": {word: outcomes[word] for word in OUTCOMES},
        "incidents": len(set(raised.values())),
        "incidents_met": len(stopped),
    }
