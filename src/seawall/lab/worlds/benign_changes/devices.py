"""Benign changes of programs and devices: roll-outs, new phones and laptops, browsers, scripts, habits."""

from __future__ import annotations

from seawall.lab.worlds.acts import ActivityLog
from seawall.lab.worlds.benign_changes.stage import Confuser, Span, names, some_day, some_people
from seawall.lab.worlds.clients import (
    LabClient,
    apple_mail,
    browser_client,
    outlook_desktop,
    outlook_mobile,
    script,
    thunderbird,
)
from seawall.lab.worlds.organisation import LabAccount
from seawall.lab.worlds.organisation_maker import give_devices, pick_browser
from seawall.lab.worlds.routine.signing_in import denied_prompt, device_code, legacy_use, run_script
from seawall.lab.worlds.seeded_random import SeededRandom

NEW_OUTLOOK = "5d661950-3475-41cd-a2c3-d671a3162bc1"


def _add(clients: list[LabClient], new: LabClient, day: int, replaces: LabClient | None = None) -> None:
    new.first_day = day
    if replaces is not None:
        replaces.last_day = day - 1
    clients.append(new)


def app_roll_out(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Roll out a new mail program to many people within some days."""
    people, start, spread = some_people(diary, dice, 0.15, 0.9), some_day(diary, dice), dice.count(1, 8)
    kind = dice.pick(("new_outlook", "mobile", "desktop", "firefox"))
    for person in people:
        day = start + dice.below(spread)
        old = next((client for client in person.desks if client.style in ("mapi", "ews")), None)
        if kind == "new_outlook":
            new = browser_client("edge", "windows11", dice, NEW_OUTLOOK)
            _add(person.desks, new, day, old if dice.chance(0.6) else None)
        elif kind == "mobile":
            _add(person.phones, outlook_mobile(dice.pick(("iphone", "android")), dice), day)
        elif kind == "desktop":
            _add(person.desks, outlook_desktop(dice.pick(("windows11", "mac")), dice), day, old)
        else:
            _add(person.desks, browser_client("firefox", "windows", dice), day)
    return [(names(people), start, min(diary.days, start + spread))]


def new_phone(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Give some people a new phone."""
    spans: list[Span] = []
    for person in some_people(diary, dice, 0.01, 0.1):
        day = some_day(diary, dice)
        for old in person.phones:
            old.last_day = min(old.last_day, day + dice.below(3))
        _add(
            person.phones,
            apple_mail(dice) if dice.chance(0.35) else outlook_mobile(dice.pick(("iphone", "android")), dice),
            day,
        )
        spans.append(([person.upn], day, diary.days))
    return spans


def new_laptop(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Give some people a new computer, on which every program is new."""
    spans: list[Span] = []
    for person in some_people(diary, dice, 0.01, 0.08):
        day, old, phones = some_day(diary, dice), person.desks, person.phones
        give_devices(person, diary.tenant.style, dice, day)
        for client in old:
            client.last_day = min(client.last_day, day + dice.below(2))
        person.desks, person.phones = old + person.desks, phones
        spans.append(([person.upn], day, diary.days))
    return spans


def browser_switch(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have some people use another browser, or read mail in a browser for the first time."""
    spans: list[Span] = []
    for person in some_people(diary, dice, 0.02, 0.15):
        day, system = some_day(diary, dice), dice.pick(("windows", "windows11", "mac", "linux"))
        _add(person.desks, browser_client(pick_browser(system, dice), system, dice), day)
        person.desks[-1].last_day = day + dice.pick((0, 1, 5, 10_000))
        spans.append(([person.upn], day, diary.days))
    return spans


def new_program(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have some people set up Thunderbird, or an old IMAP or POP program that downloads everything."""
    spans: list[Span] = []
    for person in some_people(diary, dice, 0.003, 0.03):
        day = some_day(diary, dice)
        _add(person.desks, thunderbird(dice.pick(("windows", "linux", "mac")), dice), day)
        spans.append(([person.upn], day, diary.days))
    for _ in range(dice.below(4)):
        diary.plan(some_day(diary, dice), legacy_use)
    return spans


def own_scripts(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have developers and others read their own mailbox by script, some from a rented server."""
    spans: list[Span] = []
    for person in some_people(diary, dice, 0.004, 0.04):
        day, style = some_day(diary, dice), dice.pick_weighted([("graph", 0.55), ("ews", 0.3), ("owa", 0.15)])
        app = dice.pick(
            (
                diary.tenant.developer_app,
                "14d82eec-204b-4c2f-b7e8-296a70dab67e",
                "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
                "de8bc8b5-d9f9-48b1-a8ad-b748da725064",
                "d3590ed6-52b3-4102-aeff-aad2292ab01c",
                "27922004-5251-4030-b22d-91ecd9a37ea4",
            )
        )
        person.tools.append(script(dice, app, style=style))

        def run(diary: ActivityLog, day: int, person: LabAccount = person) -> None:
            run_script(diary, person, day)

        for later in range(day, min(diary.days, day + dice.pick((1, 3, 10, 40)))):
            if dice.chance(0.6):
                diary.plan(later, run)
        spans.append(([person.upn], day, diary.days))
    for _ in range(dice.below(4)):
        diary.plan(some_day(diary, dice), device_code)
    return spans


def night_reading(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have some people read mail at night for a while."""
    spans: list[Span] = []
    for person in some_people(diary, dice, 0.02, 0.1):
        day, length = some_day(diary, dice), dice.count(1, 12)
        person.busy_nights.update(range(day, day + length))
        if dice.chance(0.4):
            person.off.update(range(day, day + length))
        spans.append(([person.upn], day, min(diary.days, day + length)))
    return spans


def prompt_mishaps(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have people deny or miss MFA prompts after a change of the authenticator app."""
    day, length = some_day(diary, dice), dice.count(1, 4)
    for later in range(day, day + length):
        for _ in range(1 + dice.poisson(len(diary.tenant.people) * 0.01)):
            diary.plan(later, denied_prompt)
    return [([], day, min(diary.days, day + length))]


CONFUSERS: dict[str, Confuser] = {
    "app_roll_out": app_roll_out,
    "new_phone": new_phone,
    "new_laptop": new_laptop,
    "browser_switch": browser_switch,
    "new_program": new_program,
    "own_scripts": own_scripts,
    "night_reading": night_reading,
    "prompt_mishaps": prompt_mishaps,
}
