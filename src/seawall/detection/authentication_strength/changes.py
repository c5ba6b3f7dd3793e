"""Choose the few changes that prevent most attacks: greedily, the change that prevents most per effort comes next.

A change to a policy counts as closing an attack path only if the changed policy, taken alone, provably demands enough
there. So the list never promises more than a change achieves by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seawall.detection.authentication_strength.policy_gaps import PolicyGrid
from seawall.detection.authentication_strength.takeover import ATTACKS, DEVICE, MFA, STRONG, TakeoverExposure
from seawall.events.access_policy import DEMANDS, PATHS, TRUSTED, AccessPolicy, NamedLocation, Principals
from seawall.events.coded_batch import Bools


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """Describe one change.

    `policy` is the policy after the change, or None if the change concerns no policy; `accounts` are those that must act.
    `effort` estimates the work for people; a switch that an administrator turns is 1. The benefit of a change is divided by
    its effort, or the first recommendation would always be new keys for everybody.
    """

    kind: str
    text: str
    policy: AccessPolicy | None = None
    accounts: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    effort: float = 1.0
    system: str = ""


@dataclass(frozen=True, slots=True)
class ChangeStep:
    """Hold a chosen change: the number of attack paths that it closes, and the accounts that these concern.

    `closed_by_now` counts, by attack, the accounts that this and the earlier steps secure; `open_still` those that remain
    open.
    """

    change: PolicyChange
    closes: int
    accounts: tuple[str, ...]
    closed_by_now: dict[str, int]
    open_still: dict[str, int]


SECOND_FACTOR = 2.0
"""Effort of a second factor for each account that has none."""

_MOST_EXCLUSIONS = 200
_MOST_COPIED = 2_000_000
"""Limit of all names copied for one policy: each exclusion gives a copy of the policy without it."""
_MOST_CHANGES = 2_000
"""Number of policy changes considered, in the order of the policies' names. Entra allows a tenant 240 policies."""


def list_possible_changes(
    policies: Sequence[AccessPolicy],
    exposed: Sequence[TakeoverExposure],
    names: dict[str, str],
    places: Mapping[str, NamedLocation],
) -> list[PolicyChange]:
    """Return all possible changes, the least intrusive first: of changes with equal benefit the first is chosen."""
    found: list[PolicyChange] = []
    for policy in policies:
        if not DEMANDS.index(policy.demand):
            continue
        if policy.state != "enabled":
            enabled = replace(policy, state="enabled")
            found.append(
                PolicyChange("enable", f"enable the policy “{policy.name}” (it is {policy.state})", enabled)
            )
        else:
            found += _without_exclusions(policy, names, places)
    del found[_MOST_CHANGES:]
    admins = frozenset(e.person.account for e in exposed if e.person.is_admin)
    everybody = Principals(everybody=True)
    found += [
        PolicyChange(
            "block-legacy",
            "block legacy protocols for everybody",
            _policy("block", everybody, "legacy", "activesync"),
        ),
        PolicyChange(
            "block-device-code",
            "block the device code flow for everybody",
            _policy("block", everybody, "device_code"),
        ),
        PolicyChange(
            "require-mfa",
            "require a second factor of everybody, on every way in",
            _policy("mfa", everybody, *PATHS),
            effort=SECOND_FACTOR,
        ),
    ]
    if admins:
        only = Principals(users=admins)
        found.append(
            PolicyChange(
                "resistant-admins", "require phishing-resistant methods of administrators",
                _policy("resistant", only, *PATHS), tuple(sorted(admins)), effort=_estimate_key_effort(len(admins)) / 4,
            )
        )  # fmt: skip
    found.append(
        PolicyChange(
            "resistant",
            "require phishing-resistant methods of everybody",
            _policy("resistant", everybody, *PATHS),
            effort=_estimate_key_effort(len(_open_by(exposed, "phishable"))),
        )
    )
    found += _list_changes_outside_policies(exposed)
    return found


