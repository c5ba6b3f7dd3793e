"""How an intruder goes about it: each part drawn apart, so that a quiet one may come from afar and a loud one from nearby."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.lab.worlds.networks import ConnectionPoint, Network, networks_of
from seawall.lab.worlds.organisation import LabAccount, Tenant
from seawall.lab.worlds.seeded_random import SeededRandom

_PARTS = ("place", "client", "hours", "amount")
_DIFFICULTIES = ("easy", "medium", "hard")


@dataclass(frozen=True, slots=True)
class AttackManner:
    """The manner of one attack. `levels` gives the difficulty of place, client, hours and amount.

    `network` is one of usual, rotating, proxies, gateway, carrier, cloud. `volume` multiplies amounts. `wait` is the time in
    seconds between entry and first use. The intruder returns `returns` times within `span` days, with `pace` seconds
    (least, most) between reads.
    """

    levels: dict[str, str]
    network: str
    volume: float
    wait: float
    returns: int
    span: int
    pace: tuple[float, float]


def draw_manner(difficulty: str, dice: SeededRandom) -> AttackManner:
    """Draw a manner; the difficulty of the attack is only the likeliest of each part."""
    pace = dice.log_between(2, 900)
    return AttackManner(
        levels={part: difficulty if dice.chance(0.5) else dice.pick(_DIFFICULTIES) for part in _PARTS},
        network=dice.pick_weighted(
            [
                ("usual", 0.46),
                ("rotating", 0.1),
                ("proxies", 0.14),
                ("gateway", 0.1),
                ("carrier", 0.1),
                ("cloud", 0.1),
            ]
        ),
        volume=dice.log_between(0.25, 4.0),
        wait=dice.log_between(60, 20 * 86400) if dice.chance(0.6) else dice.between(20, 900),
        returns=dice.pick((0, 0, 0, 1, 2, 4, 9, 20)),
        span=dice.pick((1, 3, 10, 40)),
        pace=(pace, pace * dice.between(1.2, 6.0)),
    )


@dataclass(slots=True)
class RotatingProxy(ConnectionPoint):
    """A service that gives each connection an address of one of several networks, a few of which are offered on a day."""

    networks: tuple[Network, ...] = ()

    def address(self, day: int, dice: SeededRandom) -> str:
        """Return a new address."""
        offered = self.networks[(day + dice.below(3)) % len(self.networks)]
        return offered.v4_address(dice)


def find_place(
    manner: AttackManner, tenant: Tenant, victim: LabAccount, dice: SeededRandom
) -> ConnectionPoint | None:
    """Draw an intruder's place for a manner, None for the usual ones of a difficulty."""
    if manner.network == "rotating":
        kinds = dice.pick((("residential",), ("residential", "mobile"), ("hosting", "vpn")))
        country = victim.country if dice.chance(0.6) else None
        networks = tuple(dice.sample(networks_of(kinds, country), dice.count(2, 8)))
        return RotatingProxy(networks[0], networks=networks)
    if manner.network == "proxies":
        return ConnectionPoint(
            dice.pick(networks_of(("residential",), victim.country)), dice.pick((0.0, 0.3, 1.0))
        )
    if manner.network == "gateway":
        return _find_gateway(tenant, dice)
    if manner.network == "carrier":
        usual = victim.mobile
        return ConnectionPoint(usual.network, 1.0, fixed=usual.fixed, stickiness=usual.stickiness)
    if manner.network == "cloud":
        return ConnectionPoint(dice.pick(networks_of(("hosting",), victim.country)), dice.between(0.0, 0.4))
    return None


def _find_gateway(tenant: Tenant, dice: SeededRandom) -> ConnectionPoint:
    """Return a VPN that honest people of the organisation use too, else a commercial one."""
    used = [person.vpn.network for person in tenant.people if person.vpn is not None]
    network = dice.pick(used) if used and dice.chance(0.7) else dice.pick(networks_of(("vpn", "sase")))
    return ConnectionPoint(network, fixed=tuple(network.v4_address(dice) for _ in range(dice.count(1, 4))))
