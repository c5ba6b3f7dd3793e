"""Build the what-if of an assessment as plain values: its basis, the simulated sign-ins, and the accounts open then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from seawall.detection.authentication_strength.assess import Assessment
from seawall.detection.authentication_strength.replay import ASKED, LOCKED_OUT, OUTCOMES, STOPPED, UNKNOWN
from seawall.detection.authentication_strength.takeover import ATTACKS, TakeoverExposure
from seawall_base.times import rfc3339

RECORDS = 200
"""Most sign-ins listed for each outcome. The counts cover all."""
ANSWERS = ("open", "closed", "unknown")


def what_if_document(result: Assessment, raised: dict[str, str] | None) -> dict[str, Any] | None:
    """Return the what-if of an assessment, or None if it has none."""
    replayed = result.replayed
    if replayed is None:
        return None
    names = {person.actor: person.account for person in result.people}
    counts = np.bincount(replayed.outcome[replayed.rows], minlength=len(OUTCOMES)).tolist()
    return {
        "policies": [one.name for one in result.given.proposed or ()],
        "basis": _basis(result),
        "takeover": _takeover(result),
        "loosened": {
            "sign_ins": len(replayed.loosened),
            "accounts": sorted({names[actor] for actor in result.signs.actor[replayed.loosened].tolist()}),
        },
        "not_evaluated": sorted({doubt for one in result.given.proposed or () for doubt in one.doubts}),
        "sign_ins": dict(zip(OUTCOMES, counts, strict=True)),
        "bothered": [
            {"account": names[actor], "days": days}
            for actor, days in sorted(replayed.bothered.items(), key=lambda item: (-item[1], names[item[0]]))
        ],
        "account_days": sum(replayed.bothered.values()),
        "locked_out": sorted(names[actor] for actor in replayed.locked),
        "perhaps_locked_out": sorted(names[actor] for actor in replayed.uncertain),
        "records": {
            OUTCOMES[outcome]: _records(result, outcome, names, raised)
            for outcome in (STOPPED, ASKED, LOCKED_OUT, UNKNOWN)
        },
        "in_raised_incidents": _in_incidents(result, raised),
    }


def _basis(result: Assessment) -> str:
    """Return the policies that the proposed ones are added to, as text."""
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
    """Return by attack how many accounts are open now and then, and which change."""
    return {
        attack: {
            "now": _counts(result.exposed, attack),
            "then": _counts(result.then or (), attack),
            "no_longer_open": _change(result.exposed, result.then or (), attack),
            "newly_open": _change(result.then or (), result.exposed, attack),
        }
        for attack in ATTACKS
    }


def _counts(exposed: Iterable[TakeoverExposure], attack: str) -> dict[str, int]:
    found: Counter[str] = Counter(one.answer for one in exposed if one.attack == attack)
    return {answer: found[answer] for answer in ANSWERS}


def _change(opened: Iterable[TakeoverExposure], others: Iterable[TakeoverExposure], attack: str) -> list[str]:
    """Return the accounts that are open in the first exposures and not in the others."""
    pairs = zip(opened, others, strict=True)
    return [
        first.person.account
        for first, other in pairs
        if first.attack == attack and first.answer == "open" and other.answer != "open"
    ]


def _records(
    result: Assessment, outcome: int, names: dict[int, str], raised: dict[str, str] | None
) -> list[dict[str, Any]]:
    replayed, signs = result.replayed, result.signs
    assert replayed is not None  # noqa: S101 - only asked for with a what-if
    rows = np.flatnonzero(replayed.outcome == outcome)
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
    """Return how many granted sign-ins are in raised incidents, and their simulated outcomes."""
    replayed, signs = result.replayed, result.signs
    if raised is None or replayed is None:
        return None
    uids = signs.uid.take(replayed.rows).to_pylist()
    rows = [
        (row, raised[uid]) for row, uid in zip(replayed.rows.tolist(), uids, strict=True) if uid in raised
    ]
    outcomes = Counter(OUTCOMES[int(replayed.outcome[row])] for row, _ in rows)
    stopped = {incident for row, incident in rows if replayed.outcome[row] in (STOPPED, ASKED, LOCKED_OUT)}
    return {
        "sign_ins": len(rows),
        "outcomes": {word: outcomes[word] for word in OUTCOMES},
        "incidents": len(set(raised.values())),
        "incidents_met": len(stopped),
    }
