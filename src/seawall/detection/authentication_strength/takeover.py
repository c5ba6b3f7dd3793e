"""Who could be taken over by a stolen password, and who by a phished session: proved open, proved closed, or not known.

Open is said where a record or a policy shows it, closed where a policy or the provider's own enforcement proves it; what
cannot be told stays unknown, and says what would tell.
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
    "password-only",  # a password alone was seen to suffice
    "legacy",  # a legacy protocol was seen to let in
    "ropc",  # a password handed over by a program was seen to let in
    "device-code",  # a device code lets in whoever is talked into typing it
    "no-policy",  # no policy covers the way in
    "no-second-factor",  # none is registered: who has the password registers one
    "phishable",  # what is asked for can be passed on by a site in the middle
]


@dataclass(frozen=True, slots=True)
class AttackPath:
    """One way in that is open: why, on which paths, to which resources (places in the grid), and who says so."""

    cause: Cause
    paths: tuple[str, ...]
    targets: tuple[int, ...]
    seen: Observation
    known_from: str


@dataclass(slots=True)
class Exposure:
    """What one attack could do to one account."""

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
) -> list[Exposure]:
    """Both attacks on every account; `cover` is what policies ask for, None where none were given.

    `guarded` says in three values for whom a policy guards the registration of methods, `legacy_seen` whether legacy
    protocols let anybody in: where they did not, they are taken to be shut off.
    """
    found = []
    for row, person in enumerate(people):
        is_entra = person.system == "entra"
        own = cover if is_entra else None
        is_guarded = is_entra and guarded[row] == YES
        stolen = _by_password(person, own, row, legacy_seen=legacy_seen, is_guarded=is_guarded)
        phished = _by_phishing(person, own, row, legacy_seen=legacy_seen)
        _also_by_phishing(stolen, phished)
        found += [stolen, phished]
    return found


def _by_password(
    person: AccountAssurance, cover: RequiredStrength | None, row: int, *, legacy_seen: bool, is_guarded: bool
) -> Exposure:
    result = Exposure(person, "password", "unknown")
    paths = _try(PASSWORD_PATHS, legacy_seen=legacy_seen)
    state = _policies(result, cover, row, dict.fromkeys(paths, MFA), "no-policy")
    if state != YES:
        _is_seen_to_suffice(result, person)
    enforced = _provider(result, person)
    if is_guarded and state == YES:
        result.because.append("a policy guards the registration of methods")
        registered = True
    else:
        registered = _without_second_factor(result, person)
    is_closed = (state == YES or enforced) and registered
    return _conclude(result, is_closed=is_closed, has_policies=cover is not None or enforced)


def _by_phishing(
    person: AccountAssurance, cover: RequiredStrength | None, row: int, *, legacy_seen: bool
) -> Exposure:
    result = Exposure(person, "phishing", "unknown")
    needs = dict.fromkeys(_try(PASSWORD_PATHS, legacy_seen=legacy_seen), STRONG) | {"device_code": DEVICE}
    state = _policies(result, cover, row, needs, "phishable")
    if state != YES and not any(way.cause == "phishable" for way in result.ways):
        seen = person.fact("phishable")
        if seen.count:
            result.ways.append(AttackPath("phishable", ("browser", "apps"), (), seen, "sign-in"))
    device = person.fact("device-code")
    if state != YES and device.count and not any("device_code" in way.paths for way in result.ways):
        result.ways.append(AttackPath("device-code", ("device_code",), (), device, "sign-in"))
    _methods_that_could_be_phished(result, person, state)
    return _conclude(result, is_closed=state == YES, has_policies=cover is not None)


def _also_by_phishing(stolen: Exposure, phished: Exposure) -> None:
    """What a stolen password opens, a site opens that asks for the password."""
    if phished.answer == "unknown" and stolen.answer == "open":
        seen, known_from = stolen.ways[0].seen, stolen.ways[0].known_from
        phished.ways.append(AttackPath("phishable", ("browser", "apps"), (), seen, known_from))
        phished.answer = "open"


def _try(paths: Sequence[str], *, legacy_seen: bool) -> list[str]:
    return [path for path in paths if legacy_seen or path not in ("legacy", "activesync")]


def _policies(
    result: Exposure, cover: RequiredStrength | None, row: int, needs: dict[str, int], cause: Cause
) -> int:
    """What policies prove: YES that every way asks for enough, NO that one does not; ways that are open are noted."""
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


def _is_seen_to_suffice(result: Exposure, person: AccountAssurance) -> None:
    """Sign-ins that were granted for a password alone."""
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
    """Whether a sign-in without a second factor may have been on a device that had shown one.

    Entra's records say so of a device; Google's and Okta's do not.
    """
    one = person.registration
    shows = person.fact("two-factors").count or person.fact("phishing-resistant").count
    return person.system != "entra" and bool(shows or (one is not None and one.can_mfa))


def _provider(result: Exposure, person: AccountAssurance) -> bool:
    """Whether the provider itself always asks this account for a second factor (Google)."""
    one = person.registration
    if one is None or one.system != "google" or not one.can_mfa:
        return False
    result.because.append("2-Step Verification is on for the account")
    return True


def _without_second_factor(result: Exposure, person: AccountAssurance) -> bool:
    """Note an account that has no second factor; return whether it is known to have one."""
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


def _methods_that_could_be_phished(result: Exposure, person: AccountAssurance, state: int) -> None:
    one = person.registration
    if one is None:
        result.missing.append(NO_EXPORT)
    elif one.methods and not has_resistant(one.methods) and state != YES and not result.ways:
        result.ways.append(AttackPath("phishable", ("browser", "apps"), (), Observation(0, 0, ""), one.where))


def _conclude(result: Exposure, *, is_closed: bool, has_policies: bool) -> Exposure:
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
