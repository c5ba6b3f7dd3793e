"""Judge which accounts a stolen password or a phished session could take over: open, closed or unknown.

"Open" needs a record or a policy that shows it. "Closed" needs a policy or the provider's enforcement that proves it.
Otherwise the answer is "unknown", with the information that is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from seawall.detection.authentication_strength.accounts import AccountAssurance, Observation
from seawall.detection.authentication_strength.evaluation import MAYBE, NO, YES
from seawall.detection.authentication_strength.policy_gaps import RequiredStrength
from seawall.events.access_policy import DEMANDS, PASSWORD_PATHS, PATHS, Answer
from seawall.events.sign_in_methods import has_resistant, is_second_factor

Attack = Literal["password", "phishing"]
ATTACKS: tuple[Attack, ...] = ("password", "phishing")
MFA, STRONG, DEVICE = DEMANDS.index("mfa"), DEMANDS.index("resistant"), DEMANDS.index("device")

Cause = Literal[
    "password-only",  # a password alone was accepted
    "legacy",  # a sign-in by a legacy protocol was accepted
    "ropc",  # a sign-in by a program with the password was accepted
    "device-code",  # device codes are accepted; users can be talked into approving one
    "no-policy",  # no policy covers the sign-in path
    "no-second-factor",  # none is registered, so an attacker with the password can register one
    "phishable",  # the demanded factors can be relayed by an adversary in the middle
]


@dataclass(frozen=True, slots=True)
class AttackPath:
    """Describe one open way to attack. `targets` are indices in the grid of resources; `known_from` names the source."""

    cause: Cause
    paths: tuple[str, ...]
    targets: tuple[int, ...]
    seen: Observation
    known_from: str


@dataclass(slots=True)
class TakeoverExposure:
    """Hold the answer for one attack on one account, with its open paths (`ways`), reasons, and missing information."""

    person: AccountAssurance
    attack: Attack
    answer: Answer
    ways: list[AttackPath] = field(default_factory=list)
    because: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


REMEMBERED = (
    "a password alone sufficed, perhaps on a device that is remembered: other records show a second factor"
)
NO_SIGN_IN = "no sign-in of this account was seen"
NO_EXPORT = "no export of registered methods names this account"
NO_POLICIES = "no access policies were given"
NOT_EXPORTED = "what the provider asks of this account is in none of these files"
DOUBTFUL = "policies name groups, places or conditions that were not given or are not evaluated"


def find_exposures(
    people: Sequence[AccountAssurance],
    cover: RequiredStrength | None,
    guarded: Sequence[int],
    *,
    legacy_seen: bool,
) -> list[TakeoverExposure]:
    """Judge both attacks on every account; the two exposures of an account are neighbours. `cover` is None without policies.

    `guarded` says for each account, in three values, whether a policy protects the registration of methods. `legacy_seen`
    says whether any account used legacy protocols; otherwise they are assumed to be disabled.
    """
    found = []
    for row, person in enumerate(people):
        is_entra = person.system == "entra"
        own = cover if is_entra else None
        is_guarded = is_entra and guarded[row] == YES
        stolen = _judge_stolen_password(person, own, row, legacy_seen=legacy_seen, is_guarded=is_guarded)
        phished = _judge_phishing(person, own, row, legacy_seen=legacy_seen)
        _copy_open_password_to_phishing(stolen, phished)
        found += [stolen, phished]
    return found


def _judge_stolen_password(
    person: AccountAssurance, cover: RequiredStrength | None, row: int, *, legacy_seen: bool, is_guarded: bool
) -> TakeoverExposure:
    result = TakeoverExposure(person, "password", "unknown")
    paths = _usable_paths(PASSWORD_PATHS, legacy_seen=legacy_seen)
    state = _check_policies(result, cover, row, dict.fromkeys(paths, MFA), "no-policy")
    if state != YES:
        _add_password_only_paths(result, person)
    enforced = _is_enforced_by_provider(result, person)
    if is_guarded and state == YES:
        result.because.append("a policy guards the registration of methods")
        registered = True
    else:
        registered = _has_second_factor(result, person)
    is_closed = (state == YES or enforced) and registered
    return _conclude(result, is_closed=is_closed, has_policies=cover is not None or enforced)


def _judge_phishing(
    person: AccountAssurance, cover: RequiredStrength | None, row: int, *, legacy_seen: bool
) -> TakeoverExposure:
    result = TakeoverExposure(person, "phishing", "unknown")
    needs = dict.fromkeys(_usable_paths(PASSWORD_PATHS, legacy_seen=legacy_seen), STRONG) | {
        "device_code": DEVICE
    }
    state = _check_policies(result, cover, row, needs, "phishable")
    if state != YES and not any(way.cause == "phishable" for way in result.ways):
        seen = person.fact("phishable")
        if seen.count:
            result.ways.append(AttackPath("phishable", ("browser", "apps"), (), seen, "sign-in"))
    device = person.fact("device-code")
    if state != YES and device.count and not any("device_code" in way.paths for way in result.ways):
        result.ways.append(AttackPath("device-code", ("device_code",), (), device, "sign-in"))
    _add_phishable_methods(result, person, state)
    return _conclude(result, is_closed=state == YES, has_policies=cover is not None)


def _copy_open_password_to_phishing(stolen: TakeoverExposure, phished: TakeoverExposure) -> None:
    """Treat an account that a stolen password opens as open to phishing too: a phishing page asks for the password."""
    if phished.answer == "unknown" and stolen.answer == "open":
        seen, known_from = stolen.ways[0].seen, stolen.ways[0].known_from
        phished.ways.append(AttackPath("phishable", ("browser", "apps"), (), seen, known_from))
        phished.answer = "open"


def _usable_paths(paths: Sequence[str], *, legacy_seen: bool) -> list[str]:
    return [path for path in paths if legacy_seen or path not in ("legacy", "activesync")]


def _check_policies(
    result: TakeoverExposure, cover: RequiredStrength | None, row: int, needs: dict[str, int], cause: Cause
) -> int:
    """Return whether policies protect every path (yes, maybe, no), and add the unprotected paths to `result`."""
    if cover is None:
        return MAYBE
    worst = YES
    by_targets: dict[tuple[Cause, tuple[int, ...]], list[str]] = {}
    for path, least in needs.items():
        place = PATHS.index(path)
        open_to = np.flatnonzero(cover.possible[row, :, place] < least)
        if len(open_to):
            why: Cause = "device-code" if path == "device_code" else cause
            by_targets.setdefault((why, tuple(open_to.tolist())), []).append(path)
            worst = NO
        elif (cover.proved[row, :, place] < least).any():
            worst = min(worst, MAYBE)
    for (why, targets), open_paths in by_targets.items():
        result.ways.append(AttackPath(why, tuple(open_paths), targets, Observation(0, 0, ""), "the policies"))
    if worst == YES:
        result.because.append("policies ask for enough on every way in")
    elif worst == MAYBE:
        result.missing.append(DOUBTFUL)
    return worst


def _add_password_only_paths(result: TakeoverExposure, person: AccountAssurance) -> None:
    """Add the paths on which sign-ins with a password alone were granted."""
    facts: tuple[tuple[Cause, tuple[str, ...]], ...] = (
        ("password-only", ("browser", "apps")), ("ropc", ("apps",)), ("legacy", ("activesync", "legacy")),
    )  # fmt: skip
    for cause, paths in facts:
        seen = person.fact(cause)
        if not seen.count:
            continue
        if cause == "password-only" and _may_be_remembered(person):
            result.missing.append(REMEMBERED)
        else:
            result.ways.append(AttackPath(cause, paths, (), seen, "sign-in"))


def _may_be_remembered(person: AccountAssurance) -> bool:
    """Return whether a sign-in without a second factor may have come from a remembered device.

    Entra's records state remembered devices; Google's and Okta's do not.
    """
    one = person.registration
    shows = person.fact("two-factors").count or person.fact("phishing-resistant").count
    return person.system != "entra" and bool(shows or (one is not None and one.can_mfa))


def _is_enforced_by_provider(result: TakeoverExposure, person: AccountAssurance) -> bool:
    """Return whether the provider always demands a second factor of this account (Google's 2-Step Verification)."""
    one = person.registration
    if one is None or one.system != "google" or not one.can_mfa:
        return False
    result.because.append("2-Step Verification is on for the account")
    return True


def _has_second_factor(result: TakeoverExposure, person: AccountAssurance) -> bool:
    """Return whether the account is known to have a second factor; add an attack path if it has none."""
    one = person.registration
    if one is None:
        enrol = person.fact("asked-to-enrol")
        later = ("two-factors", "phishing-resistant", "claimed", "method-registered")
        if enrol.count and enrol.time > max(person.fact(name).time for name in later):
            result.ways.append(AttackPath("no-second-factor", ("browser",), (), enrol, "sign-in"))
            return False
        if person.fact("two-factors").count or person.fact("phishing-resistant").count:
            return True
        result.missing.append(NO_EXPORT)
        return False
    has = is_second_factor(one.methods) if one.can_mfa is None or one.methods else one.can_mfa
    if has or one.can_mfa:
        return True
    if one.unknown_methods:
        result.missing.append(f"methods that are not known: {', '.join(one.unknown_methods[:3])}")
        return False
    result.ways.append(AttackPath("no-second-factor", ("browser",), (), Observation(0, 0, ""), one.where))
    return False


def _add_phishable_methods(result: TakeoverExposure, person: AccountAssurance, state: int) -> None:
    one = person.registration
    if one is None:
        result.missing.append(NO_EXPORT)
    elif one.methods and not has_resistant(one.methods) and state != YES and not result.ways:
        result.ways.append(AttackPath("phishable", ("browser", "apps"), (), Observation(0, 0, ""), one.where))


def _conclude(result: TakeoverExposure, *, is_closed: bool, has_policies: bool) -> TakeoverExposure:
    if not result.person.sign_ins:
        result.missing.append(NO_SIGN_IN)
    if not has_policies:
        result.missing.append(NO_POLICIES if result.person.system == "entra" else NOT_EXPORTED)
    one = result.person.registration
    if one is not None and one.is_disabled:
        result.answer = "closed"
        result.ways.clear()
        result.because.append("the account is disabled")
    elif result.ways:
        result.answer = "open"
        result.because.clear()
    elif is_closed:
        result.answer = "closed"
    return result
