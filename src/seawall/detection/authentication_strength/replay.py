"""What a proposed policy would have done to the sign-ins that were recorded: stopped, asked for more, or locked out.

Sign-ins that the policies treat alike (same account, target, path, system, place, risk, strength) are judged once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seawall.detection.authentication_strength.accounts import AccountAssurance
from seawall.detection.authentication_strength.collect import DayAggregator, SignIns
from seawall.detection.authentication_strength.evaluation import (
    MAYBE,
    NO,
    YES,
    PolicyEvaluator,
    SignInLocation,
    SignInTarget,
    cap_at_maybe,
    for_paths,
    for_places,
    for_systems,
    for_targets,
    level_of,
)
from seawall.detection.authentication_strength.named_locations import locate, parse_networks
from seawall.detection.authentication_strength.strength import (
    LEGACY,
    MANAGED,
    MULTI,
    RESISTANT,
    RISK_HIGH,
    RISK_LOW,
    RISK_UNTOLD,
    RISKY,
    ROPC,
)
from seawall.events.access_policy import DEMANDS, AccessPolicy, PolicyDirectory
from seawall.events.coded_batch import Bools, Codes
from seawall.events.sign_in_methods import has_resistant, is_second_factor

UNTOUCHED, STOPPED, ASKED, LOCKED_OUT, UNKNOWN = range(5)
OUTCOMES = ("untouched", "stopped", "asked for more", "locked out", "unknown")
"""What would have become of a sign-in. `stopped`: refused whoever it was. `asked for more`: its owner could have gone on
with what is registered, or it is not known whether; somebody with the password alone could not. `locked out`: the account
has nothing registered that would do."""
NOTHING, MFA, STRONG, DEVICE, BLOCK = range(len(DEMANDS))
DAY = 86_400_000_000


_RANK = np.array([0, 3, 1, 2], np.int8)
"""How much each outcome but the unknown one weighs: of several policies the gravest counts."""
_BY_RANK = np.array([UNTOUCHED, ASKED, LOCKED_OUT, STOPPED], np.int8)


@dataclass(frozen=True, slots=True)
class Replay:
    """What would have happened: `outcome` int8 (n,) beside the sign-ins, `rows` those that were granted.

    `bothered` is how many days each account would have been asked on, `locked` the accounts that could not have signed in,
    `uncertain` those of them of which the registrations are not known. `loosened` are rows that the policies of today would
    have stopped or asked for more, and the others not.
    """

    outcome: npt.NDArray[np.int8]
    rows: npt.NDArray[np.intp]
    bothered: Mapping[int, int]
    locked: tuple[int, ...]
    uncertain: tuple[int, ...]
    loosened: npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Fates:
    """Of each row the rank of what certainly, and of what perhaps becomes of it, and whether the account may have nothing
    that would do; each (m,)."""

    sure: npt.NDArray[np.int8]
    may: npt.NDArray[np.int8]
    is_uncertain: Bools


def replay(
    before: Sequence[AccessPolicy],
    after: Sequence[AccessPolicy],
    signs: SignIns,
    people: Sequence[AccountAssurance],
    collector: DayAggregator,
    directory: PolicyDirectory,
) -> Replay:
    """Put the granted sign-ins under the policies `after`, and tell what differs from the policies `before`.

    What the policies of before would have asked for too is not the doing of a change, and stays untouched: sign-ins are older
    than policies, and a record does not say everything that was shown. Only policies that are enabled count.
    """
    outcome, loosened = np.full(len(signs), UNTOUCHED, np.int8), np.empty(0, np.intp)
    by_actor = {person.actor: person for person in people if person.actor >= 0}
    own = [actor for actor, person in by_actor.items() if person.system == "entra"]
    rows = np.flatnonzero(signs.is_granted & np.isin(signs.actor, own))
    locked, uncertain = tuple[int, ...](), tuple[int, ...]()
    if len(rows):
        now, then = (
            _fates(
                [one for one in some if one.state == "enabled"], signs, rows, by_actor, collector, directory
            )
            for some in (before, after)
        )
        is_worse, is_unsure = then.sure > now.sure, (then.may > then.sure) & (then.may > now.may)
        outcome[rows] = np.where(is_worse, _BY_RANK[then.sure], np.where(is_unsure, UNKNOWN, UNTOUCHED))
        loosened = rows[then.sure < now.sure]
        locked = tuple(np.unique(signs.actor[outcome == LOCKED_OUT]).tolist())
        perhaps = np.unique(signs.actor[rows[(outcome[rows] == ASKED) & then.is_uncertain]]).tolist()
        uncertain = tuple(actor for actor in perhaps if actor not in set(locked))
    return Replay(outcome, rows, _count_bothered(signs, outcome), locked, uncertain, loosened)


def _fates(
    policies: Sequence[AccessPolicy], signs: SignIns, rows: npt.NDArray[np.intp], by_actor: Mapping[int, AccountAssurance],
    collector: DayAggregator, directory: PolicyDirectory,
) -> _Fates:  # fmt: skip
    """What becomes of each row under all of the policies together."""
    evaluator = PolicyEvaluator(directory)
    actors, of_actor = np.unique(signs.actor[rows], return_inverse=True)
    of_actor = of_actor.reshape(-1)
    who = [by_actor[actor].who for actor in actors.tolist()]
    can = np.array([_can(by_actor[actor]) for actor in actors.tolist()], np.int8).reshape(-1, 2)
    targets, of_target = _targets(signs, rows, collector)
    places, of_place = _places(signs, rows, collector, directory)
    systems = collector.systems.values
    path = signs.path[rows].astype(np.intp)
    found = _Fates(np.zeros(len(rows), np.int8), np.zeros(len(rows), np.int8), np.zeros(len(rows), bool))
    for one in policies:
        if not level_of(one):
            continue
        answer = evaluator.accounts(one, who)[of_actor]
        answer = np.minimum(answer, for_targets(one, targets)[of_target])
        answer = np.minimum(answer, for_paths(one)[path])  # a path that is not told takes the last answer
        answer = np.minimum(answer, for_systems(one, systems)[signs.system[rows]])
        answer = np.minimum(answer, for_places(one, places, directory.places)[of_place])
        if one.sign_in_risks:
            answer = np.minimum(answer, _at_risk(one.sign_in_risks, signs.flags[rows]))
        if one.user_risks or one.on_devices:
            answer = np.minimum(answer, MAYBE)  # what the record does not say of the account or the device
        answer = cap_at_maybe(one, answer.astype(np.int8))
        fate, is_uncertain = _fate(one, signs, rows, can[of_actor])
        np.maximum(found.sure, np.where(answer == YES, fate, 0), out=found.sure, casting="unsafe")
        np.maximum(found.may, np.where(answer >= MAYBE, fate, 0), out=found.may, casting="unsafe")
        found.is_uncertain[:] |= is_uncertain & (answer == YES)
    return found


def _at_risk(wanted: frozenset[str], flags: npt.NDArray[np.int16]) -> npt.NDArray[np.int8]:
    """Whether a policy on these risks is for sign-ins of these marks."""
    is_high, is_risky = (flags & RISK_HIGH) != 0, (flags & RISKY) != 0
    level = np.select([is_high, is_risky, (flags & RISK_LOW) != 0], [3, 2, 1], 0)
    answer = np.array([YES if word in wanted else NO for word in ("none", "low", "medium", "high")], np.int8)[
        level
    ]
    return np.where((level == 0) & ((flags & RISK_UNTOLD) != 0), MAYBE, answer).astype(np.int8)


def _fate(
    policy: AccessPolicy, signs: SignIns, rows: npt.NDArray[np.intp], can: npt.NDArray[np.int8]
) -> tuple[npt.NDArray[np.int8], Bools]:
    """The rank of what each sign-in meets that the policy is for, and whether its account may have nothing that would do.

    `can` holds the demand that each account can meet, certainly and at most.
    """
    flags, shown = signs.flags[rows], signs.level[rows]
    always, never = np.ones(len(rows), bool), np.zeros(len(rows), bool)
    met = {
        NOTHING: always, MFA: shown >= MULTI, STRONG: shown >= RESISTANT, DEVICE: (flags & MANAGED) != 0, BLOCK: never,
    }  # fmt: skip
    # A device of the organisation may be at hand or not: no record says so of an account.
    could = {
        level: always if level in (NOTHING, DEVICE) else never if level == BLOCK else can[:, 1] >= level
        for level in met
    }
    surely = {
        level: could[level] if level in (NOTHING, DEVICE, BLOCK) else can[:, 0] >= level for level in met
    }
    choices = [[DEMANDS.index(one) for one in choice] for choice in policy.grants]
    meets, may_go_on, will_go_on = (
        np.any([np.all([has[level] for level in choice], axis=0) for choice in choices], axis=0)
        for has in (met, could, surely)
    )
    nobody_to_ask = (flags & (LEGACY | ROPC)) != 0
    is_block = all(BLOCK in choice for choice in choices)
    stopped = ~meets & (nobody_to_ask | is_block)
    fate = np.select([meets, stopped, ~may_go_on], [UNTOUCHED, STOPPED, LOCKED_OUT], ASKED)
    return _RANK[fate], ~meets & ~stopped & may_go_on & ~will_go_on


def _can(person: AccountAssurance) -> tuple[int, int]:
    """The demand that an account can certainly meet, and at most, by what it has registered or has shown."""
    shown = STRONG if person.levels[RESISTANT] else MFA if person.fact("two-factors").count else 0
    one = person.registration
    if one is None or one.unknown_methods or (one.can_mfa and not is_second_factor(one.methods)):
        return max(shown, MFA if one is not None and one.can_mfa else 0), BLOCK
    has = STRONG if has_resistant(one.methods) else MFA if is_second_factor(one.methods) or one.can_mfa else 0
    return max(has, shown), max(has, shown)


def _count_bothered(signs: SignIns, outcome: npt.NDArray[np.int8]) -> dict[int, int]:
    rows = np.flatnonzero(outcome == ASKED)
    pairs = np.unique(np.stack([signs.actor[rows].astype(np.int64), signs.time[rows] // DAY]), axis=1)
    actors, days = np.unique(pairs[0], return_counts=True)
    return dict(zip(actors.tolist(), days.tolist(), strict=True))


def _targets(
    signs: SignIns, rows: npt.NDArray[np.intp], collector: DayAggregator
) -> tuple[list[SignInTarget], npt.NDArray[np.intp]]:
    resources, apps = collector.vocabularies["target_app_uid"], collector.vocabularies["app_uid"]
    pairs, place = _distinct(signs.resource[rows], signs.app[rows])
    return [SignInTarget(resources.text(left), apps.text(right)) for left, right in pairs], place


def _distinct(left: Codes, right: Codes) -> tuple[list[tuple[int, int]], npt.NDArray[np.intp]]:
    keys = (left.astype(np.int64) + 1) << 32 | (right.astype(np.int64) + 1)
    known, place = np.unique(keys, return_inverse=True)
    return [(int(key >> 32) - 1, int(key & 0xFFFFFFFF) - 1) for key in known.tolist()], place.reshape(-1)


def _places(
    signs: SignIns, rows: npt.NDArray[np.intp], collector: DayAggregator, directory: PolicyDirectory
) -> tuple[list[SignInLocation], npt.NDArray[np.intp]]:
    addresses, countries = collector.vocabularies["src_ip"], collector.vocabularies["src_country"]
    pairs, place = _distinct(signs.address[rows], signs.country[rows])
    named = [(uid, one, parse_networks(one)) for uid, one in sorted(directory.places.items())]
    return [locate(addresses.text(left), countries.text(right), named) for left, right in pairs], place
