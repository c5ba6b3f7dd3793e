"""Evaluate whether Conditional Access policies apply, in three values: no, maybe, yes.

Each condition is evaluated once for each value of its own axis: accounts, applications, paths, systems, places. The
smallest answer of several conditions counts. "Maybe" stands for missing knowledge: a group or place that was not exported,
or a device filter. It never counts as protection, and never as a proved gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seawall.events.access_policy import (
    DEMANDS,
    PATHS,
    TRUSTED,
    AccessPolicy,
    ConditionList,
    PolicyDirectory,
    Principals,
)

Kleene = npt.NDArray[np.int8]
NO, MAYBE, YES = 0, 1, 2


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """Hold the properties of an account that policies refer to. None means unknown."""

    account: str
    uid: str = ""
    is_guest: bool | None = None
    is_admin: bool | None = None


@dataclass(frozen=True, slots=True)
class SignInLocation:
    """Hold the named places that contain a sign-in's address (`inside`) or may contain it (`perhaps`).

    `trusted` says in three values whether one of them is trusted.
    """

    inside: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    trusted: int = NO


@dataclass(frozen=True, slots=True)
class SignInTarget:
    """Hold the ids of the resource and of the application used, in lower case; "" if the record does not state it."""

    resource: str
    app: str = ""


OFFICE = frozenset({
    "00000002-0000-0ff1-ce00-000000000000", "00000003-0000-0ff1-ce00-000000000000",
    "00000004-0000-0ff1-ce00-000000000000", "00000005-0000-0ff1-ce00-000000000000",
    "00000006-0000-0ff1-ce00-000000000000", "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",
    "1fec8e78-bce4-4aaf-ab1b-5451cc387264", "5e3ce6c0-2b1f-4285-8d4b-75ee78787346",
    "4765445b-32c6-49b0-83e6-1d93765276ca", "89bee1f7-5e6e-4d8a-9f3d-ecd601259da7",
})  # fmt: skip
"""Applications that certainly belong to the policy group Office 365.

