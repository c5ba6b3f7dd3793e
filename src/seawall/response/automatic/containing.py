"""Simulate or carry out automatic containment, each act journalled before it is done.

Limits and acts are read from the journal at each turn, so a restart repeats no act. An act whose result a crash lost is never
tried again; a person is told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from seawall.detection.incident import SEVERITIES, Incident
from seawall.response.automatic.account_kinds import AccountKindReader
from seawall.response.automatic.judging import (
    MOST_AGE,
    AutomaticCandidate,
    LeftAlone,
    check_incident,
    check_kind,
    check_limits,
    select_automatic_steps,
)
from seawall.response.automatic.own_access import check_own_access
from seawall.response.automatic.record import (
    DAY,
    AutomaticHistory,
    open_automatic_journal,
    plan_journal_file,
    read_automatic_history,
)
from seawall.response.automatic.settings import AccountKind, AutomaticSettings
from seawall.response.automatic.telling import AutomaticNews, tell_act, tell_limit, tell_simulated
from seawall.response.containment.journal import Journal
from seawall.response.containment.plan_run import PlanRun
from seawall.response.containment.session import begin_journal
from seawall.response.containment.settings import ContainmentSettings
from seawall.response.containment.values import ContainmentPlan, ContainmentStep
from seawall.response.containment.vendor_calls import VendorCaller
from seawall_base.clock import Clock
from seawall_base.errors import SeawallError
from seawall_base.rfc3339 import format_time

TOLERATED: Final = 5 * 60 * 1_000_000
"""How far the clock may be behind the journal's last line, in microseconds."""

PAUSES: Final = (600.0, 86_400.0)
"""Seconds until an incident is judged again that has not changed: after a reason that may pass, and after any other."""

_PASSING_RULES: Final = frozenset(
    {"clock", "limit-hour", "limit-day", "unknown", "age", "last-administrator"}
)
_UNWRITTEN: Final = frozenset(
    {"organisation", "not-raised", "answered", "age", "thresholds", "clock", "once"}
)
"""Rules that leave most incidents alone: a line in the journal for each would say nothing."""


@dataclass(frozen=True, slots=True)
class _IntendedAct:
    """What is to be done, or would be, about an incident."""

    incident: Incident
    plan: ContainmentPlan
    steps: tuple[ContainmentStep, ...]
    kind: AccountKind

    def entry(self, digest: str) -> dict[str, Any]:
        """Return the content of its line in the journal."""
        one = self.incident
        return {
            "incident": one.id, "tenant": one.tenant, "account": one.account, "kind": self.kind,
            "severity": one.severity, "chance": one.chance, "settings": digest, "plan": self.plan.id,
            "steps": [step.id for step in self.steps], "titles": [step.title for step in self.steps],
        }  # fmt: skip


