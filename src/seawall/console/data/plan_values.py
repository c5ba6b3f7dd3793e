"""Convert a containment plan for display: accounts with reasons, and ordered steps.

Pure; hidden characters are made visible.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from seawall.console.data.incident_values import Count
from seawall.detection.incident import Incident
from seawall.events.changes.records import replace_surrogates
from seawall.report.containment import call_text, read_text
from seawall.response.containment.evidence import Whose
from seawall.response.containment.planning import PlanEvidence, select_accounts, select_subjects
from seawall.response.containment.values import CONFIDENCES, Confidence, ContainmentPlan, ContainmentStep
from seawall.response.plan_request import PlanRequest
from seawall_base.safe_text import visible

MOST_SHOWN: Final = 500
"""The most steps shown; the file has all."""

MOST_ACCOUNTS: Final = 200
MOST_REASONS: Final = 4
MOST_RECORDS: Final = 20
_LINE: Final = 2_000
_IN_MAILBOX: Final = ("The intruder changed something in this mailbox, through another account.",)
Covers = Literal["incident", "touched", "possible"]


class PlanStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of containment. Hidden characters in texts are made visible, for reading and copying.

    `after` are the numbers of prerequisite steps. `reads`, `calls` and `undo` are calls of the vendor's API; a step
    without `calls` is done as `by_hand` or `powershell` says. `irreversible` says what cannot be undone. `records`
    are the log's ids of at most 20 of the `record_count` records that justify the step.
    """

    order: Count
    id: str
    tenant: str
    account: str
    title: str
    reason: str
    confidence: Confidence
    after: list[Count]
    by_hand: str
    reads: list[str]
    calls: list[str]
    undo: list[str]
    powershell: list[str]
    undo_powershell: list[str]
    irreversible: str
    records: list[str]
    record_count: Count


class PlanAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account or mailbox in a plan: how sure it is, why, and the numbers of its steps.

    `is_incidents` marks the incident's account. `irreversible` says what of its steps cannot be undone. `more` counts
    further steps, which the file has.
    """

    tenant: str
    account: str
    confidence: Confidence
    is_incidents: bool
    reasons: list[str]
    steps: list[Count]
    more: Count
    irreversible: list[str]


class PlanValue(msgspec.Struct, frozen=True, kw_only=True):
    """A plan: notes to read before, and the ordered steps. `missing` says why there is no plan, None if there is one.

    `more` counts further steps in the file. `covers` says whose steps are included: the incident's account alone,
    also the accounts proved touched, or also those that cannot be ruled out. `left_out` counts accounts that cannot
    be ruled out and are not included; `may_have_possible` says whether they can be requested here.
    """

    id: str
    covers: Covers = "incident"
    accounts: list[PlanAccount] = []
    more_accounts: Count = 0
    left_out: Count = 0
    may_have_possible: bool = False
    steps: list[PlanStep]
    more: Count
    before: list[str]
    warnings: list[str]
    missing: str | None


def plan_value(
    made: ContainmentPlan, question: PlanRequest | None = None, *, may_have_possible: bool = False
) -> PlanValue:
    """Convert a plan to the API's value, with the accounts of its request."""
    question = question or PlanRequest()
    places = made.numbers
    steps = [_step(places[action.id], action, places) for action in made.actions[:MOST_SHOWN]]
    accounts = list(_accounts(made, question, places))
    scope = question.scope
    possible = sum(one.verdict == "possible" for one in scope.accounts) if scope is not None else 0
    return PlanValue(
        id=made.id,
        covers="incident" if scope is None else "possible" if question.with_possible else "touched",
        accounts=accounts[:MOST_ACCOUNTS],
        more_accounts=max(len(accounts) - MOST_ACCOUNTS, 0),
        left_out=0 if question.with_possible else possible,
        may_have_possible=may_have_possible and possible > 0,
        steps=steps,
        more=len(made.actions) - len(steps),
        before=[_text(line) for line in made.prerequisites],
        warnings=[_text(line) for line in made.warnings],
        missing=None,
    )


def _accounts(made: ContainmentPlan, question: PlanRequest, places: dict[str, int]) -> Iterator[PlanAccount]:
    """Yield the plan's accounts: the incident's, then those of the scope, surest first, then owners of mailboxes."""
    of: dict[Whose, list[ContainmentStep]] = defaultdict(list)
    for action in made.actions:
        of[action.tenant, action.account].append(action)
    own = _own(question.incident)
    reasons = _reasons(question)
    named = {
        (one.tenant, one.account): one.sure
        for one in select_subjects(
            question.incidents, question.scope, PlanEvidence(), with_possible=question.with_possible
        )
    }
    others = {whose: _surest(actions) for whose, actions in sorted(of.items()) if whose not in named}
    for whose, sure in sorted({**named, **others}.items(), key=lambda one: one[0] != own):
        actions = of.get(whose, [])
        orders = [places[action.id] for action in actions if places[action.id] <= MOST_SHOWN]
        yield PlanAccount(
            tenant=_text(whose[0]),
            account=_text(whose[1]),
            confidence=sure,
            is_incidents=whose == own,
            reasons=[_text(reason) for reason in reasons.get(whose, _IN_MAILBOX)[:MOST_REASONS]],
            steps=orders,
            more=len(actions) - len(orders),
            irreversible=list(
                dict.fromkeys(_text(action.irreversible) for action in actions if action.irreversible)
            ),
        )


def _own(incident: Incident | None) -> Whose | None:
    return (
        None
        if incident is None
        else (replace_surrogates(incident.tenant), replace_surrogates(incident.account))
    )


def _reasons(question: PlanRequest) -> dict[Whose, tuple[str, ...]]:
    """Return why each account is in the plan."""
    found: dict[Whose, tuple[str, ...]] = {}
    own = _own(question.incident)
    if question.incident is not None and own is not None:
        found[own] = (question.incident.title or question.incident.summary,)
    if question.scope is not None:
        for one in select_accounts(question.scope, with_possible=question.with_possible):
            whose = replace_surrogates(one.tenant), replace_surrogates(one.name)
            found[whose] = (*found.get(whose, ()), *one.reasons)
    return found


def _surest(actions: Sequence[ContainmentStep]) -> Confidence:
    return min((action.confidence for action in actions), key=CONFIDENCES.index)


def _step(order: int, action: ContainmentStep, places: dict[str, int]) -> PlanStep:
    return PlanStep(
        order=order,
        id=action.id,
        tenant=_text(action.tenant),
        account=_text(action.account),
        title=_text(action.title),
        reason=_text(action.reason),
        confidence=action.confidence,
        after=sorted(places[id_] for id_ in action.after),
        by_hand=_text(action.by_hand),
        reads=[_text(read_text(action, read)) for read in action.before],
        calls=[_text(call_text(action, call, each=action.each)) for call in action.calls],
        undo=[_text(call_text(action, call)) for call in action.undo],
        powershell=[_command(line) for line in action.powershell],
        undo_powershell=[_command(line) for line in action.undo_powershell],
        irreversible=_text(action.irreversible),
        records=[_text(id_) for id_ in action.evidence[:MOST_RECORDS]],
        record_count=len(action.evidence),
    )


def _text(value: str) -> str:
    return visible(value, _LINE)


def _command(line: str) -> str:
    """Return a command uncut: a truncated command would do something else."""
    return visible(line, len(line))