def _list_changes_outside_policies(exposed: Sequence[TakeoverExposure]) -> list[PolicyChange]:
    """Return the changes outside Conditional Access: registrations, and settings at Google or Okta."""
    lacking = _open_by(exposed, "no-second-factor")
    text = "have the accounts without a second factor register one, with a Temporary Access Pass or in person"
    found = [PolicyChange("register", text, None, lacking, ("no-second-factor",), SECOND_FACTOR)]
    for system, name in (("google", "Google"), ("okta", "Okta")):
        own = [e for e in exposed if e.person.system == system]
        ways: tuple[tuple[str, str, tuple[str, ...], float], ...] = (
            ("enforce", "enforce a second factor", ("password-only",), SECOND_FACTOR),
            ("block-legacy", "block legacy protocols and password grants", ("legacy", "ropc"), 1.0),
            ("resistant", "allow only security keys and passkeys", ("phishable", "password-only"),
             _estimate_key_effort(len(_open_by(own, "phishable")))),
        )  # fmt: skip
        for kind, what, causes, effort in ways:
            accounts = _open_by(own, *causes)
            found.append(
                PolicyChange(f"{kind}-{system}", f"{what} at {name}", None, accounts, causes, effort, system)
            )
    return [change for change in found if change.accounts]


def _open_by(exposed: Iterable[TakeoverExposure], *causes: str) -> tuple[str, ...]:
    """Return the accounts that are open by one of the causes."""
    return tuple(sorted({e.person.account for e in exposed for way in e.ways if way.cause in causes}))


def _estimate_key_effort(accounts: int) -> float:
    """Return the effort of giving this number of accounts a phishing-resistant method."""
    return max(4 * SECOND_FACTOR, accounts / 4)


def _policy(demand: str, who: Principals, *paths: str) -> AccessPolicy:
    known = next(one for one in DEMANDS if one == demand)
    return AccessPolicy("", "proposed", "enabled", known, who, paths=frozenset(paths))