Others may belong to it, because Microsoft extends the group.
"""
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
GRAPH = "00000003-0000-0000-c000-000000000000"
KNOWN_RESOURCES = {
    EXCHANGE: "Office 365 Exchange Online",
    "00000003-0000-0ff1-ce00-000000000000": "Office 365 SharePoint Online",
    GRAPH: "Microsoft Graph",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013": "Windows Azure Service Management API",
}


class PolicyEvaluator:
    """Evaluate the account conditions of policies, given the known members of groups and roles."""

    def __init__(self, directory: PolicyDirectory) -> None:
        self.directory = directory
        self._closed: dict[str, tuple[frozenset[str], bool]] = {}
        self._owners: dict[frozenset[str], tuple[frozenset[str], bool]] = {}

    def accounts(self, policy: AccessPolicy, people: Sequence[AccountFacts]) -> Kleene:
        """Return whether the policy applies to each account, int8 (n,)."""
        return np.array(
            [
                min(self._is_named(policy.include, one), YES - self._is_named(policy.exclude, one))
                for one in people
            ],
            np.int8,
        )

    def _is_named(self, who: Principals, one: AccountFacts) -> int:
        if who.everybody:
            return YES
        answers = [self._among(who.users, one)]
        if who.guests:
            answers.append(_is_meant_guest(who, one))
        answers += [self._member(group, one) for group in who.groups]
        answers += [self._has_role(role, one) for role in who.roles]
        return max(answers)

    def _among(self, listed: frozenset[str], one: AccountFacts) -> int:
        if one.account in listed or (one.uid and one.uid in listed):
            return YES
        if one.uid:
            return NO
        owners, has_unknown = self._owners_of(listed)
        return YES if one.account in owners else MAYBE if has_unknown else NO

    def _owners_of(self, listed: frozenset[str]) -> tuple[frozenset[str], bool]:
        """Return the accounts with the listed ids, and whether an id is unknown. Cached, because lists may be long."""
        if listed not in self._owners:
            owners = {self.directory.accounts.get(uid) for uid in listed if "@" not in uid}
            self._owners[listed] = frozenset(filter(None, owners)), None in owners
        return self._owners[listed]

    def _member(self, group: str, one: AccountFacts) -> int:
        if group not in self.directory.members:
            return MAYBE
        members, is_whole = self._members(group)
        return max(self._among(members, one), NO if is_whole else MAYBE)

    def _members(self, group: str) -> tuple[frozenset[str], bool]:
        """Return all members of a group, including nested and circular groups, and whether the list is complete."""
        if group not in self._closed:
            directory, seen, waiting = self.directory, {group}, [group]
            found, is_whole = set[str](), True
            while waiting:
                inner = waiting.pop()
                is_whole &= inner in directory.members and inner not in directory.partial
                for uid in directory.members.get(inner, ()):
                    if uid not in directory.members and uid not in directory.nested:
                        found.add(uid)
                    elif uid not in seen:
                        seen.add(uid)
                        waiting.append(uid)
            self._closed[group] = frozenset(found), is_whole
        return self._closed[group]

    def _has_role(self, role: str, one: AccountFacts) -> int:
        known = self._member(role, one)
        return NO if known == MAYBE and one.is_admin is False else known

    def unknown_groups(self, policies: Iterable[AccessPolicy]) -> list[str]:
        """Return the groups, roles and places that policies use and that were not exported, by name if known."""
        missing = set()
        for policy in policies:
            for who in (policy.include, policy.exclude):
                for group in (*who.groups, *who.roles):
                    missing |= {group} if group not in self.directory.members else self._not_whole(group)
            for place in (*policy.include_places.listed, *policy.exclude_places.listed):
                if place != TRUSTED and place not in self.directory.places:
                    missing.add(place)
        return sorted(self.directory.names.get(uid, uid) for uid in missing)

    def _not_whole(self, group: str) -> set[str]:
        """Return the group in a set if its members are not all known, else an empty set."""
        return set() if self._members(group)[1] else {group}


_GUESTS = ("internalguest", "b2bcollaborationguest")


def _is_meant_guest(who: Principals, one: AccountFacts) -> int:
    """Return whether the policy means this kind of guest.

    The name of an invited account contains `#ext#`, unless it is its home name.
    """
    is_invited = "#ext#" in one.account
    if one.is_guest is None:
        return MAYBE
    if one.is_guest:
        kinds = [kind in who.guest_kinds for kind in (_GUESTS[1:] if is_invited else _GUESTS)]
        answer = YES if all(kinds) or not who.guest_kinds else MAYBE if any(kinds) else NO
    else:
        means_members = not who.guest_kinds or "b2bcollaborationmember" in who.guest_kinds
        answer = YES if is_invited and means_members else NO
    return min(answer, MAYBE) if who.some_guests else answer


def for_targets(policy: AccessPolicy, targets: Sequence[SignInTarget]) -> Kleene:
    """Return whether the policy applies to each resource, int8 (n,)."""
    answers = [
        min(_app_listed(policy.include_apps, one), YES - _app_listed(policy.exclude_apps, one))
        for one in targets
    ]
    return np.array(answers, np.int8)


def _app_listed(chosen: ConditionList, target: SignInTarget) -> int:
    if chosen.everything:
        return YES
    if not chosen.listed:
        return NO
    if target.resource and target.resource in chosen.listed:
        return YES
    answer = NO
    if "office365" in chosen.listed:
        if target.resource in OFFICE:
            return YES
        answer = MAYBE
    if "microsoftadminportals" in chosen.listed and target.resource not in OFFICE:
        answer = MAYBE
    if not target.resource or (target.app and target.app in chosen.listed):
        answer = MAYBE
    return answer


def for_paths(policy: AccessPolicy) -> Kleene:
    """Return whether the policy applies to each of `PATHS`, int8 (6,).

    The last answer is for a path that the record does not state.
    """
    known = [YES if path in policy.paths else NO for path in PATHS]
    return np.array([*known, YES if min(known) == YES else MAYBE if max(known) == YES else NO], np.int8)


def for_systems(policy: AccessPolicy, systems: Sequence[str]) -> Kleene:
    """Return whether the policy applies to each operating system, int8 (n,); "" means unknown.

    An attacker can claim any system.
    """
    return np.array(
        [min(_list(policy.include_systems, s), YES - _list(policy.exclude_systems, s)) for s in systems],
        np.int8,
    )


def _list(chosen: ConditionList, system: str) -> int:
    if chosen.everything:
        return YES
    if not chosen.listed:
        return NO
    return (YES if system in chosen.listed else NO) if system else MAYBE


def for_places(policy: AccessPolicy, places: Sequence[SignInLocation], known: Iterable[str]) -> Kleene:
    """Return whether the policy applies to sign-ins from each place, int8 (n,). `known` are the ids of the exported places."""
    known = frozenset(known)
    return np.array(
        [
            min(_in(policy.include_places, one, known), YES - _in(policy.exclude_places, one, known))
            for one in places
        ],
        np.int8,
    )


def _in(chosen: ConditionList, one: SignInLocation, known: frozenset[str]) -> int:
    if chosen.everything:
        return YES
    answer = NO
    for uid in chosen.listed:
        if uid == TRUSTED:
            answer = max(answer, one.trusted)
        elif uid in one.inside:
            return YES
        elif uid in one.perhaps or uid not in known:
            answer = max(answer, MAYBE)
    return answer


STRANGERS = {"in": YES, "out": NO, "unsure": MAYBE}
"""Whether a policy applies to a device that the organisation does not manage."""


def level_of(policy: AccessPolicy) -> int:
    """Return the index in `DEMANDS` of the strength that a policy demands."""
    return DEMANDS.index(policy.demand)


def cap_at_maybe(policy: AccessPolicy, answers: Kleene) -> Kleene:
    """Reduce each yes to maybe if the policy has conditions that are not evaluated."""
    return np.minimum(answers, MAYBE) if policy.doubts else answers
