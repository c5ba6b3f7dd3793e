"""Summarise a run: counts by family and by harm, and whether it passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, Literal, get_args

from seawall_tokens.conformance.battery import families
from seawall_tokens.conformance.case import HARMS
from seawall_tokens.conformance.run import CaseResult, Fault

Level = Literal["accepted", "crashed", "code", "not-covered", "never"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
"""Strictness of a verdict. Each level includes the failures of the levels before it; `never` includes none.

Every level but `never` also fails each valid token that was not accepted, for whatever reason. A verifier that
crashes on everything accepts no attack, but does not verify.
"""

_FAULTS: Final[dict[Level, frozenset[Fault]]] = {
    "accepted": frozenset({"let-in", "control-refused"}),
    "crashed": frozenset({"let-in", "control-refused", "crashed", "timed-out"}),
    "code": frozenset({"let-in", "control-refused", "crashed", "timed-out", "other-code"}),
    "not-covered": frozenset({"let-in", "control-refused", "crashed", "timed-out", "other-code"}),
    "never": frozenset(),
}
_ORDER: Final[tuple[Fault, ...]] = ("control-refused", "let-in", "crashed", "timed-out", "other-code")


def failing(results: Sequence[CaseResult], level: Level) -> list[CaseResult]:
    """Return the results that fail at this level, worst first."""
    if level == "never":
        return []
    faults = _FAULTS[level]
    uncovered = level == "not-covered"
    found = [
        r
        for r in results
        if r.fault in faults or r.is_unproved_control or (uncovered and r.outcome == "not-covered")
    ]
    return sorted(found, key=_severity)


def void_reason(results: Sequence[CaseResult]) -> str:
    """Return why a run proves nothing about the verifier; empty if it does prove something."""
    if not any(not result.case.is_hostile and result.outcome == "accepted" for result in results):
        return "no sound token was accepted"
    hostile = [result for result in results if result.case.is_hostile]
    if hostile and all(result.outcome == "not-covered" for result in hostile):
        return "no hostile token was shown: the verifier lacks what they need"
    return ""


def has_passed(results: Sequence[CaseResult], level: Level) -> bool:
    """Return whether the verifier passed at this level.

    `never` silences only the exit code: its verdict is that of `accepted`.
    """
    return not failing(results, "accepted" if level == "never" else level) and not void_reason(results)


def faulty(results: Sequence[CaseResult]) -> list[CaseResult]:
    """Return all results that are not as required, worst first."""
    return sorted((result for result in results if result.fault), key=_severity)


def _severity(result: CaseResult) -> tuple[int, int]:
    fault = _ORDER.index(result.fault) if result.fault else len(_ORDER)
    harm = list(HARMS).index(result.case.harm) if result.case.harm else -1
    return fault, harm


def totals(results: Sequence[CaseResult]) -> dict[str, Any]:
    """Return the counts by outcome. `let_in` counts accepted hostile tokens by harm."""
    hostile = [result for result in results if result.case.is_hostile]
    controls = [result for result in results if not result.case.is_hostile]
    harms = Counter(result.case.harm for result in hostile if result.fault == "let-in")
    return {
        "hostile": len(hostile),
        "refused": sum(result.outcome == "refused" and not result.early for result in hostile),
        "accepted": sum(result.fault == "let-in" for result in hostile),
        "let_in": {harm: harms[harm] for harm in HARMS},
        "other_code": sum(result.fault == "other-code" for result in hostile),
        "controls": len(controls),
        "controls_accepted": sum(result.outcome == "accepted" for result in controls),
        "controls_refused": sum(result.fault == "control-refused" for result in results),
        "crashed": sum(result.outcome == "crashed" for result in results),
        "timed_out": sum(result.outcome == "timed-out" for result in results),
        "not_covered": sum(result.outcome == "not-covered" for result in results),
    }


def rows(results: Sequence[CaseResult]) -> list[dict[str, Any]]:
    """Return the counts of each family that ran, in the battery's order."""
    found = []
    for family in families():
        mine = [result for result in results if result.case.family == family.name]
        if mine:
            found.append({"family": family.name, "words": family.words, **totals(mine)})
    return found
