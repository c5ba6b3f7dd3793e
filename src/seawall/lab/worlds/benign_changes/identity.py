"""Benign changes at Okta and Google Workspace: factor renewal, automation, tools with delegation."""

from __future__ import annotations

from seawall.lab.worlds.acts import ActivityLog
from seawall.lab.worlds.benign_changes.stage import Confuser, Span, some_day, some_people
from seawall.lab.worlds.routine.identity import (
    factor_reset,
    identity_work,
    let_act_as_anybody,
    read_as_delegate,
)
from seawall.lab.worlds.routine.mailboxes import forwarding
from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.services import THIRD_PARTY, make_application


def factor_renewal(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Renew phones: the help desk resets factors for days, and their owners enrol new ones."""
    day, length = some_day(diary, dice), dice.count(1, 6)
    for _ in range(2 + dice.poisson(len(diary.tenant.people) * 0.05)):
        diary.plan(day + dice.below(length), factor_reset)
    return [([], day, min(diary.days, day + length))]


def automation(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Automate administration: API tokens, roles and rules change for some days."""
    day, length = some_day(diary, dice), dice.count(1, 8)
    for _ in range(3 + dice.poisson(12)):
        diary.plan(day + dice.below(length), identity_work)
    return [([], day, min(diary.days, day + length))]


def delegated_tool(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Grant a tool domain-wide delegation, with which it reads many mailboxes for some days."""
    day, length = some_day(diary, dice), dice.count(1, 10)
    app = make_application(*dice.pick(THIRD_PARTY), dice, is_delegated=False)
    people = some_people(diary, dice, 0.02, 0.4)
    diary.tenant.apps.append(app)

    def work(diary: ActivityLog, day: int) -> None:
        time = diary.start + 86400 * (day + diary.dice.uniform())
        items = diary.dice.log_between(1, 30)
        read_as_delegate(diary, app, app.place.address(day, diary.dice), time, people, items)

    diary.plan(day, lambda diary, day: let_act_as_anybody(diary, day, app))
    for later in range(day, min(diary.days, day + length)):
        if dice.chance(0.7):
            diary.plan(later, work)
    return [([app.app], day, min(diary.days, day + length))]


def holiday_forwarding(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have some people forward their mail to a private address before a holiday."""
    day, length = some_day(diary, dice), dice.count(1, 4)
    for _ in range(1 + dice.poisson(len(diary.tenant.people) * 0.01)):
        diary.plan(day + dice.below(length), forwarding)
    return [([], day, min(diary.days, day + length))]


CONFUSERS: dict[str, Confuser] = {
    "factor_renewal": factor_renewal,
    "automation": automation,
    "delegated_tool": delegated_tool,
    "holiday_forwarding": holiday_forwarding,
}
NEEDS = {
    "factor_renewal": "okta",
    "automation": "okta",
    "delegated_tool": "google",
    "holiday_forwarding": "google",
}
"""The system that each change needs."""
