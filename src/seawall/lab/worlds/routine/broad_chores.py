"""Rarer acts of broadly made organisations: trials of programs, servers and services that read with unseen tokens, scripts."""

from __future__ import annotations

from collections.abc import Callable

from seawall.lab.worlds.acts import ActivityLog, cmdlet, read, token_for
from seawall.lab.worlds.clients import LabClient, browser_client, script
from seawall.lab.worlds.first_party import DEVELOPER_APPS, EXCHANGE, FAMILY_APPS
from seawall.lab.worlds.habits import OrganisationHabits
from seawall.lab.worlds.networks import networks_of
from seawall.lab.worlds.organisation import LabAccount, LabApplication
from seawall.lab.worlds.routine.accounts import SCOPES, grant
from seawall.lab.worlds.routine.people import find_address, shell_of, somebody, working_time
from seawall.lab.worlds.services import THIRD_PARTY, make_application

_BY_ADMINISTRATORS = ("password_reset", "administer", "delegate", "rotate_key", "method_change")


def scale_chore(habits: OrganisationHabits, name: str, diary: ActivityLog, day: int) -> float:
    """Return the factor on a chore's frequency on a day; 1 in plainly made organisations."""
    if not habits.is_broad:
        return 1.0
    scale = habits.chore_scale.get(name, 1.0)
    if name not in _BY_ADMINISTRATORS:
        return scale
    if (int(diary.start // 86400) + 3 + day) % 7 > 4:
        scale *= habits.chores_at_weekends
    if habits.chores == "steady":
        return scale
    return scale * (5.0 if diary.dice.chance(0.15) else 0.3)


def do_broad_chores(diary: ActivityLog, day: int) -> None:
    """Add a day's acts that only broadly made organisations have."""
    habits, size = diary.tenant.habits, len(diary.tenant.people)
    developers = sum(person.is_developer for person in diary.tenant.people)
    chores: tuple[tuple[float, Callable[[ActivityLog, int], None]], ...] = (
        (habits.hybrid_rate * size, relay),
        (habits.program_rate * size, try_program),
        (habits.developer_consents * developers, try_as_developer),
        (habits.tool_rate * developers, use_developer_tool),
        (habits.trial_rate * size, try_as_department),
        (habits.script_rate if habits.chores == "scripted" else 0.0, change_many),
    )
    for rate, chore in chores:
        for _ in range(diary.dice.poisson(rate)):
            chore(diary, day)
    for person in diary.tenant.people:
        if person.is_service:
            sweep_mailboxes(diary, person, day)


def relay(diary: ActivityLog, day: int) -> None:
    """Add a read on somebody's behalf by the organisation's own mail server, with a token that no sign-in shows."""
    dice, person = diary.dice, somebody(diary, day)
    client = relay_client(diary)
    time = working_time(diary, person, day)
    held = ("", dice.token(), time - dice.between(1, 3000))
    server = diary.tenant.relay.address(day, dice) if diary.tenant.relay else person.office.address(day, dice)
    for _ in range(1 + dice.below(3)):
        read(diary, person, client, server, time, held, None, 1 + dice.poisson(1.0), person.folders[0])
        time += dice.between(1, 500)


def relay_client(diary: ActivityLog) -> LabClient:
    """Return the program of a server that acts for people without their sign-in."""
    return script(diary.dice, EXCHANGE, style=diary.dice.pick(("ews", "graph")))


def try_program(diary: ActivityLog, day: int) -> None:
    """Let somebody use one of the provider's programs that is new to the account, for a while or for good."""
    dice, person = diary.dice, somebody(diary, day)
    app = dice.pick(FAMILY_APPS)
    if dice.chance(0.6):
        client = browser_client(
            dice.pick(("edge", "chrome")), dice.pick(("windows", "windows11", "mac")), dice, app
        )
    else:
        client = script(dice, app, style="graph")
    client.first_day = day
    client.last_day = day + dice.pick((0, 1, 4, 20, 10_000))
    if len(person.desks) < 6:
        person.desks.append(client)


def try_as_developer(diary: ActivityLog, day: int) -> None:
    """Add a developer's consent to an application of the own or of a stranger's."""
    developers = [person for person in diary.tenant.people if person.is_developer]
    if developers:
        app = make_application(*diary.dice.pick(THIRD_PARTY), diary.dice, is_delegated=True)
        _consent(diary, diary.dice.pick(developers), app, day, diary.dice.pick(SCOPES))


def use_developer_tool(diary: ActivityLog, day: int) -> None:
    """Add a developer's reading of mail with a developer's client, from the own computer or a rented one."""
    dice = diary.dice
    developers = [person for person in diary.tenant.people if person.is_developer]
    if not developers:
        return
    person = dice.pick(developers)
    tool = next((client for client in person.tools if client.app in DEVELOPER_APPS), None)
    if tool is None:
        tool = script(dice, dice.pick(DEVELOPER_APPS), style="graph")
        person.tools.append(tool)
    time, client_address = working_time(diary, person, day), find_address(diary, person, day)
    if dice.chance(0.25):
        client_address = dice.pick(networks_of(("hosting",))).v4_address(dice)
    held = token_for(diary, person, tool, client_address, time)
    for _ in range(1 + dice.poisson(1.5)):
        read(diary, person, tool, client_address, time, held, None, 1 + dice.poisson(4), person.folders[0])
        time += dice.between(5, 400)


def try_as_department(diary: ActivityLog, day: int) -> None:
    """Have several people of a department consent to one application within hours."""
    dice = diary.dice
    department = somebody(diary, day).department
    people = [
        person
        for person in diary.tenant.people
        if person.department == department and person.first_day <= day < person.last_day
    ]
    app = make_application(*dice.pick(THIRD_PARTY), dice, is_delegated=True)
    scope = dice.pick(SCOPES)
    for person in dice.sample(people, 2 + dice.below(12)):
        _consent(diary, person, app, day, scope)


def _consent(diary: ActivityLog, person: LabAccount, app: LabApplication, day: int, scope: str) -> None:
    if app not in diary.tenant.apps:
        app.first_day = day
        diary.tenant.apps.append(app)
    grant(diary, person, app, find_address(diary, person, day), working_time(diary, person, day), scope)
    if "Mail" in scope or "AccessAsUser" in scope:
        app.readers.append((person, day + 1, day + 1 + diary.dice.pick((1, 3, 14, 10_000))))


def change_many(diary: ActivityLog, day: int) -> None:
    """Add an administrator's script over many mailboxes."""
    dice, admin = diary.dice, diary.dice.pick(diary.tenant.admins())
    shell, client_address = shell_of(diary, admin), find_address(diary, admin, day)
    time = working_time(diary, admin, day)
    session, _, _ = token_for(diary, admin, shell, client_address, time)
    operation, parameters = dice.pick(
        (
            ("Set-Mailbox", {"MaxSendSize": "35 MB"}),
            ("Set-CASMailbox", {"ImapEnabled": "False"}),
            ("Add-MailboxPermission", {"User": admin.upn, "AccessRights": "ReadPermission"}),
        )
    )
    for target in dice.sample(diary.tenant.people, 5 + dice.below(40)):
        cmdlet(diary, operation, admin, shell, client_address, time, target, session, **parameters)
        time += dice.between(0.5, 20)


def sweep_mailboxes(diary: ActivityLog, person: LabAccount, day: int) -> None:
    """Let a service account read the mailboxes that it looks after."""
    dice, client = diary.dice, person.desks[0]
    time = diary.start + 86400 * (day + dice.uniform() * 0.9)
    client_address = person.office.address(day, dice)
    for owner, since in person.guests:
        if day >= since and dice.chance(0.8):
            held = token_for(diary, person, client, client_address, time)
            read(diary, person, client, client_address, time, held, owner, 1 + dice.poisson(3), "Inbox")
            time += dice.between(1, 120)
