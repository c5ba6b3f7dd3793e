"""What a proposed policy would have done to the sign-ins that were recorded: stopped, asked for more, or locked out.

Sign-ins that the policies treat alike (same account, target, path, system, place, risk, strength) are judged once.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seawall.assurance.collect import Collector, SignIns
from seawall.assurance.evaluation import (
    MAYBE,
    NO,
    YES,
    Evaluator,
    Target,
    Whereabouts,
    doubted,
    for_paths,
    for_places,
    for_systems,
    for_targets,
    level_of,
)
from seawall.assurance.people import Person
from seawall.assurance.strength import LEGACY, MANAGED, MULTI, RESISTANT, RISKY, ROPC
from seawall.schema.assurance import DEMANDS, AccessPolicy, Directory, Place
from seawall.schema.batches import Codes
from seawall.schema.methods import has_resistant, is_second_factor

UNTOUCHED, STOPPED, ASKED, LOCKED_OUT, UNKNOWN = range(5)
OUTCOMES = ("untouched", "stopped", "asked for more", "locked out", "unknown")
"""What would have become of a sign-in. `stopped`: refused whoever it was. `asked for more`: its holder could have gone on
with what is registered, or it is not known whether; somebody with the password alone could not. `locked out`: the account
has nothing registered that would do."""
MFA, STRONG, DEVICE, BLOCK = (DEMANDS.index(one) for one in ("mfa", "resistant", "device", "block"))
DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Replay:
    """What would have happened: `outcome` int8 (n,) beside the sign-ins, `rows` those that were granted.

    `bothered` is how many days each account would have been asked on, `locked` the accounts that could not have signed in,
    `uncertain` those of them of which the registrations are not known.
    """

    outcome: npt.NDArray[np.int8]
    rows: npt.NDArray[np.intp]
    bothered: Mapping[int, int]
    locked: tuple[int, ...]
    uncertain: tuple[int, ...]


def replay(
    policies: Sequence[AccessPolicy],
    signs: SignIns,
    people: Sequence[Person],
    collector: Collector,
    directory: Directory,
) -> Replay:
    """Put the granted sign-ins under the policies, as if these had been enabled."""
    outcome, demanded = np.full(len(signs), UNTOUCHED, np.int8), np.zeros(len(signs), np.int8)
    by_actor = {person.actor: person for person in people if person.actor >= 0}
    own = [actor for actor, person in by_actor.items() if person.system == "entra"]
    rows = np.flatnonzero(signs.succeeded & np.isin(signs.actor, own))
    asked = [one for one in policies if level_of(one)]
    if len(rows) and asked:
        sure, may = _demanded(asked, signs, rows, by_actor, collector, directory)
        outcome[rows] = _outcomes(sure, may, signs, rows, by_actor)
        demanded[rows] = sure
    return Replay(outcome, rows, _bothered(signs, outcome), *_locked(signs, outcome, demanded, by_actor))


def _demanded(
    policies: Sequence[AccessPolicy], signs: SignIns, rows: npt.NDArray[np.intp], by_actor: Mapping[int, Person],
    collector: Collector, directory: Directory,
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:  # fmt: skip
    """The level that is certainly, and that is perhaps asked for, int8 each, by row."""
    evaluator = Evaluator(directory)
    actors, of_actor = np.unique(signs.actor[rows], return_inverse=True)
    who = [by_actor[actor].who for actor in actors.tolist()]
    targets, of_target = _targets(signs, rows, collector)
    places, of_place = _places(signs, rows, collector, directory)
    systems = collector.systems.values
    path = signs.path[rows].astype(np.intp)
    is_risky = (signs.flags[rows] & RISKY) != 0
    sure, may = np.zeros(len(rows), np.int8), np.zeros(len(rows), np.int8)
    for one in policies:
        answer = evaluator.accounts(one, who)[of_actor.reshape(-1)]
        answer = np.minimum(answer, for_targets(one, targets)[of_target])
        answer = np.minimum(answer, for_paths(one)[path])  # a path that is not told takes the last answer
        answer = np.minimum(answer, for_systems(one, systems)[signs.system[rows]])
        answer = np.minimum(answer, for_places(one, places, directory.places)[of_place])
        if one.sign_in_risks:
            # Of a sign-in it is kept whether its risk was medium or high, not which of the two.
            named = len(one.sign_in_risks & {"medium", "high"})
            answer = np.minimum(answer, np.where(is_risky, (NO, MAYBE, YES)[named], NO))
        if one.user_risks:
            answer = np.minimum(answer, MAYBE)
        answer = doubted(one, answer.astype(np.int8))
        level = level_of(one)
        np.maximum(sure, np.where(answer == YES, level, 0), out=sure, casting="unsafe")
        np.maximum(may, np.where(answer >= MAYBE, level, 0), out=may, casting="unsafe")
    return sure, may


def _outcomes(
    sure: npt.NDArray[np.int8], may: npt.NDArray[np.int8], signs: SignIns, rows: npt.NDArray[np.intp],
    by_actor: Mapping[int, Person],
) -> npt.NDArray[np.int8]:  # fmt: skip
    certain = _fate(sure, signs, rows, by_actor)
    perhaps = _fate(may, signs, rows, by_actor)
    return np.where((certain == UNTOUCHED) & (perhaps != UNTOUCHED), UNKNOWN, certain).astype(np.int8)


def _fate(
    level: npt.NDArray[np.int8], signs: SignIns, rows: npt.NDArray[np.intp], by_actor: Mapping[int, Person]
) -> npt.NDArray[np.int8]:
    """What each sign-in meets that is asked for so much."""
    flags, shown = signs.flags[rows], signs.level[rows]
    meets = (level == 0) | ((level == MFA) & (shown >= MULTI)) | ((level == STRONG) & (shown >= RESISTANT))
    meets |= (level == DEVICE) & ((flags & MANAGED) != 0)
    cannot = (flags & (LEGACY | ROPC)) != 0  # nobody is there who could be asked
    fate = np.where(meets, UNTOUCHED, ASKED)
    fate = np.where(~meets & (cannot | (level == BLOCK)), STOPPED, fate)
    can = {actor: _can(person) for actor, person in by_actor.items()}
    most = np.array([can[actor][1] for actor in signs.actor[rows].tolist()], np.int8)
    return np.where((fate == ASKED) & (level != DEVICE) & (most < level), LOCKED_OUT, fate).astype(np.int8)


def _can(person: Person) -> tuple[int, int]:
    """The demand that an account can certainly meet, and at most, by what it has registered or has shown."""
    shown = STRONG if person.levels[RESISTANT] else MFA if person.fact("two-factors").count else 0
    one = person.registration
    if one is None or one.unknown_methods or (one.can_mfa and not is_second_factor(one.methods)):
        return max(shown, MFA if one is not None and one.can_mfa else 0), BLOCK
    has = STRONG if has_resistant(one.methods) else MFA if is_second_factor(one.methods) or one.can_mfa else 0
    return max(has, shown), max(has, shown)


def _bothered(signs: SignIns, outcome: npt.NDArray[np.int8]) -> dict[int, int]:
    rows = np.flatnonzero(outcome == ASKED)
    pairs = np.unique(np.stack([signs.actor[rows].astype(np.int64), signs.time[rows] // DAY]), axis=1)
    actors, days = np.unique(pairs[0], return_counts=True)
    return dict(zip(actors.tolist(), days.tolist(), strict=True))


def _locked(
    signs: SignIns,
    outcome: npt.NDArray[np.int8],
    demanded: npt.NDArray[np.int8],
    by_actor: Mapping[int, Person],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Accounts that have nothing registered that would do, and those that are asked and of which it is not known."""
    locked = np.unique(signs.actor[outcome == LOCKED_OUT]).tolist()
    is_asked = (outcome == ASKED) & (demanded != DEVICE)
    can = np.array([_can(by_actor[actor])[0] for actor in signs.actor[is_asked].tolist()], np.int8)
    uncertain = np.unique(signs.actor[is_asked][can < demanded[is_asked]]).tolist()
    return tuple(locked), tuple(actor for actor in uncertain if actor not in set(locked))


