"""Where people of broadly made organisations connect from: kinds of people, carriers, and gateways."""

from __future__ import annotations

from collections.abc import Callable

from seawall.lab.worlds.acts import ActivityLog
from seawall.lab.worlds.networks import ConnectionPoint, Network, countries_with, networks_of
from seawall.lab.worlds.organisation import LabAccount, Tenant
from seawall.lab.worlds.seeded_random import SeededRandom


def roam(diary: ActivityLog, dice: SeededRandom) -> None:
    """Redraw where people connect from, under the laws of one organisation."""
    tenant = diary.tenant
    if dice.chance(0.6):
        weights = [(kind, dice.exponential(1.0) * (1.0 if name != "nomad" else 0.1)) for name, kind in _KINDS]
        for person in tenant.people:
            if not person.is_service:
                dice.pick_weighted(weights)(diary, person, dice)
    _hop(diary, dice)
    _redraw_carriers(tenant, dice)
    _redraw_gateways(tenant, dice)


def _hop(diary: ActivityLog, dice: SeededRandom) -> None:
    """Let people work from a café, a train or a customer's network now and then, in some organisations often."""
    often = dice.pick((0.0, dice.log_between(0.005, 0.3), dice.log_between(0.02, 0.4)))
    kinds = dice.pick(
        (
            ("residential", "campus"),
            ("residential", "mobile"),
            ("residential", "campus", "mobile", "hosting"),
        )
    )
    for person in diary.tenant.people:
        if person.is_service or not often:
            continue
        local = networks_of(kinds, person.country)
        for day in range(diary.days):
            if dice.chance(often):
                person.away.setdefault(day, ConnectionPoint(dice.pick(local)))


def _sit_in_office(_diary: ActivityLog, person: LabAccount, _dice: SeededRandom) -> None:
    person.remote = 0.0


def _work_at_home(_diary: ActivityLog, person: LabAccount, dice: SeededRandom) -> None:
    person.remote = dice.between(0.9, 1.0)


def _mix(_diary: ActivityLog, person: LabAccount, dice: SeededRandom) -> None:
    person.remote = dice.between(0.1, 0.8)


def _commute(diary: ActivityLog, person: LabAccount, dice: SeededRandom) -> None:
    """Work on the train: some days on the phone's network or on the carrier's hot spots alone."""
    share = dice.between(0.05, 0.5)
    for day in range(diary.days):
        if dice.chance(share):
            person.away[day] = person.mobile


def _travel_weekly(diary: ActivityLog, person: LabAccount, dice: SeededRandom) -> None:
    """Spend some days of most weeks at one of a few other places."""
    places = [
        ConnectionPoint(
            dice.pick(networks_of(("residential",), person.country if dice.chance(0.7) else None)),
            dice.between(0.0, 1.0),
        )
        for _ in range(dice.count(1, 3))
    ]
    first, length = dice.below(5), dice.count(1, 4)
    for week in range(0, diary.days, 7):
        if dice.chance(0.8):
            place = dice.pick(places)
            person.away.update(dict.fromkeys(range(week + first, week + first + length), place))


def _visit_customers(diary: ActivityLog, person: LabAccount, dice: SeededRandom) -> None:
    """Be at another place every day or so: customers' networks, cafés, hotels, or the carrier's network."""
    share = dice.between(0.2, 0.9)
    local = networks_of(("residential", "campus"), person.country)
    for day in range(diary.days):
        if dice.chance(share):
            person.away[day] = person.mobile if dice.chance(0.4) else ConnectionPoint(dice.pick(local))


def _wander(diary: ActivityLog, person: LabAccount, dice: SeededRandom) -> None:
    """Live in another country every few weeks."""
    day = dice.below(20)
    while day < diary.days:
        length = dice.count(4, 30)
        network = dice.pick(networks_of(("residential",), dice.pick(countries_with("residential"))))
        person.away.update(dict.fromkeys(range(day, day + length), ConnectionPoint(network, 0.3)))
        day += length
    person.remote = 1.0


_KINDS: tuple[tuple[str, Callable[[ActivityLog, LabAccount, SeededRandom], None]], ...] = (
    ("office", _sit_in_office),
    ("home", _work_at_home),
    ("mixed", _mix),
    ("commuter", _commute),
    ("weekly", _travel_weekly),
    ("field", _visit_customers),
    ("nomad", _wander),
)


def _redraw_carriers(tenant: Tenant, dice: SeededRandom) -> None:
    """Let carriers change address blocks daily, keep them, or share few addresses among everybody."""
    law = dice.pick(("sticky", "any", "shared"))
    size = dice.count(1, 40)
    pools: dict[int, tuple[str, ...]] = {}
    for person in tenant.people:
        if person.is_service or law == "sticky":
            continue
        if law == "any":
            person.mobile.stickiness = 0.0
            continue
        network = person.mobile.network
        if id(network) not in pools:
            pools[id(network)] = tuple(network.v4_address(dice) for _ in range(size))
        person.mobile.fixed = pools[id(network)]


def _redraw_gateways(tenant: Tenant, dice: SeededRandom) -> None:
    """Give the users of the organisation's gateway several egress networks, by person or by connection."""
    users = [person for person in tenant.people if person.vpn is not None and person.vpn.fixed]
    if not users or dice.chance(0.4):
        return
    networks: list[Network] = dice.sample(networks_of(("sase", "hosting", "vpn")), dice.count(2, 4))
    pools = [
        tuple(network.v4_address(dice, dice.below(3)) for _ in range(dice.count(1, 8)))
        for network in networks
    ]
    is_by_person, share = dice.chance(0.5), dice.between(0.2, 1.0)
    everywhere = tuple(address for pool in pools for address in pool)
    for person in users:
        pool = dice.pick(pools) if is_by_person else everywhere
        person.vpn, person.vpn_share = ConnectionPoint(networks[0], fixed=pool), share
