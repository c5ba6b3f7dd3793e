"""Who could be taken over, what closes it, and what a proposed policy would have done, on small made-up logs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.detection.authentication_strength.assess import Assessment, AssessmentInputs, assess
from seawall.detection.authentication_strength.collect import DayAggregator
from seawall.events.access_policy import PolicyDirectory, Registration
from seawall.report.assurance import AssessmentReading, assurance_document
from tests.sample_events import batches, sign_in

from .policies import ANN, BEN, EXCHANGE, policy, read, users

STRONG = json.dumps({"steps": [["FIDO2 security key", None, "true", None]], "client_app": "Browser"})
STEPS = [["Password", None, "true", None], ["Mobile app notification", None, "true", None]]
MOBILE = json.dumps({"steps": STEPS, "client_app": "Browser"})
PASSWORD = json.dumps({"steps": [["Password", None, "true", None]], "client_app": "Browser"})


def signed(uid: str, account: str = "ann@x.example", parameters: str = MOBILE, **more: Any) -> dict[str, Any]:
    own = {
        "source": "entra_signin", "account": account, "actor_user_uid": {"ann@x.example": ANN, "ben@x.example": BEN}.get(account),
        "parameters": parameters, "target_app_uid": EXCHANGE, "resource_uid": "Exchange", "auth_method": None,
    }  # fmt: skip
    return sign_in(uid, **{**own, **more})


def assessed(tmp_path: Path, rows: list[dict[str, Any]], given: AssessmentInputs | None = None) -> Assessment:
    collector = DayAggregator()
    for day, batch in batches(tmp_path, rows):
        collector.observe(batch, day)
    return assess(collector, given or AssessmentInputs())


def answers(result: Assessment) -> dict[str, tuple[str, str]]:
    return {
        person.account: (result.exposed[2 * place].answer, result.exposed[2 * place + 1].answer)
        for place, person in enumerate(result.people)
    }


def causes(result: Assessment, account: str, attack: str) -> set[str]:
    return {
        w.cause for e in result.exposed if (e.person.account, e.attack) == (account, attack) for w in e.ways
    }


def registered(account: str, *methods: str, system: Any = "entra", **more: Any) -> Registration:
    return Registration(account, system, methods, can_mfa=len(methods) > 0, where="export.json:1", **more)


def test_records_alone_prove_what_is_open_and_never_what_is_closed(tmp_path: Path) -> None:
    rows = [
        signed("1", "weak@x.example", PASSWORD), signed("2", "push@x.example", MOBILE), signed("3", "key@x.example", STRONG),
        signed("4", "claimed@x.example", json.dumps({"requirement": "multiFactorAuthentication", "token_type": "refreshToken"})),
        signed("5", "imap@x.example", "", auth_protocol="legacy"),
        signed("6", "managed@x.example", json.dumps({"steps": [["Password", None, "true", None]], "compliant": "true"})),
        signed("7", "failed@x.example", PASSWORD, status="failure", status_code="50126"),
    ]  # fmt: skip
    assert answers(assessed(tmp_path, rows)) == {
        "weak@x.example": ("open", "open"),
        "push@x.example": ("unknown", "open"),
        "key@x.example": ("unknown", "unknown"),
        "claimed@x.example": ("unknown", "unknown"),
        "imap@x.example": ("open", "open"),
        "managed@x.example": ("unknown", "unknown"),
        "failed@x.example": ("unknown", "unknown"),
    }


def test_an_open_answer_names_its_record(tmp_path: Path) -> None:
    result = assessed(
        tmp_path, [signed("old", parameters=PASSWORD), signed("new", day=2, parameters=PASSWORD)]
    )
    document = assurance_document(result, AssessmentReading())
    (way,) = document["accounts"][0]["password"]["ways"]
    assert (way["cause"], way["record"], way["last"]) == ("password-only", "new", "2026-03-04T09:00:00Z")


def test_policies_prove_what_is_closed(tmp_path: Path) -> None:
    found, directory, _ = read(tmp_path, policy(), policy("no codes", conditions={
        "authenticationFlows": {"transferMethods": "deviceCodeFlow"}}, grantControls={"builtInControls": ["block"]}))  # fmt: skip
    rows = [signed("1", parameters=PASSWORD), signed("2", "ben@x.example", MOBILE)]
    result = assessed(
        tmp_path, rows, AssessmentInputs((registered("ann@x.example", "push"),), found, None, directory)
    )
    assert answers(result) == {"ann@x.example": ("closed", "open"), "ben@x.example": ("closed", "open")}
    assert causes(result, "ann@x.example", "phishing") == {"phishable"}


def test_who_has_no_second_factor_is_open_in_spite_of_policies(tmp_path: Path) -> None:
    found, directory, _ = read(tmp_path, policy())
    nobody = AssessmentInputs((registered("ann@x.example"),), found, None, directory)
    result = assessed(tmp_path, [signed("1")], nobody)
    assert causes(result, "ann@x.example", "password") == {"no-second-factor"}
    guard = policy("guard", conditions={"applications": {"includeUserActions": ["urn:user:registersecurityinfo"]}},
                   grantControls={"builtInControls": ["block"]})  # fmt: skip
    found, directory, _ = read(tmp_path, policy(), guard)
    guarded = assessed(
        tmp_path, [signed("1")], AssessmentInputs(nobody.registrations, found, None, directory)
    )
    assert answers(guarded)["ann@x.example"][0] == "closed"


def test_phishing_resistant_everywhere_and_no_device_code_closes_phishing(tmp_path: Path) -> None:
    strong = {"operator": "OR", "authenticationStrength": {"allowedCombinations": ["fido2"]}}
    flow = policy("no codes", conditions={"authenticationFlows": {"transferMethods": "deviceCodeFlow"}},
                  grantControls={"builtInControls": ["block"]})  # fmt: skip
    found, directory, _ = read(tmp_path, policy(grantControls=strong), flow)
    given = AssessmentInputs((registered("ann@x.example", "security_key"),), found, None, directory)
    result = assessed(tmp_path, [signed("1", parameters=STRONG)], given)
    assert answers(result) == {"ann@x.example": ("closed", "closed")}
    found, directory, _ = read(tmp_path, policy(grantControls=strong))
    result = assessed(
        tmp_path, [signed("1", parameters=STRONG)], AssessmentInputs((), found, None, directory)
    )
    assert causes(result, "ann@x.example", "phishing") == {"device-code"}


def test_google_and_okta_are_judged_by_their_own_settings(tmp_path: Path) -> None:
    given = AssessmentInputs((
        registered("on@x.example", "password", "second_factor", system="google"),
        registered("off@x.example", system="google"),
        registered("none@x.example", "password", system="okta"),
        registered("gone@x.example", system="google", is_disabled=True),
    ))  # fmt: skip
    result = assessed(tmp_path, [signed("1")], given)
    assert answers(result)["on@x.example"][0] == "closed"
    assert answers(result)["off@x.example"][0] == "open"
    assert answers(result)["gone@x.example"] == ("closed", "closed")


def test_an_exclusion_is_a_hole_by_name_and_its_removal_the_first_change(tmp_path: Path) -> None:
    found, directory, _ = read(tmp_path, policy(conditions=users(excludeUsers=[BEN])))
    rows = [signed("1"), signed("2", "ben@x.example", STRONG)]
    given = AssessmentInputs(
        tuple(registered(a, "push") for a in ("ann@x.example", "ben@x.example")), found, None, directory
    )
    result = assessed(tmp_path, rows, given)
    browser = [hole for hole in result.holes if "browser" in hole.paths]
    assert [(hole.answer, hole.accounts) for hole in browser] == [("not covered", ("ben@x.example",))]
    assert "Exchange" in browser[0].targets
    kinds = [step.change.kind for step in result.steps]
    assert "exclusion" in kinds[:2]
    exclusion = next(step for step in result.steps if step.change.kind == "exclusion")
    assert exclusion.accounts == ("ben@x.example",)
    assert exclusion.open_still["password"] == 0


def test_the_list_of_changes_closes_everything_that_can_be_closed(tmp_path: Path) -> None:
    rows = [signed("1", parameters=PASSWORD), signed("2", "ben@x.example", "", auth_protocol="legacy"),
            signed("3", "cas@x.example", "", auth_protocol="device_code")]  # fmt: skip
    result = assessed(tmp_path, rows, AssessmentInputs((registered("ann@x.example"),)))
    assert result.steps[-1].open_still == {"password": 0, "phishing": 0}
    counts = [step.closes for step in result.steps]
    assert sum(counts) == sum(len(way.paths) for one in result.exposed for way in one.ways)


def what_if(
    tmp_path: Path, rows: list[dict[str, Any]], proposed: dict[str, Any], *people: Registration
) -> dict[str, Any]:
    found, directory, _ = read(tmp_path, proposed)
    result = assessed(tmp_path, rows, AssessmentInputs(people, None, found, directory))
    told = assurance_document(result, AssessmentReading(), {"1": "incident"})["what_if"]
    assert isinstance(told, dict)
    return told


def test_what_if_stops_asks_and_locks_out(tmp_path: Path) -> None:
    rows = [
        signed("1", "ben@x.example", "", auth_protocol="legacy"),
        signed("2", parameters=PASSWORD), signed("3", day=1, parameters=PASSWORD),
        signed("4", day=1, minute=5, parameters=PASSWORD), signed("5", "cas@x.example", MOBILE),
        signed("6", "none@x.example", PASSWORD), signed("7", "dan@x.example", PASSWORD),
    ]  # fmt: skip
    told = what_if(
        tmp_path, rows, policy(), registered("ann@x.example", "push"), registered("none@x.example")
    )
    assert told["sign_ins"] == {
        "untouched": 1,
        "stopped": 1,
        "asked for more": 4,
        "locked out": 1,
        "unknown": 0,
    }
    assert told["bothered"] == [
        {"account": "ann@x.example", "days": 2},
        {"account": "dan@x.example", "days": 1},
    ]
    assert (told["locked_out"], told["perhaps_locked_out"]) == (["none@x.example"], ["dan@x.example"])
    (stopped,) = told["records"]["stopped"]
    assert (stopped["record"], stopped["account"], stopped["incident"]) == ("1", "ben@x.example", "incident")
    assert told["in_raised_incidents"]["incidents_met"] == 1


def test_what_if_heeds_places_and_says_what_turns_on_the_unknown(tmp_path: Path) -> None:
    inside = policy(
        conditions={"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}
    )
    place = {
        "id": "p",
        "displayName": "Office",
        "isTrusted": True,
        "ipRanges": [{"cidrAddress": "203.0.113.0/24"}],
    }
    path = tmp_path / "both.json"
    path.write_text(json.dumps([inside, place]))
    from seawall.events.microsoft.access_policies import read_policies

    found, directory, _ = read_policies([path])
    addresses = ("203.0.113.7", "198.51.100.1", None)
    rows = [signed(str(number), parameters=PASSWORD, src_ip=one) for number, one in enumerate(addresses, 1)]
    result = assessed(tmp_path, rows, AssessmentInputs((), None, found, directory))
    assert result.replayed is not None
    by_record = dict(zip(result.signs.uid.to_pylist(), result.replayed.outcome.tolist(), strict=True))
    assert by_record == {"1": 0, "2": 2, "3": 4}
    told = what_if(tmp_path, rows, policy(conditions=users(includeUsers=[], includeGroups=["secret"])))
    assert told["sign_ins"]["unknown"] == 3


def test_nothing_at_all_is_answered_with_nothing(tmp_path: Path) -> None:
    result = assess(DayAggregator(), AssessmentInputs())
    assert (result.people, result.steps, result.findings, result.days) == ([], [], [], [])
    assert assurance_document(result, AssessmentReading())["summary"]["granted"] == 0


def test_days_count_an_account_once_at_its_weakest(tmp_path: Path) -> None:
    rows = [
        signed("1", parameters=STRONG),
        signed("2", minute=1, parameters=PASSWORD),
        signed("3", day=1, parameters=MOBILE),
    ]
    first, second = assessed(tmp_path, rows).days
    assert first.accounts == (0, 1, 0, 0)
    assert first.sign_ins == (0, 1, 0, 1)
    assert second.accounts == (0, 0, 1, 0)


@pytest.mark.parametrize("directory", [PolicyDirectory(), PolicyDirectory(accounts={ANN: "ann@x.example"})])
def test_an_account_without_an_id_is_found_by_its_name_or_not_known(
    tmp_path: Path, directory: PolicyDirectory
) -> None:
    found, _, _ = read(tmp_path, policy(conditions=users(excludeUsers=[ANN])))
    result = assessed(
        tmp_path, [signed("1", actor_user_uid=None)], AssessmentInputs((), found, None, directory)
    )
    assert {hole.answer for hole in result.holes} == ({"not covered"} if directory.accounts else {"unknown"})


def test_a_renewal_counts_as_what_its_session_began_with(tmp_path: Path) -> None:
    renewed = json.dumps({"requirement": "singleFactorAuthentication", "token_type": "refreshToken"})
    rows = [signed("1", parameters=STRONG, session_uid="s"), signed("2", minute=5, parameters=renewed, session_uid="s"),
            signed("3", minute=6, parameters=renewed, session_uid="unseen")]  # fmt: skip
    assert assessed(tmp_path, rows).signs.level.tolist() == [3, 3, 0]


def test_a_password_that_was_the_first_of_two_steps_did_not_suffice(tmp_path: Path) -> None:
    def step(uid: str, account: str, session: str | None, method: str) -> dict[str, Any]:
        own = {"source": "okta", "session_uid": session, "auth_method": method, "actor_user_uid": None}
        return signed(uid, account, "", **own)

    rows = [
        step("1", "both@x.example", "s1", "password"), step("2", "both@x.example", "s1", "mfa"),
        step("3", "alone@x.example", "s2", "password"), step("4", "untold@x.example", None, "password"),
    ]  # fmt: skip
    result = assessed(tmp_path, rows)
    assert answers(result) == {
        "both@x.example": ("unknown", "open"),
        "alone@x.example": ("open", "open"),
        "untold@x.example": ("unknown", "unknown"),
    }
    assert {person.system for person in result.people} == {"okta"}
    assert [step.change.kind for step in result.steps] == ["enforce-okta", "resistant-okta"]


@pytest.mark.parametrize("system", ["okta", "google"])
def test_a_device_may_be_remembered_where_the_account_has_a_second_factor(
    tmp_path: Path, system: str
) -> None:
    source = {"okta": "okta", "google": "google_workspace"}[system]

    def step(uid: str, account: str, session: str, method: str) -> dict[str, Any]:
        own = {"source": source, "session_uid": session, "auth_method": method, "actor_user_uid": None}
        return signed(uid, account, "", **own)

    rows = [
        step("1", "shown@x.example", "s1", "password"), step("2", "shown@x.example", "s2", "mfa"),
        step("3", "has@x.example", "s3", "password"), step("4", "alone@x.example", "s4", "password"),
    ]  # fmt: skip
    result = assessed(
        tmp_path, rows, AssessmentInputs((registered("has@x.example", "password", "push", system=system),))
    )
    assert {name: answer[0] for name, answer in answers(result).items() if name != "has@x.example"} == {
        "shown@x.example": "unknown", "alone@x.example": "open",
    }  # fmt: skip
    assert answers(result)["has@x.example"][0] == ("closed" if system == "google" else "unknown")


def test_what_if_of_a_policy_on_risk_is_for_risky_sign_ins(tmp_path: Path) -> None:
    whole = {**json.loads(PASSWORD), "requirement": "singleFactorAuthentication"}
    rows = [
        signed("1", parameters=json.dumps(whole)),
        signed("2", minute=1, parameters=json.dumps({**whole, "risk": "high"})),
    ]
    told = what_if(tmp_path, rows, policy(conditions={"signInRiskLevels": ["medium", "high"]}))
    assert (told["sign_ins"]["untouched"], told["sign_ins"]["asked for more"]) == (1, 1)
    for wanted, outcome in (("high", "asked for more"), ("medium", "untouched")):
        told = what_if(tmp_path, rows[1:], policy(conditions={"signInRiskLevels": [wanted]}))
        assert told["sign_ins"][outcome] == 1
    untold = signed("3", parameters=json.dumps({**whole, "risk": "hidden"}))
    told = what_if(tmp_path, [untold], policy(conditions={"signInRiskLevels": ["high"]}))
    assert told["sign_ins"]["unknown"] == 1


def test_one_address_in_two_systems_is_two_accounts_and_policies_are_for_one(tmp_path: Path) -> None:
    found, directory, _ = read(tmp_path, policy(conditions=users(includeUsers=["None"])))
    okta: dict[str, Any] = {
        "source": "okta",
        "org_uid": "okta-org",
        "auth_method": "password",
        "session_uid": "s",
    }
    rows = [signed("1"), signed("2", parameters="", **okta)]
    people = (
        registered("ann@x.example", "push"),
        registered("ann@x.example", "password", "sms", system="okta"),
    )
    result = assessed(tmp_path, rows, AssessmentInputs(people, found, found, directory))
    assert [(one.system, one.registration and one.registration.methods) for one in result.people] == [
        ("okta", ("password", "sms")),
        ("entra", ("push",)),
    ]
    assert {hole.accounts for hole in result.holes} == {("ann@x.example",)}
    assert result.replayed is not None
    assert len(result.replayed.rows) == 1
