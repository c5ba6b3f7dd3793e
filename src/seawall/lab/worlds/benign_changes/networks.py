"""Benign changes of network: travel, conferences, VPN, new internet lines, roaming, moves."""

from __future__ import annotations

from seawall.lab.worlds.acts import ActivityLog
from seawall.lab.worlds.benign_changes.stage import Confuser, Span, names, some_day, some_people
from seawall.lab.worlds.networks import ConnectionPoint, countries_with, networks_of
from seawall.lab.worlds.organisation import LabAccount
from seawall.lab.worlds.organisation_maker import give_vpn, mobile_place
from seawall.lab.worlds.seeded_random import SeededRandom


def _lodging(country: str, dice: SeededRandom) -> ConnectionPoint:
    kinds = dice.pick_weighted([(("residential",), 0.75), (("hosting",), 0.1), (("campus",), 0.15)])
    return ConnectionPoint(dice.pick(networks_of(kinds, country)), dice.between(0.1, 1.0))


def travel(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Send some people on journeys, near and far; phones roam on the home carrier or a local one."""
    spans: list[Span] = []
    for person in some_people(diary, dice, 0.05, 0.3):
        start, length = some_day(diary, dice), dice.count(1, 12)
        country = dice.pick(countries_with("residential")) if dice.chance(0.7) else person.country
        place = _lodging(country, dice)
        person.away.update(dict.fromkeys(range(start, start + length), place))
        if dice.chance(0.4):
            _swap_mobile(diary, person, country, start, length, dice)
        spans.append(([person.upn], start, min(diary.days, start + length)))
    return spans


def _swap_mobile(
    diary: ActivityLog, person: LabAccount, country: str, start: int, length: int, dice: SeededRandom
) -> None:
    usual, abroad = person.mobile, mobile_place(country, dice)

    def change(place: ConnectionPoint) -> None:
        person.mobile = place

    diary.plan(start, lambda _diary, _day: change(abroad))
    diary.plan(start + length, lambda _diary, _day: change(usual))


def conference(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Send several people to one event, on one network."""
    people, start, length = (
        dice.sample(diary.tenant.people, dice.count(3, 15)),
        some_day(diary, dice),
        dice.count(2, 5),
    )
    place = _lodging(dice.pick(countries_with("residential")), dice)
    for person in people:
        person.away.update(dict.fromkeys(range(start, start + length), place))
    return [(names(people), start, min(diary.days, start + length))]


def vpn_roll_out(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Roll out a VPN or SASE to the organisation within some days."""
    start, spread = some_day(diary, dice), dice.count(1, 8)
    kind = dice.pick_weighted([("sase", 0.6), ("hosting", 0.25), ("vpn", 0.15)])
    diary.tenant.vpn_network = dice.pick(networks_of((kind,)))
    people = some_people(diary, dice, 0.3, 1.0)
    for person in people:
        give_vpn(diary.tenant, person, start + dice.below(spread), dice)
    return [(names(people), start, min(diary.days, start + spread))]


def private_vpn(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have a few people use a commercial VPN, whose addresses are in hosting networks."""
    spans: list[Span] = []
    for person in some_people(diary, dice, 0.01, 0.06):
        start = some_day(diary, dice)
        kind = dice.pick_weighted([(("vpn",), 0.6), (("hosting",), 0.25), (("anonymiser",), 0.15)])
        person.vpn, person.vpn_from = (
            ConnectionPoint(dice.pick(networks_of(kind)), dice.between(0.1, 1.0)),
            start,
        )
        person.vpn_share, person.vpn_mobile = dice.between(0.1, 1.0), dice.chance(0.4)
        spans.append(([person.upn], start, diary.days))
    return spans


def new_provider(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have some people move house or change their provider."""
    spans: list[Span] = []
    for person in some_people(diary, dice, 0.01, 0.08):
        start = some_day(diary, dice)
        place = ConnectionPoint(
            dice.pick(networks_of(("residential",), person.country)),
            dice.log_between(0.01, 1.0),
            dice.pick((0.0, 0.4)),
        )

        def change(
            _diary: ActivityLog, _day: int, person: LabAccount = person, place: ConnectionPoint = place
        ) -> None:
            person.home = place

        diary.plan(start, change)
        spans.append(([person.upn], start, diary.days))
    return spans


def roaming(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have phones roam abroad for a day or so while everything else stays at home."""
    spans: list[Span] = []
    for person in some_people(diary, dice, 0.01, 0.1):
        start, length = some_day(diary, dice), dice.count(1, 4)
        _swap_mobile(diary, person, dice.pick(countries_with("mobile")), start, length, dice)
        spans.append(([person.upn], start, min(diary.days, start + length)))
    return spans


def second_home(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Have some people spend weekends at a second home."""
    people = some_people(diary, dice, 0.02, 0.12)
    for person in people:
        place = ConnectionPoint(
            dice.pick(networks_of(("residential",), person.country if dice.chance(0.8) else None)), 0.3
        )
        for day in range(dice.below(7), diary.days, 7):
            if dice.chance(0.5):
                person.away[day] = person.away[day + 1] = place
    return [(names(people), 0, diary.days)]


def office_move(diary: ActivityLog, dice: SeededRandom) -> list[Span]:
    """Give an office another internet line."""
    country, start = dice.pick(sorted(diary.tenant.offices)), some_day(diary, dice)
    place, network = diary.tenant.offices[country], dice.pick(networks_of(("residential",), country))

    def change(_diary: ActivityLog, _day: int) -> None:
        place.network = network
        place.fixed = tuple(network.v4_address(dice, 0) for _ in range(2))

    diary.plan(start, change)
    return [(names([person for person in diary.tenant.people if person.office is place]), start, diary.days)]


CONFUSERS: dict[str, Confuser] = {
    "travel": travel,
    "conference": conference,
    "vpn_roll_out": vpn_roll_out,
    "private_vpn": private_vpn,
    "new_provider": new_provider,
    "roaming": roaming,
    "second_home": second_home,
    "office_move": office_move,
}
