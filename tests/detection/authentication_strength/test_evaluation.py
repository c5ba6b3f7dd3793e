"""Policies in three values: against a slow reference, and that a policy more never opens anything."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.detection.authentication_strength.evaluation import (
    MAYBE,
    NO,
    YES,
    AccountFacts,
    SignInLocation,
    SignInTarget,
    level_of,
)
from seawall.detection.authentication_strength.policy_gaps import SYSTEMS, PolicyGrid, RequiredStrength
from seawall.events.access_policy import (
    DEMANDS,
    PATHS,
    TRUSTED,
    AccessPolicy,
    ConditionList,
    NamedLocation,
    PolicyDirectory,
    Principals,
)
from tests.thoroughness import examples

PEOPLE = (
    AccountFacts("ann@x.example", "a", False, True),
    AccountFacts("ben@x.example", "b", False, False),
    AccountFacts("cas@x.example", "", None, None),
    AccountFacts("guest#ext#@x.example", "g", True, False),
)
TARGETS = (SignInTarget("mail"), SignInTarget("files"))
DIRECTORY = PolicyDirectory(
    members={"staff": frozenset({"a", "cas@x.example"}), "admins": frozenset({"a"})},
    places={
        "office": NamedLocation("office", "Office", True, ("192.0.2.0/24",)),
        "abroad": NamedLocation("abroad", "Abroad", countries=frozenset({"DE"})),
    },
)

principals = st.builds(
    Principals,
    st.booleans(),
    st.booleans(),
    st.frozensets(st.sampled_from(["a", "b", "ben@x.example"]), max_size=2),
    st.frozensets(st.sampled_from(["staff", "secret"]), max_size=2),
    st.frozensets(st.sampled_from(["admins", "unseen"]), max_size=2),
)


def chosen(*values: str) -> st.SearchStrategy[ConditionList]:
    return st.builds(ConditionList, st.booleans(), st.frozensets(st.sampled_from(values), max_size=2))


policies = st.builds(
    AccessPolicy,
    st.just(""),
    st.just("p"),
    st.sampled_from(["enabled", "enabled", "report-only"]),
    st.sampled_from(DEMANDS),
    principals,
    principals,
    chosen("mail", "files"),
    chosen("mail", "files"),
    st.frozensets(st.sampled_from(PATHS)),
    chosen("windows", "ios"),
    chosen("windows", "ios"),
    chosen("office", "abroad", "nowhere", TRUSTED),
    chosen("office", "abroad", "nowhere", TRUSTED),
    st.frozensets(st.sampled_from(["high"]), max_size=1),
    st.just(frozenset()),
    st.just(False),
    st.sampled_from([(), ("a doubt",)]),
)
SETS = st.lists(policies, max_size=3)


def either(*answers: int) -> int:
    return max(answers, default=NO)


def both(*answers: int) -> int:
    return min(answers)


def denied(answer: int) -> int:
    return {NO: YES, MAYBE: MAYBE, YES: NO}[answer]


def is_one_of(uids: frozenset[str], one: AccountFacts) -> int:
    return either(
        *(YES if uid in (one.account, one.uid) else NO if one.uid or "@" in uid else MAYBE for uid in uids)
    )


def named(who: Principals, one: AccountFacts) -> int:
    """Whether somebody is named, one name after the other."""
    if who.everybody:
        return YES
    answers = [is_one_of(who.users, one)]
    for group in who.groups | who.roles:
        members = DIRECTORY.members.get(group)
        if members is not None:
            answers.append(is_one_of(members, one))
        else:
            answers.append(NO if group in who.roles and one.is_admin is False else MAYBE)
    if who.guests:
        answers.append({None: MAYBE, True: YES, False: NO}[one.is_guest])
    return either(*answers)


def listed(choice: ConditionList, value: str) -> int:
    return YES if choice.everything or value in choice.listed else NO


def placed(choice: ConditionList, place: SignInLocation) -> int:
    if choice.everything:
        return YES
    answers = [NO]
    for uid in choice.listed:
        if uid == TRUSTED:
            answers.append(place.trusted)
        elif uid in place.inside:
            answers.append(YES)
        else:
            answers.append(NO if uid in DIRECTORY.places else MAYBE)
    return either(*answers)


def applies(
    policy: AccessPolicy, one: AccountFacts, target: str, path: str, system: str, place: SignInLocation
) -> int:
    answer = both(
        named(policy.include, one), denied(named(policy.exclude, one)),
        listed(policy.include_apps, target), denied(listed(policy.exclude_apps, target)),
        YES if path in policy.paths else NO,
        listed(policy.include_systems, system), denied(listed(policy.exclude_systems, system)),
        placed(policy.include_places, place), denied(placed(policy.exclude_places, place)),
    )  # fmt: skip
    return both(answer, MAYBE) if policy.doubts else answer


def slow(policies: list[AccessPolicy]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """What is asked for at least, sign-in by sign-in."""
    used = [one for one in policies if one.state == "enabled" and not one.is_narrow]
    places = [SignInLocation(), SignInLocation(frozenset({"abroad"}))]
    shape = (len(PEOPLE), len(TARGETS), len(PATHS))
    proved, possible = np.zeros(shape, int), np.zeros(shape, int)
    for a, t, p in product(*map(range, shape)):
        sure, may = [], []
        for system, place in product(SYSTEMS, places):
            answers = [
                (applies(one, PEOPLE[a], TARGETS[t].resource, PATHS[p], system, place), level_of(one))
                for one in used
            ]
            sure.append(max((level for answer, level in answers if answer == YES), default=0))
            may.append(max((level for answer, level in answers if answer != NO), default=0))
        proved[a, t, p], possible[a, t, p] = min(sure), min(may)
    return proved, possible


def cover(policies: list[AccessPolicy]) -> RequiredStrength:
    return PolicyGrid(PEOPLE, TARGETS, DIRECTORY).cover(policies)


@settings(max_examples=examples(120), deadline=None)
@given(SETS)
def test_the_columns_answer_as_one_after_the_other(policies: list[AccessPolicy]) -> None:
    found, (proved, possible) = cover(policies), slow(policies)
    np.testing.assert_array_equal(found.proved, proved)
    np.testing.assert_array_equal(found.possible, possible)
    assert (found.proved <= found.possible).all()


@settings(max_examples=examples(120), deadline=None)
@given(SETS, policies)
def test_an_enforcing_policy_more_never_opens_anything(
    policies: list[AccessPolicy], more: AccessPolicy
) -> None:
    before, after = cover(policies), cover([*policies, replace(more, state="enabled")])
    assert (after.proved >= before.proved).all()
    assert (after.possible >= before.possible).all()


@settings(max_examples=examples(120), deadline=None)
@given(SETS)
def test_knowing_more_never_turns_an_answer_round(policies: list[AccessPolicy]) -> None:
    before = cover(policies)
    known = replace(
        DIRECTORY, members={**DIRECTORY.members, "secret": frozenset({"b"}), "unseen": frozenset()}
    )
    after = PolicyGrid(PEOPLE, TARGETS, known).cover(policies)
    for least in range(1, len(DEMANDS)):
        was, now = before.answer(least), after.answer(least)
        assert (now[was != MAYBE] == was[was != MAYBE]).all()


def test_a_platform_that_is_left_out_is_left_out_for_everybody() -> None:
    everybody = Principals(everybody=True)
    partial = AccessPolicy(
        "", "p", "enabled", "mfa", everybody, exclude_systems=ConditionList(listed=frozenset({"linux"}))
    )
    assert not cover([partial]).possible.any()
    rest = replace(
        partial, include_systems=ConditionList(listed=frozenset({"linux"})), exclude_systems=ConditionList()
    )
    assert (cover([partial, rest]).proved == DEMANDS.index("mfa")).all()


def test_an_unknown_group_is_neither_covered_nor_a_hole() -> None:
    policy = AccessPolicy("", "p", "enabled", "mfa", Principals(groups=frozenset({"secret"})))
    assert (cover([policy]).answer(1) == MAYBE).all()
    excluded = replace(
        policy, include=Principals(everybody=True), exclude=Principals(groups=frozenset({"secret"}))
    )
    assert (cover([excluded]).answer(1) == MAYBE).all()


def test_trusted_places_are_no_hole_and_countries_are() -> None:
    everybody = Principals(everybody=True)
    trusted = AccessPolicy(
        "",
        "p",
        "enabled",
        "mfa",
        everybody,
        exclude_places=ConditionList(listed=frozenset({TRUSTED, "office"})),
    )
    assert (cover([trusted]).answer(1) == YES).all()
    abroad = replace(trusted, exclude_places=ConditionList(listed=frozenset({"abroad"})))
    assert (cover([abroad]).answer(1) == NO).all()