def _without_exclusions(
    policy: AccessPolicy, names: dict[str, str], places: Mapping[str, NamedLocation]
) -> Iterable[PolicyChange]:
    """Yield one change for each exclusion of the policy: the policy without it."""
    excluded = policy.exclude
    for kind in ("users", "groups", "roles"):
        named = getattr(excluded, kind)
        most = min(_MOST_EXCLUSIONS, _MOST_COPIED // (len(named) + 1))
        for uid in sorted(named)[:most]:
            less = replace(excluded, **{kind: getattr(excluded, kind) - {uid}})
            shown = names.get(uid, uid)
            yield PolicyChange(
                "exclusion", f"remove the exclusion of {shown} from the policy “{policy.name}”",
                replace(policy, exclude=less),
            )  # fmt: skip
    if excluded.guests:
        text = f"remove the exclusion of guests from the policy “{policy.name}”"
        yield PolicyChange("exclusion", text, replace(policy, exclude=replace(excluded, guests=False)))
    listed = policy.exclude_apps.listed
    for uid in sorted(listed)[:_MOST_EXCLUSIONS]:
        less_apps = replace(policy.exclude_apps, listed=listed - {uid})
        text = (
            f"remove the exclusion of the application {names.get(uid, uid)} from the policy “{policy.name}”"
        )
        yield PolicyChange("exclusion", text, replace(policy, exclude_apps=less_apps))
    rented = {uid for uid in policy.exclude_places.listed if not _is_ours(uid, places)}
    for gone in [*([uid] for uid in sorted(rented)), *([sorted(rented)] if len(rented) > 1 else [])]:
        listed_names = ", ".join(places[uid].name if uid in places else uid for uid in gone[:5])
        text = f"remove the exclusion of the place {listed_names} from the policy “{policy.name}”"
        less_places = replace(policy.exclude_places, listed=policy.exclude_places.listed - frozenset(gone))
        yield PolicyChange("exclusion", text, replace(policy, exclude_places=less_places))
    if policy.exclude_systems.listed:
        text = f"remove the excluded operating systems from the policy “{policy.name}”"
        less_systems = replace(policy.exclude_systems, listed=frozenset())
        yield PolicyChange("exclusion", text, replace(policy, exclude_systems=less_systems))


def _is_ours(uid: str, places: Mapping[str, NamedLocation]) -> bool:
    """Return whether a place consists of the organisation's own networks, where nobody else can sign in."""
    return uid == TRUSTED or (uid in places and not places[uid].countries)


def plan_changes(
    changes: Sequence[PolicyChange], exposed: Sequence[TakeoverExposure], grid: PolicyGrid, most: int = 10
) -> list[ChangeStep]:
    """Return at most `most` changes in the greedy order, with the effect of each."""
    ways = _OpenPaths(exposed)
    if not len(ways.row):
        return []
    closes = [ways.closed_by(change, grid) for change in changes]
    left, steps = np.ones(len(ways.row), bool), list[ChangeStep]()
    total = ways.open_accounts(left)
    while left.any() and len(steps) < most:
        gains = [int(np.count_nonzero(closed & left)) for closed in closes]
        worth = [gain / change.effort for gain, change in zip(gains, changes, strict=True)]
        best = max(range(len(gains)), key=lambda place: (worth[place], -place), default=-1)
        if best < 0 or not gains[best]:
            break
        gone = closes[best] & left
        left &= ~gone
        still = ways.open_accounts(left)
        accounts = tuple(sorted({grid.people[row].account for row in np.unique(ways.row[gone]).tolist()}))
        closed_by_now = {attack: total[attack] - still[attack] for attack in total}
        steps.append(ChangeStep(changes[best], int(np.count_nonzero(gone)), accounts, closed_by_now, still))
    return steps


_NEEDED = {
    "password-only": MFA, "ropc": MFA, "legacy": MFA, "no-policy": MFA, "phishable": STRONG, "device-code": DEVICE,
}  # fmt: skip
_NEVER = len(DEMANDS)
"""A level that no policy demands: policies cannot close such an attack path."""


class _OpenPaths:
    """Hold every open attack path as columns. Both attacks on an account have neighbouring rows."""

    def __init__(self, exposed: Sequence[TakeoverExposure]) -> None:
        rows = [
            (
                place // len(ATTACKS),
                ATTACKS.index(one.attack),
                way.cause,
                PATHS.index(path),
                way.targets,
                one.person,
            )
            for place, one in enumerate(exposed)
            for way in one.ways
            for path in way.paths
        ]
        self.row = np.array([row[0] for row in rows], np.intp)
        self.attack = np.array([row[1] for row in rows], np.intp)
        self.cause = [row[2] for row in rows]
        self.path = np.array([row[3] for row in rows], np.intp)
        self.system = [row[5].system for row in rows]
        self.need = np.array(
            [_NEEDED.get(row[2], _NEVER) if row[5].system == "entra" else _NEVER for row in rows], np.int8
        )
        kinds: dict[tuple[int, ...], int] = {}
        self.kind = np.array([kinds.setdefault(row[4], len(kinds)) for row in rows], np.intp)
        self.targets = list(kinds)

    def open_accounts(self, left: Bools) -> dict[str, int]:
        """Return by attack how many accounts the remaining attack paths concern. `left` is bool (paths,)."""
        return {
            attack: len(np.unique(self.row[left & (self.attack == place)]))
            for place, attack in enumerate(ATTACKS)
        }

    def closed_by(self, change: PolicyChange, grid: PolicyGrid) -> Bools:
        """Return which attack paths a change closes, bool (paths,)."""
        if change.policy is None:
            wanted = set(change.accounts)
            asked = (
                cause in change.causes
                and change.system in ("", system)
                and grid.people[row].account in wanted
                for cause, system, row in zip(self.cause, self.system, self.row.tolist(), strict=True)
            )
            return np.fromiter(asked, bool, len(self.row))
        proved = grid.cover([change.policy]).proved
        closed = np.zeros(len(self.row), bool)
        for kind, targets in enumerate(self.targets):
            rows = np.flatnonzero(self.kind == kind)
            least = (proved[:, list(targets), :] if targets else proved).min(axis=1)
            closed[rows] = least[self.row[rows], self.path[rows]] >= self.need[rows]
        return closed
