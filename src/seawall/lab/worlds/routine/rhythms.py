"""Other days than office days: spells of work around a person's own hours, and programs that ask for mail all day."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from seawall.lab.worlds.acts import ActivityLog
from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.habits import OrganisationHabits
from seawall.lab.worlds.networks import ConnectionPoint
from seawall.lab.worlds.organisation import LabAccount
from seawall.lab.worlds.seeded_random import SeededRandom

Segment = tuple[ConnectionPoint, float, float, str, float]
"""Place, start, end (seconds since 1970), device (desk or phone), and weight of a part of a day."""
_SPELLS_A_DAY = 3.5
_WEIGHT_A_DAY = 1.7
"""Sum of the weights of an ordinary office day's segments."""


def vary_day(habits: OrganisationHabits, dice: SeededRandom) -> float:
    """Draw the factor of an account's activity on a day, 1 in the mean."""
    spread = habits.day_spread
    return math.exp(dice.normal(-spread * spread / 2, spread)) if spread else 1.0


def pick_direct(
    habits: OrganisationHabits, person: LabAccount, client: LabClient, place: ConnectionPoint, day: int
) -> ConnectionPoint:
    """Return the place of a client's connection: programs that pass by the gateway show the network below it."""
    if place is person.vpn and client.style in habits.direct_styles:
        return person.away.get(day) or person.home
    return place


def spend_spells(diary: ActivityLog, person: LabAccount, day: int) -> Iterator[Segment]:
    """Yield spells of work around the person's own hours; the place is kept from spell to spell, as habits are."""
    dice = diary.dice
    midnight = diary.start + day * 86400 - person.offset * 3600
    is_working = _is_working(diary, person, day)
    place = _base(person, day, dice, is_working)
    for _ in range(dice.poisson(_SPELLS_A_DAY * (1.0 if is_working else 1.5 * person.weekend))):
        if dice.chance(0.2):
            place = _base(person, day, dice, is_working)
        start = midnight + 3600 * dice.normal(dice.pick(person.peaks or (person.starts + 4.0,)), 1.2)
        length = 3600 * dice.log_between(0.05, 3.0)
        is_phone = dice.chance(person.phone_share)
        shown = person.mobile if is_phone and dice.chance(0.5) else _through(person, place, day, dice)
        weight = _WEIGHT_A_DAY / _SPELLS_A_DAY * dice.between(0.4, 1.6)
        yield shown, start, start + length, "phone" if is_phone else "desk", weight


def poll(diary: ActivityLog, person: LabAccount, day: int) -> Iterator[Segment]:
    """Yield parts of a day on which programs ask for mail at all hours, as phones and open computers do."""
    dice = diary.dice
    midnight = diary.start + day * 86400 - person.offset * 3600
    is_working = _is_working(diary, person, day)
    place = _through(person, _base(person, day, dice, is_working), day, dice)
    home = person.away.get(day) or person.home
    starts, ends = midnight + 3600 * person.starts, midnight + 3600 * person.ends
    if is_working:
        yield place, starts, ends, "desk", 0.9
        yield person.mobile if dice.chance(0.5) else place, starts - 3600, ends + 3600, "phone", 0.35
    elif dice.chance(person.weekend):
        yield home, starts, ends + 3 * 3600, "desk", 0.3
    yield home, midnight, midnight + 86400, "phone", 0.35
    if dice.chance(person.evening * 0.5):  # a computer that stays open overnight
        yield _through(person, home, day, dice), ends, midnight + 86400, "desk", 0.4


def _is_working(diary: ActivityLog, person: LabAccount, day: int) -> bool:
    weekday = (int(diary.start // 86400) + 3 + day) % 7
    return weekday in person.workdays and day not in person.off and day not in diary.tenant.holidays


def _base(person: LabAccount, day: int, dice: SeededRandom, is_working: bool) -> ConnectionPoint:
    away = person.away.get(day)
    if away is not None or not is_working or dice.chance(person.remote):
        return away or person.home
    return person.office


def _through(person: LabAccount, place: ConnectionPoint, day: int, dice: SeededRandom) -> ConnectionPoint:
    tunnel = person.vpn
    return tunnel if tunnel and day >= person.vpn_from and dice.chance(person.vpn_share) else place


RHYTHMS: dict[str, Callable[[ActivityLog, LabAccount, int], Iterator[Segment]]] = {
    "spells": spend_spells,
    "polling": poll,
}
"""The rhythms besides office days, by name."""
