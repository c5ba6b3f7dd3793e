"""Measure the value of feedback: an analyst answers incidents for three weeks, then nobody does.

`python bench/feedback.py --worlds 6`. Each made-up world is scored once. During the first three weeks with attacks, the
default budget raises incidents day by day, and the analyst answers each on that day. An incident with an attacker's records
is answered as a takeover. One that a change of the organisation explains is answered as an expected change, any other as a
false alarm.

The three weeks after are measured: incidents raised, those of attacks that began in these weeks, and false ones. Baselines
are no answers, and an analyst who is wrong one time in five. Incidents that were raised before use no budget again.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean, median
from typing import Any

import msgspec

from seawall.detection.feedback.applying import compute_effects
from seawall.detection.feedback.columns import CandidateColumns
from seawall.detection.feedback.drafting import check_draft, list_choices, list_lessons
from seawall.detection.feedback.expected import DAY
from seawall.detection.feedback.regrouping import CaseRows, cases, select_cases
from seawall.detection.feedback_values import FeedbackAnswer, FeedbackDraft, FeedbackValue
from seawall.detection.incidents.alert_budget import compute_incident_limit
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.engine import ScoredDay
from seawall.events.coded_batch import Floats
from seawall.lab.evaluate.outcomes import UNEXPLAINED, microseconds
from seawall.lab.evaluate.worlds import ensure_world, measuring_worlds
from seawall.pipeline import scan as pipeline
from seawall.pipeline.live.candidates import pack_candidate, unpack_candidate
from seawall_base.errors import UsageError

ANSWERED_DAYS = 21
OF_THE_ORGANISATION = 10
"""Number of accounts from which on a change counts as one of the organisation."""

SHARED_BY = 3
"""Number of accounts that must share a value before the analyst includes it in the change."""


@dataclass
class World:
    """The candidates of a world, and its truth."""

    candidates: list[ScoredCandidate]
    truth: Mapping[str, Any]
    accounts: int
    budget: float | None

    def __post_init__(self) -> None:
        self.columns = CandidateColumns(self.candidates)
        self.first = microseconds(self.truth["quiet_until"]) // DAY
        self.last = max(one.day for one in self.candidates)
        self.owner = {uid: place for place, one in enumerate(self.truth["attacks"]) for uid in one["events"]}

    def attacks(self, story: Sequence[int]) -> set[int]:
        """Return the attacks whose records a case contains."""
        return {self.owner[uid] for row in story for uid in self.candidates[row].events if uid in self.owner}

    def shared(self, case: CaseRows, possible: Sequence[FeedbackValue]) -> tuple[FeedbackValue, ...]:
        """Return the values of a case that belong to a change of the organisation, none if there is no such change."""
        top = self.candidates[case.top]
        accounts = {
            name
            for one in self.truth["confusers"]
            if top.account in one["accounts"] and len(one["accounts"]) >= OF_THE_ORGANISATION
            and microseconds(one["start"]) <= top.last and microseconds(one["end"]) >= top.first
            for name in one["accounts"]
        }  # fmt: skip
        showing: dict[FeedbackValue, set[str]] = defaultdict(set)
        for one in self.candidates:
            if one.account in accounts and one.day <= top.day:
                for fact in one.facts:
                    showing[FeedbackValue(fact.field, fact.now)].add(one.account)
        return tuple(value for value in possible if len(showing[value]) >= SHARED_BY)

    def confuser(self, case: CaseRows) -> tuple[str, int]:
        """Return the benign change that explains a false incident, and the number of accounts it affects."""
        top = self.candidates[case.top]
        fitting = [
            (len(one["accounts"]), one["kind"])
            for one in self.truth["confusers"]
            if top.account in one["accounts"]
            and microseconds(one["start"]) <= top.last
            and microseconds(one["end"]) >= top.first
        ]
        shared, kind = min(fitting, default=(1, UNEXPLAINED))
        return kind, shared


@dataclass
class Arm:
    """One way of answering: `wrong` is the share of wrong answers, None for no answers."""

    name: str
    wrong: float | None
    kinds: frozenset[str] = frozenset(("compromised", "safe", "expected-change"))
    raised: int = 0
    caught: set[tuple[int, int]] = field(default_factory=set)
    staged: int = 0
    false: Counter[str] = field(default_factory=Counter)
    given: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    ahead: list[int] = field(default_factory=list)

    def run(self, world: World, seed: int) -> None:
        """Answer for three weeks, then count the incidents raised in the weeks after."""
        dice, answers, told = random.Random(seed), list[FeedbackAnswer](), set[int]()
        until, spent = world.first + ANSWERED_DAYS, 0
        for day in range(world.first, until):
            for case in _raised(world, answers, told, (world.first, day), spent):
                told |= set(case.near)
                spent += 1
                answer = self._answer(world, case, len(answers) + 1, day, dice)
                answers += [answer] if answer else []
        self._rank(world, answers, frozenset(told), until)
        before = self.raised
        for day in range(until, world.last + 1):
            for case in _raised(world, answers, told, (until, day), self.raised - before):
                told |= set(case.near)
                self._count(world, case, until)
        since = until * DAY
        self.staged += sum(
            microseconds(one["first_event"]) >= since and not one["near_impossible"]
            for one in world.truth["attacks"]
        )

    def _answer(
        self, world: World, case: CaseRows, number: int, day: int, dice: random.Random
    ) -> FeedbackAnswer | None:
        if self.wrong is None:
            return None
        is_true = bool(world.attacks(case.story)) != (dice.random() < self.wrong)
        draft = FeedbackDraft("compromised") if is_true else FeedbackDraft("safe")
        top, learnt, now = (
            world.candidates[case.top],
            list_lessons(world.candidates[row] for row in case.story),
            (day + 1) * DAY,
        )
        shared = () if is_true else world.shared(case, list_choices(learnt, "tenant"))
        if shared:
            draft = FeedbackDraft("expected-change", "tenant", shared)
        try:
            draft = check_draft(draft, learnt, now)
        except UsageError:  # such as a country alone
            draft = check_draft(FeedbackDraft("safe"), learnt, now)
        if draft.answer not in self.kinds:
            return None
        self.given[draft.answer] += 1
        return FeedbackAnswer(
            number, str(number), top.tenant, top.account, top.account_type, draft.answer, draft.reach, draft.values,
            now, now, draft.expires_at, learnt,
        )  # fmt: skip

    def _rank(
        self, world: World, answers: Sequence[FeedbackAnswer], told: frozenset[int], until: int
    ) -> None:
        """Record how many false incidents of the later weeks outrank each new attack, all of them if it is not found."""
        everything = _cases(world, answers, (until, world.last))
        fresh = [case for case in everything if told.isdisjoint(case.near)]
        wrong, ahead = 0, dict[int, int]()
        for case in fresh:
            found = world.attacks(case.story)
            wrong += not found
            for place in found:
                ahead.setdefault(place, wrong)
        for place, attack in enumerate(world.truth["attacks"]):
            if microseconds(attack["first_event"]) >= until * DAY and not attack["near_impossible"]:
                self.ahead.append(ahead.get(place, wrong))

    def _count(self, world: World, case: CaseRows, until: int) -> None:
        self.raised += 1
        found = world.attacks(case.story)
        fresh = [
            world.truth["attacks"][place]
            for place in found
            if microseconds(world.truth["attacks"][place]["first_event"]) >= until * DAY
        ]
        if not found:
            self.false[world.confuser(case)[0]] += 1
        elif not fresh:
            self.repeated += 1
        for place in found:
            attack = world.truth["attacks"][place]
            if attack in fresh and not attack["near_impossible"]:
                self.caught.add((id(world), place))


def _raised(
    world: World, answers: Sequence[FeedbackAnswer], told: set[int], span: tuple[int, int], spent: int
) -> list[CaseRows]:
    """Return the unannounced incidents that the rest of the budget raises on the last day of a span."""
    since, day = span
    columns, rows, changed = _changed(world, answers, day, 44)
    found = cases(columns, columns.scores + changed)
    fresh = [case for case in found if not any(rows[row] in told for row in case.near)]
    limits = dict.fromkeys(
        columns.of_tenant, compute_incident_limit(world.budget, world.accounts, day - since + 1) - spent
    )
    through = select_cases(columns, fresh, limits, changed, since=since, is_sparing=world.budget is None)
    return [_numbered(case, rows) for case in through]


def _cases(world: World, answers: Sequence[FeedbackAnswer], span: tuple[int, int]) -> list[CaseRows]:
    """Return all cases of a span, highest score first."""
    columns, rows, changed = _changed(world, answers, span[1], span[1] - span[0] + 1)
    return [_numbered(case, rows) for case in cases(columns, columns.scores + changed)]


def _changed(
    world: World, answers: Sequence[FeedbackAnswer], day: int, days: int
) -> tuple[CandidateColumns, list[int], Floats]:
    rows = [row for row, one in enumerate(world.candidates) if day - days < one.day <= day]
    columns = CandidateColumns([world.candidates[row] for row in rows], world.columns)
    return columns, rows, compute_effects(columns, answers, (day + 1) * DAY).change


def _numbered(case: CaseRows, rows: list[int]) -> CaseRows:
    return CaseRows(case.score, tuple(rows[row] for row in case.story), tuple(rows[row] for row in case.near))


def _collect(kept: list[ScoredCandidate], scored: ScoredDay) -> None:
    kept.extend(scored.candidates)


def worlds(
    count: int, seed: int, accounts: int, days: int, keep: Path, budget: float | None
) -> Iterator[World]:
    """Yield worlds, made and scored unless the folder has them already."""
    for settings in measuring_worlds(count, seed, accounts, days):
        folder, place = ensure_world(settings, keep), keep / f"candidates-{settings.seed}"
        if not place.exists():
            kept: list[ScoredCandidate] = []
            pipeline.scan([folder / "logs"], watch=partial(_collect, kept))
            place.write_bytes(msgspec.msgpack.encode([pack_candidate(one) for one in kept]))
        found = [
            unpack_candidate(one) for one in msgspec.msgpack.decode(place.read_bytes(), type=list[bytes])
        ]
        per_day = None if budget is None else budget * accounts / 1000
        yield World(found, json.loads((folder / "truth.json").read_text()), accounts, per_day)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=6)
    parser.add_argument("--seed", type=int, default=301)
    parser.add_argument("--accounts", type=int, default=300)
    parser.add_argument("--days", type=int, default=63)
    parser.add_argument(
        "--budget", type=float, help="incidents a day per 1,000 accounts, spent to the last; default 2"
    )
    parser.add_argument("--keep", type=Path, help="keep worlds and candidates in this folder")
    asked = parser.parse_args()
    arms = [
        Arm("nobody answers", None),
        Arm("true answers", 0.0),
        Arm("of these, takeovers only", 0.0, frozenset(("compromised",))),
        Arm("of these, harmless only", 0.0, frozenset(("safe", "expected-change"))),
        Arm("one in five wrong", 0.2),
        Arm("all wrong", 1.0),
    ]
    with tempfile.TemporaryDirectory() as scratch:
        found = list(
            worlds(
                asked.worlds,
                asked.seed,
                asked.accounts,
                asked.days,
                asked.keep or Path(scratch),
                asked.budget,
            )
        )
    for place, world in enumerate(found):
        for arm in arms:
            arm.run(world, asked.seed + place)
    print(
        f"{len(found)} worlds of {asked.accounts} accounts; {asked.budget or 2:g} a day per 1,000; {ANSWERED_DAYS} days answered"
    )
    print(
        "| | answers: takeover, safe, expected | raised after | of new attacks | of old ones | false | recall |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for arm in arms:
        given = ", ".join(str(arm.given[kind]) for kind in ("compromised", "safe", "expected-change"))
        wrong = sum(arm.false.values())
        print(
            f"| {arm.name} | {given} | {arm.raised} | {arm.raised - wrong - arm.repeated} | {arm.repeated} | {wrong} | "
            f"{len(arm.caught)} of {arm.staged} | {fmean(arm.ahead):.1f}, {median(arm.ahead):g} |"
        )
    for arm in arms:
        print(
            f"false, {arm.name}: " + ", ".join(f"{kind} {count}" for kind, count in arm.false.most_common())
        )


if __name__ == "__main__":
    main()
