"""Ways of reading mail besides the usual one: message by message, in sweeps over folders, or a glance now and then."""

from __future__ import annotations

from seawall.lab.worlds.acts import ActivityLog, Held, read
from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.organisation import LabAccount

_SYNCHRONISING = ("mapi", "imap", "activesync", "ews")


def read_by_habit(
    way: str,
    diary: ActivityLog,
    person: LabAccount,
    client: LabClient,
    client_address: str,
    time: float,
    held: Held,
    owner: LabAccount | None,
) -> float:
    """Add reading in one of the ways singly, sweeps or peeks; return the time after the last record."""
    dice = diary.dice
    if client.style in _SYNCHRONISING and dice.chance(diary.tenant.habits.sync_share):
        read(
            diary, person, client, client_address, time, held, owner, 0, dice.pick(person.folders), sync=True
        )
        return time + dice.between(1, 60)
    for count, wait in _counts(way, diary):
        folder = person.folders[0] if dice.chance(0.7) else dice.pick(person.folders)
        read(diary, person, client, client_address, time, held, owner, count, folder)
        time += wait
    return time


def _counts(way: str, diary: ActivityLog) -> list[tuple[int, float]]:
    """Draw (messages, seconds until the next record) of each record."""
    dice = diary.dice
    if way == "singly":
        return [(1, dice.log_between(3, 300)) for _ in range(1 + dice.poisson(1.2))]
    if way == "sweeps":
        heavy = min(400, int((1 - dice.uniform()) ** (-1 / 1.3)))
        return [(heavy, dice.between(60, 900))]
    return [(1 + dice.poisson(0.3), dice.between(30, 200))] if dice.chance(0.7) else []
