"""Conditional access as Microsoft documents it: guests, groups in groups, filters of devices, controls, strengths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.detection.authentication_strength.evaluation import (
    MAYBE,
    NO,
    YES,
    AccountFacts,
    PolicyEvaluator,
    SignInTarget,
)
from seawall.detection.authentication_strength.policy_gaps import PolicyGrid
from seawall.events.access_policy import DEMANDS, PATHS, AccessPolicy, PolicyDirectory, Principals
from seawall.events.microsoft.device_filters import strangers_of
from seawall.events.microsoft.grant_controls import find_granted, strength_of, weakest
from tests.thoroughness import examples

from .policies import EXCHANGE, policy, read, users

ANN = AccountFacts("ann@x.example", "a", False, False)
NODES = ("one", "two", "three", "four")
graphs = st.dictionaries(
    st.sampled_from(NODES), st.frozensets(st.sampled_from([*NODES, "a", "b"]), max_size=4), max_size=4
)


def reached(graph: Mapping[str, frozenset[str]], start: str) -> set[str]:
    """Everything that is in a group, step by step until nothing is new."""
    found = {start}
    while True:
        more = found | {inner for one in found for inner in graph.get(one, ())}
        if more == found:
            return found
        found = more


@given(graphs, st.sampled_from(NODES))
def test_groups_in_groups_count_also_in_circles(graph: dict[str, frozenset[str]], group: str) -> None:
    directory = PolicyDirectory(members=graph, nested=set(NODES))
    (answer,) = PolicyEvaluator(directory).accounts(
        AccessPolicy("", "p", "enabled", "mfa", Principals(groups=frozenset({group}))), [ANN]
    )
    inside = reached(graph, group)
    is_whole = all(one in graph for one in inside if one in NODES)
    assert answer == (YES if "a" in inside else NO if is_whole else MAYBE)


def test_a_chain_of_a_hundred_thousand_groups_is_followed() -> None:
    members = {f"g{n}": frozenset({f"g{n + 1}"}) for n in range(100_000)} | {
        "g100000": frozenset({"g0", "a"})
    }
    one = AccessPolicy("", "p", "enabled", "mfa", Principals(groups=frozenset({"g0"})))
    assert PolicyEvaluator(PolicyDirectory(members=members)).accounts(one, [ANN]).tolist() == [YES]


def member(number: int) -> dict[str, str]:
    return {"id": f"u{number}", "userPrincipalName": f"u{number}@x.example"}


@pytest.mark.parametrize(
    ("group", "answer"),
    [
        ({"members": [member(1)]}, NO),
        ({"members": [member(n) for n in range(20)]}, MAYBE),
        ({"members": {"value": [member(n) for n in range(100)]}}, NO),
        ({"members": {"value": [member(1)], "@odata.nextLink": "https://graph.example/next"}}, MAYBE),
        ({"members": "unreadable"}, MAYBE),
        ({"members": [member(1)], "members@odata.nextLink": "https://graph.example/next"}, MAYBE),
        ({"members": [{"@odata.type": "#microsoft.graph.group", "id": "inner"}]}, MAYBE),
    ],
)
def test_who_is_not_among_members_that_may_be_cut_off_is_not_known(
    tmp_path: Path, group: dict[str, Any], answer: int
) -> None:
    only = policy(conditions=users(includeUsers=[], includeGroups=["g"]))
    found, directory, _ = read(tmp_path, only, {"id": "g", "displayName": "Staff", **group})
    evaluator = PolicyEvaluator(directory)
    assert evaluator.accounts(found[0], [AccountFacts("ann@x.example")]).tolist() == [answer]
    assert evaluator.unknown_groups(found) == (["Staff"] if answer == MAYBE else [])


INVITED, HOME = AccountFacts("g_y.example#ext#@x.example", "g", True), AccountFacts("g@y.example", "g", True)
OUTSIDE_MEMBER = AccountFacts("m_y.example#ext#@x.example", "m", False)


@pytest.mark.parametrize(
    ("kinds", "answers"),
    [
        (None, (YES, YES, YES, NO)),
        ("internalGuest,b2bCollaborationGuest", (YES, YES, NO, NO)),
        ("b2bCollaborationGuest", (YES, MAYBE, NO, NO)),
        ("b2bCollaborationMember", (NO, NO, YES, NO)),
        ("serviceProvider", (NO, NO, NO, NO)),
    ],
)
def test_kinds_of_guests(tmp_path: Path, kinds: str | None, answers: tuple[int, ...]) -> None:
    whom: dict[str, Any] = {"includeUsers": ["GuestsOrExternalUsers"]}
    if kinds:
        whom = {"includeUsers": [], "includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": kinds}}
    (one,), directory, _ = read(tmp_path, policy(conditions=users(**whom)))
    people = [INVITED, HOME, OUTSIDE_MEMBER, ANN]
    assert tuple(PolicyEvaluator(directory).accounts(one, people).tolist()) == answers


def test_leaving_out_guests_of_some_organisations_says_nothing_of_others(tmp_path: Path) -> None:
    kinds = {
        "guestOrExternalUserTypes": "internalGuest,b2bCollaborationGuest",
        "externalTenants": {"membershipKind": "enumerated", "members": ["t"]},
    }
    (one,), directory, _ = read(tmp_path, policy(conditions=users(excludeGuestsOrExternalUsers=kinds)))
    assert PolicyEvaluator(directory).accounts(one, [INVITED, ANN]).tolist() == [MAYBE, YES]


@pytest.mark.parametrize(
    ("mode", "rule", "answer"),
    [
        ("exclude", "device.isCompliant -eq True", "in"),
        ("exclude", 'device.extensionAttribute1 -eq "SAW" -or device.trustType -eq "ServerAD"', "in"),
        ("exclude", "device.isCompliant -ne True", "out"),
        ("include", 'device.deviceId -in ["a", "b"]', "out"),
        ("include", "device.isCompliant -ne True", "in"),
        ("exclude", 'device.displayName -startsWith "KIOSK"', "unsure"),
        ("exclude", 'device.trustType -eq "Workplace"', "unsure"),
        ("exclude", 'device.isCompliant -eq True -and device.extensionAttribute2 -ne "x"', "unsure"),
        ("include", "-not (device.isCompliant -eq True)", "unsure"),
        ("include", "x" * 100_000, "unsure"),
        ("between", "device.isCompliant -eq True", "unsure"),
        ("exclude", "", "unsure"),
    ],
)
def test_a_filter_of_devices_and_a_device_that_nobody_knows(mode: str, rule: str, answer: str) -> None:
    assert strangers_of(mode, rule) == answer


def test_a_policy_that_spares_known_devices_covers_an_intruder(tmp_path: Path) -> None:
    spared = {"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True"}}}
    (one,), directory, _ = read(tmp_path, policy(conditions=spared))
    assert one.doubts == ()
    assert (PolicyGrid([ANN], [SignInTarget(EXCHANGE)], directory).cover([one]).answer(1) == YES).all()


def test_security_defaults_block_legacy_protocols_and_perhaps_ask_for_more(tmp_path: Path) -> None:
    defaults = {
        "id": "00000000-0000-0000-0000-000000000005",
        "displayName": "Security Defaults",
        "isEnabled": True,
    }
    found, directory, problems = read(tmp_path, defaults)
    answers = PolicyGrid([ANN], [SignInTarget(EXCHANGE)], directory).cover(found).answer(1)[0, 0].tolist()
    assert dict(zip(PATHS, answers, strict=True)) == {
        "browser": MAYBE, "apps": MAYBE, "activesync": YES, "legacy": YES, "device_code": MAYBE,
    }  # fmt: skip
    off, _, more = read(tmp_path, {**defaults, "isEnabled": False})
    assert (off, problems, more) == ([], [], [])


controls = st.lists(
    st.sampled_from(["mfa", "compliantDevice", "approvedApplication", "passwordChange"]), max_size=3
)


@given(controls, st.integers(0, 2))
def test_with_or_no_more_is_asked_than_any_control_and_with_and_no_less(
    wanted: list[str], others: int
) -> None:
    alone = [
        DEMANDS.index(weakest(find_granted([one], None, "", others=0, is_or=True)[0])) for one in wanted
    ] + [0] * others
    either = weakest(find_granted(wanted, None, "", others=others, is_or=True)[0])
    both = weakest(find_granted(wanted, None, "", others=others, is_or=False)[0])
    assert DEMANDS.index(either) == min(alone, default=0)
    assert DEMANDS.index(both) == max(alone, default=0)


BUILT_IN_MFA = [
    "windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor", "deviceBasedPush", "temporaryAccessPassOneTime",
    "temporaryAccessPassMultiUse", "password,microsoftAuthenticatorPush", "password,softwareOath", "password,hardwareOath",
    "password,sms", "password,voice", "federatedMultiFactor", "microsoftAuthenticatorPush,federatedSingleFactor",
    "sms,federatedSingleFactor",
]  # fmt: skip


@pytest.mark.parametrize(
    ("combinations", "demand", "doubts"),
    [
        (BUILT_IN_MFA, "mfa", 0),
        (BUILT_IN_MFA[:3], "resistant", 0),
        ([*BUILT_IN_MFA, "password"], "nothing", 0),
        (["x509CertificateSingleFactor"], "nothing", 0),
        (["federatedSingleFactor"], "nothing", 0),
        (["fido2", "somethingNew"], "resistant", 1),
        ([], "mfa", 1),
    ],
)
def test_strengths(combinations: list[str], demand: str, doubts: int) -> None:
    found, doubted = strength_of(combinations, "custom")
    assert (found, len(doubted)) == (demand, doubts)


everyone = Principals(everybody=True)


@settings(max_examples=examples(60), deadline=None)
@given(
    st.sets(st.sampled_from(["a", "b", "ann@x.example"])),
    st.booleans(),
    st.sampled_from(["in", "out", "unsure"]),
)
def test_an_exclusion_more_never_covers_more(out: set[str], guests: bool, strangers: Any) -> None:
    people = [ANN, AccountFacts("ben@x.example", "b", None, None), INVITED]
    one = AccessPolicy("", "p", "enabled", "mfa", everyone, strangers=strangers)
    less = replace(one, exclude=Principals(guests=guests, users=frozenset(out)))
    covers = [
        PolicyGrid(people, [SignInTarget(EXCHANGE)], PolicyDirectory()).cover([each]) for each in (one, less)
    ]
    assert (covers[0].proved >= covers[1].proved).all()
    assert (covers[0].possible >= covers[1].possible).all()
    if strangers == "out":
        assert not np.any(covers[0].possible)
