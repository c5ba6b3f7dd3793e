"""Benign changes of the organisation: joiners, leavers, mergers, waves of help desk work, projects, gaps in logs."""

from __future__ import annotations

from collections.abc import Callable

from seawall.lab.worlds.acts import ActivityLog, place_in_hours, read, sign_in
from seawall.lab.worlds.benign_changes.stage import Confuser, Span, names, some_day, some_people
from seawall.lab.worlds.networks import microsoft_address
from seawall.lab.worlds.organisation import LabAccount
from seawall.lab.worlds.organisation_maker import make_person
from seawall.lab.worlds.routine.accounts import consent, method_change, password_reset, register_method, reset
from seawall.lab.worlds.routine.administration import administer, odd_administration, provider_housekeeping
from seawall.lab.worlds.routine.mailboxes import delegate, folder_permission, forwarding, mailbox_rule
from seawall.lab.worlds.routine.people import find_address, shell_of, web_of, working_time
from seawall.lab.worlds.routine.signing_in import guest_access, spray
from seawall.lab.worlds.seeded_random import SeededRandom


def joiners(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have people join, some of them many on one day."""
    spans: list[Span] = []
    block = some_day(diary, dice)
    for person in some_people(diary, dice, 0.02, 0.15):
        if not person.is_admin:
            person.first_day = block if dice.chance(0.4) else some_day(diary, dice)
            spans.append(([person.upn], person.first_day, min(diary.days, person.first_day + 14)))
    return spans


def leavers(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have people leave; a colleague may read their mailbox afterwards."""
    spans: list[Span] = []
    for person in some_people(diary, dice, 0.01, 0.06):
        if not person.is_admin and not person.first_day:
            person.last_day = some_day(diary, dice) + 1
            if dice.chance(0.4):
                dice.pick(diary.tenant.people).guests.append((person, person.last_day))
            spans.append(([person.upn], person.last_day, diary.days))
    return spans


def merger(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Add a block of accounts from another organisation, in another country and with other programs."""
    tenant, day = diary.tenant, some_day(diary, dice)
    country = dice.pick(("US", "GB", "DE", "IN", "BR", "PL", "JP", "ZA", "TR", "MX", "TH"))
    size = max(3, round(len(tenant.people) * dice.between(0.03, 0.2)))
    people = [
        make_person(
            tenant,
            f"{dice.pick('abcdefghijklmnoprstvw')}{dice.pick(('smith', 'lopez', 'kumar', 'novak', 'lee', 'silva'))}{number}",
            country,
            dice,
        )
        for number in range(size)
    ]
    for person in people:
        person.first_day = day + dice.below(3)
    tenant.people += people
    return [(names(people), day, diary.days)]


def help_desk_wave(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Reset passwords and register authentication methods for many people within a few days."""
    people, day, length = some_people(diary, dice, 0.05, 0.5), some_day(diary, dice), dice.count(1, 4)
    for person in people:

        def renew(diary: ActivityLog, day: int, person: LabAccount = person) -> None:
            time = working_time(diary, person, day)
            reset(diary, diary.dice.pick(diary.tenant.admins()), person, time, microsoft_address(diary.dice))
            if diary.dice.chance(0.6):
                register_method(diary, person, find_address(diary, person, day), time + 900, "app")

        diary.plan(day + dice.below(length), renew)
    return [(names(people), day, min(diary.days, day + length))]


def new_delegates(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Change assistants, share folders, and let a team take over a mailbox."""
    for _ in range(1 + dice.poisson(len(diary.tenant.people) * 0.02)):
        diary.plan(some_day(diary, dice), delegate if dice.chance(0.7) else folder_permission)
    return [([], 0, diary.days)]


def new_tenant(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Begin the log with the set-up of the organisation: accounts, roles, methods, rules, rights and consents at once."""
    length = dice.count(1, 4)
    busy = diary.tenant.style.confuser_scale * len(diary.tenant.people) / length
    steps: tuple[tuple[float, Callable[[ActivityLog, int], None]], ...] = (
        (0.1, administer),
        (0.03, odd_administration),
        (0.2, method_change),
        (0.05, mailbox_rule),
        (0.03, delegate),
        (0.03, consent),
        (0.15, provider_housekeeping),
    )
    for day in range(length):
        for share, step in steps:
            for _ in range(1 + dice.poisson(share * busy)):
                diary.plan(day, step)
    return [([], 0, length)]


def rule_training(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have many people create rules after a training; some forward their mail for the holidays."""
    day, length = some_day(diary, dice), dice.count(1, 5)
    for _ in range(2 + dice.poisson(len(diary.tenant.people) * 0.05)):
        diary.plan(day + dice.below(length), mailbox_rule if dice.chance(0.8) else forwarding)
    return [([], day, min(diary.days, day + length))]


def method_renewal(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have many people register better authentication methods."""
    day, length = some_day(diary, dice), dice.count(2, 12)
    for _ in range(2 + dice.poisson(len(diary.tenant.people) * 0.1)):
        diary.plan(day + dice.below(length), method_change)
    return [([], day, min(diary.days, day + length))]


def admin_project(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have administrators search, export, change auditing and read other mailboxes, for legitimate reasons."""
    admin, day, length = dice.pick(diary.tenant.admins()), some_day(diary, dice), dice.count(1, 8)

    def work(diary: ActivityLog, day: int) -> None:
        odd_administration(diary, day)
        if diary.dice.chance(0.5):
            owner, client, client_address = (
                diary.dice.pick(diary.tenant.people),
                web_of(diary, admin),
                find_address(diary, admin, day),
            )
            time = working_time(diary, admin, day)
            session = sign_in(
                diary, admin, client.twin() if diary.dice.chance(0.2) else client, client_address, time
            )
            for step in range(1 + diary.dice.poisson(4)):
                moment = time + 60 + 150 * step
                read(
                    diary,
                    admin,
                    client,
                    client_address,
                    moment,
                    place_in_hours(session, moment),
                    owner,
                    1 + diary.dice.poisson(6),
                    diary.dice.pick(owner.folders),
                )

    shell_of(diary, admin)
    for later in range(day, day + length):
        if dice.chance(0.7):
            diary.plan(later, work)
    return [([admin.upn], day, min(diary.days, day + length))]


def spray_wave(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have strangers try passwords for days without success."""
    day, length = some_day(diary, dice), dice.count(1, 6)
    for later in range(day, day + length):
        for _ in range(dice.count(1, 4)):
            diary.plan(later, spray)
    return [([], day, min(diary.days, day + length))]


def partners(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have partners' guests and owners of personal accounts open shared mailboxes and calendars for a while."""
    day, length = some_day(diary, dice), dice.count(2, 20)
    for later in range(day, min(diary.days, day + length)):
        if dice.chance(0.5):
            diary.plan(later, guest_access)
    return [([], day, min(diary.days, day + length))]


def forgotten_passwords(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Give many people a new password after a holiday."""
    day = some_day(diary, dice)
    for _ in range(1 + dice.poisson(len(diary.tenant.people) * 0.04)):
        diary.plan(day, password_reset)
    return [([], day, min(diary.days, day + 1))]


def log_gap(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Interrupt a source for hours or days."""
    spans: list[Span] = []
    for _ in range(dice.count(1, 3)):
        day, hours = some_day(diary, dice), dice.log_between(2, 60)
        start = diary.start + 86400 * (day + dice.uniform())
        diary.tenant.gaps.append(
            (dice.pick(("audit", "signins", "signins", "directory")), start, start + 3600 * hours)
        )
        spans.append(([], day, min(diary.days, day + 1 + int(hours // 24))))
    return spans


CONFUSERS: dict[str, Confuser] = {
    "joiners": joiners,
    "leavers": leavers,
    "merger": merger,
    "help_desk_wave": help_desk_wave,
    "new_tenant": new_tenant,
    "new_delegates": new_delegates,
    "rule_training": rule_training,
    "method_renewal": method_renewal,
    "admin_project": admin_project,
    "spray_wave": spray_wave,
    "partners": partners,
    "forgotten_passwords": forgotten_passwords,
    "log_gap": log_gap,
}
