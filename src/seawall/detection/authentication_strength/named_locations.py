"""Find the named places of Conditional Access that contain a sign-in's address."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from seawall.detection.authentication_strength.evaluation import MAYBE, NO, YES, SignInLocation
from seawall.events.access_policy import NamedLocation

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_networks(place: NamedLocation) -> list[Network]:
    """Return the networks of a named place, without those that are malformed."""
    found: list[Network] = []
    for text in place.networks:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            continue
    return found


def locate(
    client_address: str, country: str, named: Sequence[tuple[str, NamedLocation, Sequence[Network]]]
) -> SignInLocation:
    """Return the named places that contain an address. `country` is the one that the provider states."""
    # Without an export of named places, any address may be trusted.
    inside, perhaps, trusted = set(), set(), NO if named else MAYBE
    try:
        at = ipaddress.ip_address(client_address) if client_address else None
    except ValueError:
        at = None
    for uid, place, networks in named:
        if place.countries:
            answer = MAYBE if not country else YES if country in place.countries else NO
        else:
            answer = _within(at, networks, is_whole=len(networks) == len(place.networks))
        if answer == YES:
            inside.add(uid)
        elif answer == MAYBE:
            perhaps.add(uid)
        if place.is_trusted:
            trusted = max(trusted, answer)
    return SignInLocation(frozenset(inside), frozenset(perhaps), trusted)


def _within(at: Address | None, networks: Sequence[Network], *, is_whole: bool) -> int:
    """Return whether an address is in one of the networks; maybe, if one of them was malformed."""
    if at is None:
        return MAYBE
    return YES if any(at in network for network in networks) else NO if is_whole else MAYBE
