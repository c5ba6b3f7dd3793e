"""Draw who acts, when, from where and with which client."""

from __future__ import annotations

from seawall.lab.worlds.acts import ActivityLog
from seawall.lab.worlds.clients import LabClient, admin_shell, browser_client
from seawall.lab.worlds.organisation import LabAccount


def somebody(diary: ActivityLog, day: int) -> LabAccount:
    """Draw a person who works here on a day."""
    for _ in range(50):
        person = diary.dice.pick(diary.tenant.people)
        if person.first_day <= day < person.last_day:
            return person
    return diary.tenant.people[0]


def working_time(diary: ActivityLog, person: LabAccount, day: int) -> float:
    """Draw a time within the person's working day."""
    midnight = diary.start + day * 86400 - person.offset * 3600
    return midnight + 3600 * diary.dice.between(person.starts, person.ends)


def find_address(diary: ActivityLog, person: LabAccount, day: int) -> str:
    """Draw an address that the person uses on a day."""
    dice = diary.dice
    place = person.away.get(day) or (person.home if dice.chance(person.remote) else person.office)
    if person.vpn and day >= person.vpn_from and dice.chance(person.vpn_share):
        place = person.vpn
    return place.address(day, dice)


def web_of(diary: ActivityLog, person: LabAccount) -> LabClient:
    """Return the person's browser, a new one if there is none."""
    for client in person.desks:
        if client.used == "Browser":
            return client
    client = browser_client("edge", "windows", diary.dice)
    person.tools.append(client)
    return client


def shell_of(diary: ActivityLog, person: LabAccount) -> LabClient:
    """Return an administrator's Exchange shell."""
    for client in person.tools:
        if client.family == "powershell" and client.style == "none":
            return client
    client = admin_shell(diary.dice)
    person.tools.append(client)
    return client
