"""Compare two assessments of a configuration: which policies changed their state, and which objects came or went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seawall.posture.policy import MOST_NAMES


@dataclass(frozen=True, slots=True)
class StateChange:
    """Say how a policy changed: its states, and the names that the verdict lists now or listed before, but not both times."""

    id: str
    title: str
    before: str
    now: str
    appeared: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def compare_findings(
    before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]
) -> list[StateChange]:
    """Return the changes, worst first, then in the order of the findings, which are those of a document.

    A revised policy is found by its id without version. A list of names that reached its limit is not compared: what it
    leaves out is unknown.
    """
    known = {_stem(one): one for one in before}
    found = [change for one in now if (change := _compare(known.get(_stem(one)), one)) is not None]
    return sorted(found, key=_rank)


def _stem(finding: Mapping[str, Any]) -> str:
    name = str(finding.get("id", ""))
    stem, version, number = name.rpartition("v")
    return stem if version and number.isdigit() else name


def _compare(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> StateChange | None:
    state = str(now.get("state", ""))
    if before is None:
        return StateChange(str(now["id"]), str(now["title"]), "not checked", state)
    earlier = str(before.get("state", ""))
    appeared: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    if state == earlier == "not met":
        old, new = _names(before), _names(now)
        if len(old) < MOST_NAMES and len(new) < MOST_NAMES:
            appeared, gone = tuple(sorted(new - old)), tuple(sorted(old - new))
    if state == earlier and not appeared and not gone:
        return None
    return StateChange(str(now["id"]), str(now["title"]), earlier, state, appeared, gone)


def _names(finding: Mapping[str, Any]) -> set[str]:
    names = finding.get("names")
    return {str(name) for name in names} if isinstance(names, list) else set()


def _rank(change: StateChange) -> int:
    order = {("met", "not met"): 0, ("met", "cannot say"): 1, ("not met", "cannot say"): 2, ("cannot say", "not met"): 3,
             ("not met", "not met"): 4, ("not checked", "not met"): 5}  # fmt: skip
    return order.get((change.before, change.now), 6)
