"""A what-if: what stands beside today's policies, instead of them, and what each control would have done to a sign-in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.cli.main import main
from seawall.detection.authentication_strength.assess import Assessment, AssessmentInputs
from seawall.detection.authentication_strength.replay import OUTCOMES
from seawall.events.access_policy import (
    AccessPolicy,
    ConditionList,
    PolicyDirectory,
    Principals,
    Registration,
)
from seawall.pipeline.assess import assessment
from seawall.report.assurance import AssessmentReading, assurance_document
from tests.thoroughness import examples

from .policies import policy, read, users
from .test_takeover import MOBILE, PASSWORD, STRONG, assessed, registered, signed
from .test_verb import graph_sign_in

MANAGED = json.dumps({**json.loads(PASSWORD), "compliant": "true"})
STRONG_MANAGED = json.dumps({**json.loads(MOBILE), "compliant": "true"})


def tried(
    folder: Path, rows: list[dict[str, Any]], proposed: list[AccessPolicy], *people: Registration, **more: Any
) -> Assessment:
    return assessed(folder, rows, AssessmentInputs(people, proposed=proposed, **more))


def outcomes(result: Assessment) -> dict[str, str]:
    assert result.replayed is not None
    uids = result.signs.uid.to_pylist()
    return {uid: OUTCOMES[code] for uid, code in zip(uids, result.replayed.outcome.tolist(), strict=True)}


@pytest.mark.parametrize(
    ("operator", "single_managed", "two_factors", "both"),
    [("OR", "untouched", "untouched", "untouched"), ("AND", "asked for more", "asked for more", "untouched")],
)
def test_a_device_or_and_a_second_factor(
    tmp_path: Path, operator: str, single_managed: str, two_factors: str, both: str
) -> None:
    controls = {"operator": operator, "builtInControls": ["mfa", "compliantDevice"]}
    found, _, _ = read(tmp_path, policy(grantControls=controls))
    rows = [signed("1", parameters=MANAGED), signed("2", minute=1), signed("3", minute=2, parameters=STRONG_MANAGED),
            signed("4", minute=3, parameters=PASSWORD)]  # fmt: skip
    told = outcomes(tried(tmp_path, rows, found, registered("ann@x.example", "push")))
    assert told == {"1": single_managed, "2": two_factors, "3": both, "4": "asked for more"}


def test_two_policies_ask_for_both(tmp_path: Path) -> None:
    device = policy("Device", grantControls={"operator": "OR", "builtInControls": ["compliantDevice"]})
    found, _, _ = read(tmp_path, policy(), device)
    told = outcomes(
        tried(tmp_path, [signed("1", parameters=MANAGED)], found, registered("ann@x.example", "push"))
    )
    assert told == {"1": "asked for more"}


def test_which_networks_are_trusted_is_not_known_without_named_places(tmp_path: Path) -> None:
    outside = policy(
        conditions={"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}
    )
    found, _, _ = read(tmp_path, outside)
    assert outcomes(tried(tmp_path, [signed("1", parameters=PASSWORD)], found)) == {"1": "unknown"}


def test_what_policies_of_today_ask_for_is_not_the_doing_of_a_change(tmp_path: Path) -> None:
    today, directory, _ = read(tmp_path, policy())
    legacy = replace(today[0], uid="new", name="new", paths=frozenset({"legacy"}), demand="block", choices=())
    rows = [signed("1", parameters=PASSWORD), signed("2", "ben@x.example", "", auth_protocol="legacy")]
    more = {"policies": today, "directory": directory}
    told = outcomes(tried(tmp_path, rows, [replace(legacy, paths=frozenset({"browser"}))], **more))
    assert told == {"1": "stopped", "2": "untouched"}
    result = tried(tmp_path, rows, [legacy], is_instead=True, **more)
    document = assurance_document(result, AssessmentReading())["what_if"]
    assert document["loosened"] == {"sign_ins": 1, "accounts": ["ann@x.example"]}
    assert document["basis"] == "instead of all policies of today (1 enabled)"


def test_who_would_be_open_then_is_told_beside_who_is_now(tmp_path: Path) -> None:
    today, directory, _ = read(tmp_path, policy("Everyone", conditions=users(excludeUsers=["ben@x.example"])))
    changed = replace(today[0], exclude=Principals())
    people = (registered("ann@x.example", "push"), registered("ben@x.example", "push"))
    rows = [signed("1"), signed("2", "ben@x.example")]
    result = tried(tmp_path, rows, [changed], *people, policies=today, directory=directory)
    told = assurance_document(result, AssessmentReading())["what_if"]
    assert told["basis"] == "on top of the policies of today (1 enabled), of which 1 would be changed"
    assert told["takeover"]["password"] == {
        "now": {"open": 1, "closed": 1, "unknown": 0}, "then": {"open": 0, "closed": 2, "unknown": 0},
        "no_longer_open": ["ben@x.example"], "newly_open": [],
    }  # fmt: skip
    worse = tried(
        tmp_path, rows, [replace(today[0], paths=frozenset())], *people, policies=today, directory=directory
    )
    assert assurance_document(worse, AssessmentReading())["what_if"]["takeover"]["password"][
        "newly_open"
    ] == ["ann@x.example"]


demands = st.sampled_from(["mfa", "resistant", "device", "block"])
some = st.builds(
    AccessPolicy, st.just(""), st.just("p"), st.sampled_from(["enabled", "report-only"]), demands,
    st.builds(Principals, st.booleans(), users=st.frozensets(st.sampled_from(["ann@x.example", "ben@x.example"]))),
    paths=st.frozensets(st.sampled_from(["browser", "apps", "legacy", "device_code"])),
    include_systems=st.builds(ConditionList, st.booleans(), st.frozensets(st.sampled_from(["windows"]))),
    sign_in_risks=st.frozensets(st.sampled_from(["none", "high"]), max_size=1),
    choices=st.sampled_from([(), (frozenset({"mfa", "device"}),), (frozenset({"mfa"}), frozenset({"device"}))]),
)  # fmt: skip
ROWS = [
    signed("1", parameters=PASSWORD), signed("2", minute=1), signed("3", "ben@x.example", minute=2, parameters=STRONG),
    signed("4", "ben@x.example", "", minute=3, auth_protocol="legacy"), signed("5", minute=4, parameters=MANAGED),
]  # fmt: skip
SEVERITY = {"untouched": 0, "unknown": 1, "asked for more": 2, "locked out": 3, "stopped": 4}


@settings(
    max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(some, max_size=3), some)
def test_a_policy_more_lets_nothing_through_and_the_same_policies_change_nothing(
    tmp_path: Path, today: list[AccessPolicy], more: AccessPolicy
) -> None:
    on_top = tried(tmp_path, ROWS, [more], policies=today)
    same = tried(tmp_path, ROWS, today, policies=today, is_instead=True)
    fewer, all_of_them = tried(tmp_path, ROWS, today), tried(tmp_path, ROWS, [*today, more])
    assert on_top.replayed is not None
    assert not len(on_top.replayed.loosened)
    assert set(outcomes(same).values()) == {"untouched"}
    before, after = outcomes(fewer), outcomes(all_of_them)
    assert all(SEVERITY[after[uid]] >= SEVERITY[before[uid]] for uid in before)


def test_the_verb_says_what_a_proposal_stands_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs, today, proposed = (tmp_path / name for name in ("logs.json", "today.json", "proposed.json"))
    logs.write_text(json.dumps([graph_sign_in("one")]))
    today.write_text(json.dumps([policy("Today", conditions=users(excludeUsers=["ann@x.example"]))]))
    proposed.write_text(json.dumps([policy("Proposed", state="disabled")]))
    call = ["assurance", str(logs), "--policies", str(today), "--what-if", str(proposed), "--quiet"]
    assert main(call) == 0
    told = capsys.readouterr().out
    assert "What if: Proposed, on top of the policies of today (1 enabled)" in told
    assert "stolen password: 1 open now" in told
    assert main([*call, "--instead", "--out", str(tmp_path / "out")]) == 0
    assert "instead of all policies of today" in capsys.readouterr().out
    assert "Tried instead of all policies" in (tmp_path / "out" / "assurance.html").read_text()
    assert main(["assurance", str(logs), "--instead", "--what-if", str(proposed)]) == 2


def test_what_is_switched_off_today_and_in_the_proposal_stays_off(tmp_path: Path) -> None:
    logs, today, proposed = (tmp_path / name for name in ("logs.json", "today.json", "proposed.json"))
    logs.write_text(json.dumps([graph_sign_in("one", clientAppUsed="Browser")]))
    off, waiting = (
        policy("Off", state="disabled"),
        policy("Waiting", state="enabledForReportingButNotEnforced"),
    )
    today.write_text(json.dumps([off, waiting]))
    for what, then in ((off, 1), (waiting, 0), ({**off, "id": "new"}, 0)):
        proposed.write_text(json.dumps([what]))
        told = assessment([logs], policies=[today], what_if=proposed)["what_if"]["sign_ins"]
        assert told["untouched"] == then, what["displayName"]


def test_members_of_the_proposal_are_known_to_it(tmp_path: Path) -> None:
    only = policy(conditions=users(includeUsers=[], includeGroups=["g"]))
    group = {"id": "g", "displayName": "G", "members": ["ann@x.example"]}
    found, directory, _ = read(tmp_path, only, group)
    assert isinstance(directory, PolicyDirectory)
    told = outcomes(tried(tmp_path, [signed("1", parameters=PASSWORD)], found, directory=directory))
    assert told == {"1": "asked for more"}
