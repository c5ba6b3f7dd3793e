"""Simulate a proposed policy on the recorded sign-ins: which would be stopped, prompted for more, or locked out.

Sign-ins with equal account, target, path, system, place, risk and strength are judged once.
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
"""Simulated outcomes of a sign-in.

- `stopped`: refused, whoever signs in.
- `asked for more`: an attacker with the password alone fails. The user can continue with a registered method, or this is
  unknown.
- `locked out`: the account has no registered method that the policy accepts.
"""
NOTHING, MFA, STRONG, DEVICE, BLOCK = range(len(DEMANDS))
DAY = 86_400_000_000


_RANK = np.array([0, 3, 1, 2], np.int8)
"""Severity rank of each outcome except `unknown`: the most severe of several policies counts."""
_BY_RANK = np.array([UNTOUCHED, ASKED, LOCKED_OUT, STOPPED], np.int8)


@dataclass(frozen=True, slots=True)
class PolicyReplay:
    """Hold the simulation. `outcome` is int8 (n,), one for each sign-in; `rows` are the granted ones.

    `bothered` counts the days on which each account would be prompted. `locked` are the accounts that could not sign in;
    `uncertain` are accounts that may be locked out, because their registrations are unknown. `loosened` are rows that the
    present policies would stop or prompt, and the proposed ones would not.
    """

    outcome: npt.NDArray[np.int8]
    rows: npt.NDArray[np.intp]
    bothered: Mapping[int, int]
    locked: tuple[int, ...]
    uncertain: tuple[int, ...]
    loosened: npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _OutcomeRanks:
    """Hold for each row the rank of its certain and of its possible outcome, and whether a lock-out is possible; each (m,)."""

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
) -> PolicyReplay:
    """Simulate the granted sign-ins under the policies `after`, and report the differences from the policies `before`.

    A sign-in that both treat equally stays `untouched`, even if it fails both: sign-ins may be older than policies, and
    records may omit a factor. Only enabled policies count.
    """
    outcome, loosened = np.full(len(signs), UNTOUCHED, np.int8), np.empty(0, np.intp)
    by_actor = {person.actor: person for person in people if person.actor >= 0}
    own = [actor for actor, person in by_actor.items() if person.system == "entra"]
    rows = np.flatnonzero(signs.is_granted & np.isin(signs.actor, own))
    locked, uncertain = tuple[int, ...](), tuple[int, ...]()
    if len(rows):
        now, then = (
            _rank_outcomes(
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
    return PolicyReplay(outcome, rows, _count_bothered(signs, outcome), locked, uncertain, loosened)


def _rank_outcomes(
    policies: Sequence[AccessPolicy], signs: SignIns, rows: npt.NDArray[np.intp], by_actor: Mapping[int, AccountAssurance],
    collector: DayAggregator, directory: PolicyDirectory,
) -> _OutcomeRanks:  # fmt: skip
    """Return the outcomes of the rows under all policies together."""
    evaluator = PolicyEvaluator(directory)
    actors, of_actor = np.unique(signs.actor[rows], return_inverse=True)
    of_actor = of_actor.reshape(-1)
    who = [by_actor[actor].who for actor in actors.tolist()]
    can = np.array([_demands_within_reach(by_actor[actor]) for actor in actors.tolist()], np.int8).reshape(
        -1, 2
    )
    targets, of_target = _targets(signs, rows, collector)
    places, of_place = _places(signs, rows, collector, directory)
    systems = collector.systems.values
    path = signs.path[rows].astype(np.intp)
    found = _OutcomeRanks(
        np.zeros(len(rows), np.int8), np.zeros(len(rows), np.int8), np.zeros(len(rows), bool)
    )
    for one in policies:
        if not level_of(one):
            continue
        answer = evaluator.accounts(one, who)[of_actor]
        answer = np.minimum(answer, for_targets(one, targets)[of_target])
        answer = np.minimum(answer, for_paths(one)[path])  # path -1, unknown, selects the last answer
        answer = np.minimum(answer, for_systems(one, systems)[signs.system[rows]])
        answer = np.minimum(answer, for_places(one, places, directory.places)[of_place])
        if one.sign_in_risks:
            answer = np.minimum(answer, _applies_to_risk(one.sign_in_risks, signs.flags[rows]))
        if one.user_risks or one.on_devices:
            answer = np.minimum(answer, MAYBE)  # sign-in records do not state user risk or device filters
        answer = cap_at_maybe(one, answer.astype(np.int8))
        fate, is_uncertain = _rank_outcome_of(one, signs, rows, can[of_actor])
        np.maximum(found.sure, np.where(answer == YES, fate, 0), out=found.sure, casting="unsafe")
        np.maximum(found.may, np.where(answer >= MAYBE, fate, 0), out=found.may, casting="unsafe")
        found.is_uncertain[:] |= is_uncertain & (answer == YES)
    return found


def _applies_to_risk(wanted: frozenset[str], flags: npt.NDArray[np.int16]) -> npt.NDArray[np.int8]:
    """Return whether a policy on these risk levels applies to sign-ins with these flags, int8 (m,)."""
    is_high, is_risky = (flags & RISK_HIGH) != 0, (flags & RISKY) != 0
    level = np.select([is_high, is_risky, (flags & RISK_LOW) != 0], [3, 2, 1], 0)
    answer = np.array([YES if word in wanted else NO for word in ("none", "low", "medium", "high")], np.int8)[
        level
    ]
    return np.where((level == 0) & ((flags & RISK_UNTOLD) != 0), MAYBE, answer).astype(np.int8)


def _rank_outcome_of(
    policy: AccessPolicy, signs: SignIns, rows: npt.NDArray[np.intp], can: npt.NDArray[np.int8]
) -> tuple[npt.NDArray[np.int8], Bools]:
    """Return the rank of the outcome of each sign-in under one policy, and whether its account may be locked out.

    `can` is int8 (m, 2): the demand that each account can meet, certainly and at most.
    """
    flags, shown = signs.flags[rows], signs.level[rows]
    always, never = np.ones(len(rows), bool), np.zeros(len(rows), bool)
    met = {
        NOTHING: always, MFA: shown >= MULTI, STRONG: shown >= RESISTANT, DEVICE: (flags & MANAGED) != 0, BLOCK: never,
    }  # fmt: skip
    # Records do not tell whether an account has a managed device at hand.
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


def _demands_within_reach(person: AccountAssurance) -> tuple[int, int]:
    """Return the strongest demand that an account can meet, certainly and at most, by its registrations and sign-ins."""
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
    pairs, place = _distinct(signs.client_address[rows], signs.country[rows])
    named = [(uid, one, parse_networks(one)) for uid, one in sorted(directory.places.items())]
    return [locate(addresses.text(left), countries.text(right), named) for left, right in pairs], place