def _targets(
    signs: SignIns, rows: npt.NDArray[np.intp], collector: Collector
) -> tuple[list[Target], npt.NDArray[np.intp]]:
    resources, apps = collector.vocabularies["target_app_uid"], collector.vocabularies["app_uid"]
    pairs, place = _distinct(signs.resource[rows], signs.app[rows])
    return [Target(resources.text(left), apps.text(right)) for left, right in pairs], place


def _distinct(left: Codes, right: Codes) -> tuple[list[tuple[int, int]], npt.NDArray[np.intp]]:
    keys = (left.astype(np.int64) + 1) << 32 | (right.astype(np.int64) + 1)
    known, place = np.unique(keys, return_inverse=True)
    return [(int(key >> 32) - 1, int(key & 0xFFFFFFFF) - 1) for key in known.tolist()], place.reshape(-1)


def _places(
    signs: SignIns, rows: npt.NDArray[np.intp], collector: Collector, directory: Directory
) -> tuple[list[Whereabouts], npt.NDArray[np.intp]]:
    addresses, countries = collector.vocabularies["src_ip"], collector.vocabularies["src_country"]
    pairs, place = _distinct(signs.address[rows], signs.country[rows])
    named = [(uid, one, _networks(one)) for uid, one in sorted(directory.places.items())]
    return [whereabouts(addresses.text(left), countries.text(right), named) for left, right in pairs], place


Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(place: Place) -> list[Network]:
    found: list[Network] = []
    for text in place.networks:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            continue
    return found


def whereabouts(
    address: str, country: str, named: Sequence[tuple[str, Place, Sequence[Network]]]
) -> Whereabouts:
    """In which named places an address of a country lies; the country is the one that the provider states."""
    inside, perhaps, trusted = set(), set(), NO
    try:
        at = ipaddress.ip_address(address) if address else None
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
    return Whereabouts(frozenset(inside), frozenset(perhaps), trusted)


def _within(at: Address | None, networks: Sequence[Network], *, is_whole: bool) -> int:
    """Whether an address is in one of the networks; a network that could not be read may be the one."""
    if at is None:
        return MAYBE
    return YES if any(at in network for network in networks) else NO if is_whole else MAYBE