@dataclass(slots=True)
class AutomaticContainment:
    """Contain what `settings.automatic` allows. Used by one thread.

    `make_plan` returns an incident's plan, None if its records are gone. `announce` stores news for webhooks and channels.
    `prove` is called once an act is in the journal, before it is done, and raises if somebody else contains by now.
    """

    settings: ContainmentSettings
    store: Path
    clock: Clock
    asking: VendorCaller
    make_plan: Callable[[Incident], ContainmentPlan | None]
    announce: Callable[[AutomaticNews], None]
    prove: Callable[[], None] = lambda: None
    _recent: dict[str, deque[float]] = field(default_factory=dict)
    _paused: dict[tuple[Any, ...], float] = field(default_factory=dict)

    @property
    def table(self) -> AutomaticSettings:
        """Return the table `[automatic]`."""
        return self.settings.automatic or AutomaticSettings()

    def work(self, candidates: Iterable[AutomaticCandidate]) -> None:
        """Count the day, finish what a crash interrupted, and judge incidents, the gravest first.

        Raises SeawallError if the journal cannot be read or written, and then does nothing more.
        """
        if self.table.mode == "off":
            return
        self._begin_turn()
        for candidate in sorted(candidates, key=_order):
            key, now = _make_key(candidate), self.clock.monotonic()
            if self._paused.get(key, now) > now:
                continue
            rule = self.judge(candidate)
            self._paused[key] = now + PAUSES[rule not in _PASSING_RULES]
        now = self.clock.monotonic()
        self._paused = {key: until for key, until in self._paused.items() if until > now}

    def judge(self, candidate: AutomaticCandidate) -> str:
        """Judge one incident, and simulate or carry out what follows.

        Return `acted`, `simulated`, or the rule by which it is left alone. Raises as `work` does.
        """
        if self.table.mode == "off":
            return "off"
        with self._open() as journal:
            history = read_automatic_history(journal.entries)
            is_acting = self.table.mode == "act" and history.may_act(self.table.digest, self._now(history))
            try:
                act = self._intend(candidate, history, is_acting=is_acting)
            except LeftAlone as left:
                self._leave(journal, history, candidate.incident, left)
                return left.rule
            if is_acting:
                self._act(journal, history, act)
                return "acted"
            journal.append("simulated", **act.entry(self.table.digest))
            self.announce(tell_simulated(act.incident, act.steps))
            return "simulated"

    def _begin_turn(self) -> None:
        with self._open() as journal:
            history = read_automatic_history(journal.entries)
            for act in history.list_open():
                journal.append("acted", plan=act.plan, states={"": "unclear"})
            self._tell_acts(journal)
            if self._is_behind(history):
                return
            days = history.days.get(self.table.digest, [])
            if not any(at // DAY == self._now(history) // DAY for at in days):
                journal.append("day", settings=self.table.digest)

    def _intend(
        self, candidate: AutomaticCandidate, history: AutomaticHistory, *, is_acting: bool
    ) -> _IntendedAct:
        """Return what is to be done. Raises LeftAlone; vendors are asked last, and only with reads."""
        incident, now = candidate.incident, self._now(history)
        if self._is_behind(history):
            raise LeftAlone("clock", "the clock is behind the journal's last line")
        check_incident(self.table, candidate, now)
        self._check_limits(history, incident, now, is_acting=is_acting)
        try:
            plan = self.make_plan(incident)
        except SeawallError as error:
            raise LeftAlone("unknown", f"no plan could be made: {error.message}") from None
        if plan is None:
            raise LeftAlone("unknown", "the store has no record of the account any more")
        if any(act.plan == plan.id for act in history.acts):
            raise LeftAlone("once", "the plan had its turn")
        steps = select_automatic_steps(plan, incident)
        check_own_access(self.settings, plan, steps, self.asking)
        return _IntendedAct(incident, plan, steps, self._find_kind(incident, steps, history))

    def _check_limits(
        self, history: AutomaticHistory, incident: Incident, now: int, *, is_acting: bool
    ) -> None:
        """Raise LeftAlone if a limit is reached. A clock that jumps ahead does not free the limit of the hour."""
        simulated = [act for act in history.simulated if act.digest == self.table.digest]
        if not is_acting:
            check_limits(self.table, [*simulated, *history.acts], incident, now)
            return
        check_limits(self.table, history.acts, incident, now)
        whose = (incident.tenant, incident.account.casefold())
        for one in simulated:
            is_same = (one.tenant, one.account.casefold()) == whose and one.at > now - MOST_AGE
            if one.incident == incident.id or is_same:
                raise LeftAlone("once", "the incident had its turn in the simulation")
        hour_ago = self.clock.monotonic() - 3600.0
        if sum(at > hour_ago for at in self._recent.get(incident.tenant, ())) >= self.table.an_hour:
            raise LeftAlone("limit-hour", "the limit of the hour is reached, whatever the clock says")

    def _find_kind(
        self, incident: Incident, steps: Sequence[ContainmentStep], history: AutomaticHistory
    ) -> AccountKind:
        """Return the kind of the account, the most protected of all vendors'. Raises LeftAlone."""
        reader = AccountKindReader(self.table, self.asking)
        kinds = [reader.find_kind(step) for step in steps]
        for kind in kinds:
            check_kind(self.table, incident, kind)
        gone = frozenset(act.account.casefold() for act in history.acts)
        for step, kind in zip(steps, kinds, strict=True):
            if kind == "administrators":
                reader.check_another_administrator(step, gone)
        return min(kinds, key=("administrators", "services", "people").index)

    def _leave(
        self, journal: Journal, history: AutomaticHistory, incident: Incident, left: LeftAlone
    ) -> None:
        if left.rule in _UNWRITTEN or (incident.id, self.table.digest, left.rule) in history.judged:
            return
        journal.append(
            "withheld", incident=incident.id, tenant=incident.tenant, account=incident.account,
            settings=self.table.digest, rule=left.rule, why=left.why,
        )  # fmt: skip
        if left.rule.startswith("limit-"):
            self.announce(tell_limit(incident, left.why))

    def _act(self, journal: Journal, history: AutomaticHistory, act: _IntendedAct) -> None:
        plan, by = act.plan, history.confirmed[1] if history.confirmed else ""
        journal.append("acting", **act.entry(self.table.digest))
        self.prove()  # whoever took over meanwhile finds the line, and does not act on the incident
        self._recent.setdefault(act.incident.tenant, deque(maxlen=100)).append(self.clock.monotonic())
        states: dict[str, str] = {step.id: "unclear" for step in act.steps}
        try:
            with begin_journal(
                plan_journal_file(self.store, plan.id), plan, lambda: self._stamp(history)
            ) as one:
                who = f"Seawall, by itself, as {by} confirmed"
                run = PlanRun(plan, one, self.asking, who, "apply", frozenset(states))
                states |= {found.step: found.state for found in run.carry_out() if found.step in states}
        except (
            SeawallError
        ):  # the plan's journal failed: what is not known stays unclear, and a person is told
            pass
        journal.append("acted", plan=plan.id, states=states)
        self._tell_acts(journal)

    def _tell_acts(self, journal: Journal) -> None:
        """Announce the acts with a result that were not announced; after a crash in between, one is announced twice."""
        for act in read_automatic_history(journal.entries).acts:
            if act.states is not None and not act.is_told:
                self.announce(tell_act(act, plan_journal_file(self.store, act.plan)))
                journal.append("told", plan=act.plan)

    def _is_behind(self, history: AutomaticHistory) -> bool:
        return self.clock.now() < history.latest - TOLERATED

    def _now(self, history: AutomaticHistory) -> int:
        """Return the time, never before the journal's last line."""
        return max(self.clock.now(), history.latest)

    def _stamp(self, history: AutomaticHistory) -> str:
        return format_time(self._now(history), digits=6)

    def _open(self) -> AbstractContextManager[Journal]:
        return open_automatic_journal(self.store, self.clock.now)


def _order(candidate: AutomaticCandidate) -> tuple[int, float, str]:
    one = candidate.incident
    rank = SEVERITIES.index(one.severity) if one.severity in SEVERITIES else -1
    return (-rank, -one.score, one.id)


def _make_key(candidate: AutomaticCandidate) -> tuple[Any, ...]:
    """Return what a verdict depends on, besides limits and vendors."""
    one = candidate.incident
    return (one.id, one.severity, one.chance, one.raised, one.last_event, candidate.is_announced,
            candidate.is_answered, candidate.is_history)  # fmt: skip
