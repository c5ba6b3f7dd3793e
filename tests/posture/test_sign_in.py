"""Policies on sign-in: met, not met, and cannot say; what narrows a Conditional Access policy keeps it from counting."""

from __future__ import annotations

from typing import Any

import pytest

from seawall.posture.assess import assess_configuration
from seawall.posture.conditional_access import PRIVILEGED_ROLES
from seawall.posture.policies.sign_in import SIGN_IN
from seawall.posture.policy import Configuration, PolicyVerdict
from seawall.posture.values import lower_names

from .graph import access_policy

RESISTANT = {"authenticationStrength": {"allowedCombinations": ["fido2", "windowsHelloForBusiness"]}}
USERS = access_policy()["conditions"]["users"]


def judge(
    policy: str, emergency: frozenset[str] = frozenset(), **exports: list[dict[str, Any]]
) -> PolicyVerdict:
    configuration = Configuration(
        {name: [lower_names(one) for one in objects] for name, objects in exports.items()},
        0,
        emergency=emergency,
    )
    return next(
        one.verdict for one in assess_configuration(configuration, SIGN_IN) if one.policy.id == policy
    )


GOOD = {
    "MS.AAD.1.1v1": access_policy(conditions={"clientAppTypes": ["exchangeActiveSync", "other"]}),
    "MS.AAD.2.1v1": access_policy(conditions={"userRiskLevels": ["high"]}),
    "MS.AAD.2.3v1": access_policy(conditions={"signInRiskLevels": ["medium", "high"]}),
    "MS.AAD.3.1v1": access_policy(controls=[], grant=RESISTANT),
    "MS.AAD.3.2v2": access_policy(controls=["mfa"]),
    "MS.AAD.3.6v1": access_policy(
        controls=[],
        grant=RESISTANT,
        conditions={"users": {**USERS, "includeUsers": [], "includeRoles": list(PRIVILEGED_ROLES)}},
    ),
    "MS.AAD.3.7v1": access_policy(controls=["compliantDevice", "domainJoinedDevice"]),
    "MS.AAD.3.8v1": access_policy(
        controls=["compliantDevice"],
        conditions={"applications": {"includeUserActions": ["urn:user:registersecurityinfo"]}},
    ),
    "MS.AAD.3.9v1": access_policy(conditions={"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}),
    "MS.AAD.9.1v1": access_policy(
        conditions={
            "clientApplications": {"includeAgentIdServicePrincipals": ["All"]},
            "agentIdRiskLevels": "high",
            "users": {"includeUsers": ["None"]},
        }
    ),
    "SEAWALL.SIGNIN.1v1": access_policy(controls=[], session={"secureSignInSession": {"isEnabled": True}}),
    "SEAWALL.SIGNIN.2v1": access_policy(
        conditions={
            "clientApplications": {"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]},
            "users": {"includeUsers": ["None"]},
            "locations": {
                "includeLocations": ["All"],
                "excludeLocations": ["11111111-0000-4000-8000-000000000000"],
            },
        }
    ),
}


@pytest.mark.parametrize("policy", GOOD)
def test_a_policy_that_applies_to_everybody_meets_it(policy: str) -> None:
    found = judge(policy, conditional_access=[GOOD[policy]])
    assert (found.state, found.names) == ("met", ("Rule",)), found


DEFAULTS_OFF = {"id": "00000000-0000-0000-0000-000000000005", "isEnabled": False}


@pytest.mark.parametrize("policy", GOOD)
def test_without_any_policy_it_is_not_met(policy: str) -> None:
    assert judge(policy, conditional_access=[], security_defaults=[DEFAULTS_OFF]).state == "not met"


@pytest.mark.parametrize("policy", GOOD)
def test_report_only_meets_nothing(policy: str) -> None:
    off = GOOD[policy] | {"state": "enabledForReportingButNotEnforced"}
    assert judge(policy, conditional_access=[off], security_defaults=[DEFAULTS_OFF]).state == "not met"


@pytest.mark.parametrize("policy", GOOD)
def test_without_the_export_nothing_can_be_said(policy: str) -> None:
    assert judge(policy).state == "cannot say"


NARROWED = {
    "it excludes 2 users": {"users": {**USERS, "excludeUsers": ["a", "b"]}},
    "it excludes 1 groups": {"users": {**USERS, "excludeGroups": ["a"]}},
    "it excludes roles": {"users": {**USERS, "excludeRoles": ["a"]}},
    "it excludes guests": {
        "users": {
            **USERS,
            "excludeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "b2bCollaborationGuest"},
        }
    },
    "it does not include all users": {"users": {**USERS, "includeUsers": ["a"]}},
    "it does not include all resources": {"applications": {"includeApplications": ["Office365"]}},
    "it excludes resources": {"applications": {"includeApplications": ["All"], "excludeApplications": ["a"]}},
    "it filters resources": {
        "applications": {
            "includeApplications": ["All"],
            "applicationFilter": {"mode": "exclude", "rule": "x"},
        }
    },
    "some device platforms": {"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["android"]}},
    "some locations": {"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}},
    "a filter of devices": {"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.x -eq 1"}}},
    "some client types": {"clientAppTypes": ["browser"]},
    "some sign-in risk": {"signInRiskLevels": ["high"]},
    "some authentication flows": {"authenticationFlows": {"transferMethods": "deviceCodeFlow"}},
}


@pytest.mark.parametrize("gap", NARROWED)
def test_a_narrowed_policy_is_named_with_its_gap(gap: str) -> None:
    found = judge(
        "MS.AAD.3.2v2", conditional_access=[access_policy(controls=["mfa"], conditions=NARROWED[gap])]
    )
    assert found.state == "not met"
    assert gap in found.names[0]


def test_the_smallest_change_is_named_where_one_gap_is_left() -> None:
    off = access_policy("Off", "enabledForReportingButNotEnforced", controls=["mfa"])
    assert (
        judge("MS.AAD.3.2v2", conditional_access=[off]).fix
        == "Set the policy Off to On: it exists, and it is report-only."
    )
    narrow = access_policy("Narrow", controls=["mfa"], conditions={"users": {**USERS, "excludeUsers": ["a"]}})
    assert (
        "Remove the exclusion from the policy Narrow"
        in judge("MS.AAD.3.2v2", conditional_access=[narrow]).fix
    )
    both = access_policy(
        "Both", "disabled", controls=["mfa"], conditions={"users": {**USERS, "excludeUsers": ["a"]}}
    )
    assert judge("MS.AAD.3.2v2", conditional_access=[both]).fix == ""


def test_a_policy_on_an_action_is_none_on_sign_ins() -> None:
    assert judge("MS.AAD.3.7v1", conditional_access=[GOOD["MS.AAD.3.8v1"]]).names == ()


def test_emergency_accounts_may_be_excluded() -> None:
    rule = access_policy(
        controls=["mfa"], conditions={"users": {**USERS, "excludeUsers": ["ABC"], "excludeGroups": ["d"]}}
    )
    assert judge("MS.AAD.3.2v2", frozenset({"abc", "d"}), conditional_access=[rule]).state == "met"


@pytest.mark.parametrize("controls", [["mfa", "compliantDevice"], ["compliantDevice"], []])
def test_a_second_control_that_suffices_is_no_second_factor(controls: list[str]) -> None:
    assert judge("MS.AAD.3.2v2", conditional_access=[access_policy(controls=controls)]).state == "not met"


def test_a_strength_beside_an_easier_control_does_not_count() -> None:
    rule = access_policy(controls=["mfa"], grant=RESISTANT)
    assert judge("MS.AAD.3.1v1", conditional_access=[rule]).state == "not met"
    both = access_policy(controls=["mfa"], grant={**RESISTANT, "operator": "AND"})
    assert judge("MS.AAD.3.1v1", conditional_access=[both]).state == "met"


def test_the_built_in_strength_is_known_by_its_id() -> None:
    rule = access_policy(
        controls=[], grant={"authenticationStrength": {"id": "00000000-0000-0000-0000-000000000004"}}
    )
    assert judge("MS.AAD.3.1v1", conditional_access=[rule]).state == "met"


@pytest.mark.parametrize(
    "hidden", ["System.Object[]", "Microsoft.Graph.PowerShell.Models.MicrosoftGraphConditionalAccessUsers"]
)
def test_a_shallow_export_hides_the_answer(hidden: str) -> None:
    rule = access_policy(controls=["mfa"], conditions={"users": hidden})
    assert judge("MS.AAD.3.2v2", conditional_access=[rule]).state == "cannot say"


def test_security_defaults_block_legacy_protocols_alone() -> None:
    defaults = [{"id": "00000000-0000-0000-0000-000000000005", "isEnabled": True}]
    assert judge("MS.AAD.1.1v1", security_defaults=defaults).state == "met"
    assert judge("MS.AAD.3.2v2", security_defaults=defaults).state == "cannot say"


def test_legacy_protocols_where_only_one_of_two_exports_is_there() -> None:
    off = [{"id": "00000000-0000-0000-0000-000000000005", "isEnabled": False}]
    found = judge("MS.AAD.1.1v1", security_defaults=off)
    assert (found.state, found.missing) == ("cannot say", ("conditional_access",))
    found = judge("MS.AAD.1.1v1", conditional_access=[])
    assert (found.state, found.missing) == ("cannot say", ("security_defaults",))
    assert judge("MS.AAD.1.1v1", conditional_access=[], security_defaults=off).state == "not met"
    assert judge("MS.AAD.1.1v1", conditional_access=[access_policy(controls=["mfa"])]).state == "not met"


def methods(**states: str) -> dict[str, Any]:
    """An authentication methods policy with these states."""
    feature = {"state": "enabled", "includeTarget": {"targetType": "group", "id": "all_users"}}
    return {
        "id": "authenticationMethodsPolicy",
        "policyMigrationState": "migrationComplete",
        "authenticationMethodConfigurations": [
            {
                "id": "MicrosoftAuthenticator",
                "state": states.get("app", "enabled"),
                "isSoftwareOathEnabled": False,
                "featureSettings": {
                    "displayAppInformationRequiredState": feature,
                    "displayLocationInformationRequiredState": {
                        **feature,
                        "state": states.get("place", "enabled"),
                    },
                },
            },
            *(
                {"id": name, "state": states.get(name.lower(), "disabled")}
                for name in ("Sms", "Voice", "Email")
            ),
        ],
    }


@pytest.mark.parametrize(
    ("policy", "change", "state"),
    [
        ("MS.AAD.3.3v2", {}, "met"),
        ("MS.AAD.3.3v2", {"place": "disabled"}, "not met"),
        ("MS.AAD.3.3v2", {"place": "disabled", "app": "disabled"}, "met"),
        ("MS.AAD.3.5v2", {}, "met"),
        ("MS.AAD.3.5v2", {"sms": "enabled"}, "not met"),
        ("MS.AAD.3.4v1", {}, "met"),
    ],
)
def test_authentication_methods(policy: str, change: dict[str, str], state: str) -> None:
    assert judge(policy, authentication_methods=[methods(**change)]).state == state


def test_methods_that_the_export_hides_or_does_not_list() -> None:
    hidden = methods() | {
        "authenticationMethodConfigurations": "System.Object[]",
        "policyMigrationState": "preMigration",
    }
    assert judge("MS.AAD.3.3v2", authentication_methods=[hidden]).state == "cannot say"
    assert judge("MS.AAD.3.5v2", authentication_methods=[hidden]).state == "cannot say"
    assert judge("MS.AAD.3.4v1", authentication_methods=[hidden]).state == "not met"
    few = methods()
    few["authenticationMethodConfigurations"].pop()
    assert judge("MS.AAD.3.5v2", authentication_methods=[few]).state == "cannot say"
