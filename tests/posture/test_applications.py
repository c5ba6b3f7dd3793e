"""Applications: what is joined over exports, what is new or Microsoft's own, and what cannot be known."""

from __future__ import annotations

from typing import Any

import pytest

from .graph import access_policy
from .judging import judge

MAIL, TENANT_POWER = "810c84a8-4a9e-49e6-bf7d-12d183f40d01", "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"
EWS = "dc890d15-9560-4a4c-9b7f-a736ec74ec40"
OWN, OTHER, MICROSOFT = "own-tenant", "other-tenant", "f8cdef31-a31e-4b4a-93e4-5f571e91255a"


def principal(
    name: str, owner: str = OWN, created: str = "2020-01-01T00:00:00Z", **more: Any
) -> dict[str, Any]:
    return {"id": f"sp-{name}", "appId": f"app-{name}", "displayName": name, "servicePrincipalType": "Application",
            "appOwnerOrganizationId": owner, "createdDateTime": created, **more}  # fmt: skip


def granted(name: str, role: str = MAIL, **more: Any) -> dict[str, Any]:
    return {
        "principalId": f"sp-{name}",
        "appRoleId": role,
        "resourceId": "r",
        "principalDisplayName": name,
        **more,
    }


def active(name: str, last: str | None) -> dict[str, Any]:
    return {"appId": f"app-{name}", "lastSignInActivity": {"lastSignInDateTime": last}}


@pytest.mark.parametrize(
    ("one", "last", "state"),
    [
        (principal("a"), "2026-02-01T00:00:00Z", "met"),
        (principal("a"), "2025-11-01T00:00:00Z", "not met"),
        (principal("a"), None, "not met"),
        (principal("a", created="2026-02-01T00:00:00Z"), None, "met"),
        (principal("a", MICROSOFT), None, "met"),
        (principal("a", accountEnabled=False), None, "met"),
    ],
)
def test_unused(one: dict[str, Any], last: str | None, state: str) -> None:
    found = judge(
        "SEAWALL.APPS.3v1",
        service_principals=[one],
        app_role_assignments=[granted("a")],
        delegated_grants=[],
        application_activity=[active("a", last)],
    )
    assert found.state == state, found


def test_an_application_without_permissions_may_sleep() -> None:
    found = judge(
        "SEAWALL.APPS.3v1",
        service_principals=[principal("a")],
        app_role_assignments=[],
        delegated_grants=[],
        application_activity=[],
    )
    assert found.state == "met"


def test_without_delegated_grants_nothing_is_cleared() -> None:
    found = judge(
        "SEAWALL.APPS.3v1",
        service_principals=[principal("a")],
        app_role_assignments=[],
        application_activity=[],
    )
    assert (found.state, found.missing) == ("cannot say", ("delegated_grants",))


def test_a_delegated_grant_is_a_permission_too() -> None:
    grant = {"clientId": "sp-a", "consentType": "Principal", "scope": "Mail.Read"}
    found = judge(
        "SEAWALL.APPS.3v1",
        service_principals=[principal("a")],
        delegated_grants=[grant],
        application_activity=[],
    )
    assert (found.state, found.names) == ("not met", ("a: no sign-in is known",))


@pytest.mark.parametrize(
    ("role", "limited", "state"),
    [
        (MAIL, "app-a", "met"),
        (MAIL, "APP-A", "met"),
        (MAIL, "app-b", "not met"),
        (EWS, "app-a", "not met"),
        ("x", "app-b", "met"),
    ],
)
def test_mailboxes_are_limited_by_an_access_policy_but_ews_is_not(
    role: str, limited: str, state: str
) -> None:
    access = [{"AppId": limited, "AccessRight": "RestrictAccess", "ScopeName": "g"}]
    found = judge(
        "SEAWALL.APPS.2v1",
        service_principals=[principal("a")],
        app_role_assignments=[granted("a", role)],
        application_access=access,
    )
    assert found.state == state, found


def test_an_application_of_another_tenant_is_known_by_the_home_of_our_own() -> None:
    exports = {
        "service_principals": [principal("ours"), principal("theirs", OTHER), principal("ms", MICROSOFT)],
        "app_role_assignments": [granted("ours"), granted("theirs"), granted("ms")],
    }
    registered = [{"appId": "app-ours", "displayName": "ours"}]
    found = judge("SEAWALL.APPS.5v1", **exports, applications=registered)
    assert (found.state, found.names) == ("not met", ("theirs: Mail.Read (tenant other-tenant)",))
    assert judge("SEAWALL.APPS.5v1", **exports, applications=[]).state == "cannot say"


@pytest.mark.parametrize(
    ("start", "end", "state"),
    [
        ("2026-01-01T00:00:00Z", "2026-06-30T00:00:00Z", "met"),
        ("2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z", "not met"),
        ("2020-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "met"),
        (None, "2299-12-31T00:00:00Z", "not met"),
        ("/Date(1767225600000)/", "/Date(1830297600000)/", "not met"),
    ],
)
def test_secrets_by_their_lifetime_unless_they_ended(start: str | None, end: str, state: str) -> None:
    one = {
        "appId": "a",
        "displayName": "a",
        "passwordCredentials": [{"startDateTime": start, "endDateTime": end}],
    }
    assert judge("SEAWALL.APPS.4v1", applications=[one]).state == state


def test_secrets_that_the_export_hides_are_not_cleared() -> None:
    one = {"appId": "a", "displayName": "a", "passwordCredentials": "System.Object[]"}
    assert judge("SEAWALL.APPS.4v1", applications=[one]).state == "cannot say"


def test_owners_of_strong_applications_alone_count() -> None:
    role = {
        "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10",
        "principalId": "boss",
        "directoryScopeId": "/",
    }
    exports = {
        "service_principals": [principal("a"), principal("b")],
        "app_role_assignments": [granted("a", TENANT_POWER)],
        "role_assignments": [role],
    }

    def owned(name: str, *owners: str) -> dict[str, Any]:
        return {
            "appId": f"app-{name}",
            "displayName": name,
            "owners": [{"id": one, "userPrincipalName": one} for one in owners],
        }

    assert (
        judge("SEAWALL.APPS.6v1", **exports, applications=[owned("a", "boss"), owned("b", "carl")]).state
        == "met"
    )
    found = judge("SEAWALL.APPS.6v1", **exports, applications=[owned("a", "boss", "carl")])
    assert (found.state, found.names) == ("not met", ("a: carl",))
    bare = {"appId": "app-a", "displayName": "a"}
    assert judge("SEAWALL.APPS.6v1", **exports, applications=[bare]).state == "cannot say"


def test_users_and_groups_with_an_application_role_are_no_applications() -> None:
    assert (
        judge(
            "SEAWALL.APPS.1v1", app_role_assignments=[granted("a", TENANT_POWER, principalType="User")]
        ).state
        == "met"
    )
    assert judge("SEAWALL.APPS.1v1", app_role_assignments=[granted("a", TENANT_POWER)]).state == "not met"


def grant_policy(classification: str) -> dict[str, Any]:
    include = {"permissions": ["all"], "permissionClassification": classification}
    return {"id": "ours", "includes": [include], "excludes": []}


@pytest.mark.parametrize(
    ("policies", "grants", "state"),
    [
        ([], [], "met"),
        (["ManagePermissionGrantsForSelf.microsoft-user-default-low"], [], "met"),
        (["ManagePermissionGrantsForSelf.microsoft-user-default-recommended"], [], "not met"),
        (["ManagePermissionGrantsForOwnedResource.x"], [], "met"),
        (["ManagePermissionGrantsForSelf.ours"], [], "cannot say"),
        (["ManagePermissionGrantsForSelf.ours"], [grant_policy("all")], "not met"),
        (["ManagePermissionGrantsForSelf.ours"], [grant_policy("low")], "met"),
    ],
)
@pytest.mark.parametrize("is_beta", [False, True])
def test_consent(policies: list[str], grants: list[dict[str, Any]], state: str, is_beta: bool) -> None:
    one: dict[str, Any] = {"defaultUserRolePermissions": {"allowedToCreateApps": False}}
    if is_beta:
        one["permissionGrantPolicyIdsAssignedToDefaultUserRole"] = policies
    else:
        one["defaultUserRolePermissions"]["permissionGrantPoliciesAssigned"] = policies
    assert judge("MS.AAD.5.2v1", authorization_policy=[one], permission_grants=grants).state == state


def test_consent_that_the_export_does_not_show() -> None:
    assert (
        judge("MS.AAD.5.2v1", authorization_policy=[{"defaultUserRolePermissions": {}}]).state == "cannot say"
    )
    hidden = {
        "defaultUserRolePermissions": "Microsoft.Graph.PowerShell.Models.MicrosoftGraphDefaultUserRolePermissions"
    }
    for policy in ("MS.AAD.5.1v1", "MS.AAD.5.2v1"):
        assert judge(policy, authorization_policy=[hidden]).state == "cannot say", policy


@pytest.mark.parametrize(
    ("since", "state"),
    [
        (None, "met"),
        ("0001-01-01T00:00:00Z", "met"),
        ("/Date(-62135596800000)/", "met"),
        ("2025-01-01T00:00:00Z", "not met"),
        ("/Date(1700000000000)/", "not met"),
    ],
)
def test_a_restriction_on_new_applications_leaves_the_old_ones_free(since: str | None, state: str) -> None:
    kinds = ("passwordAddition", "symmetricKeyAddition")
    listed = [
        {"restrictionType": kind, "state": "enabled", "restrictForAppsCreatedAfterDateTime": since}
        for kind in kinds
    ]
    side = {"passwordCredentials": listed}
    one = {
        "id": "p",
        "isEnabled": True,
        "applicationRestrictions": side,
        "servicePrincipalRestrictions": side,
    }
    assert judge("MS.AAD.5.5v1", app_management=[one]).state == state
    assert judge("MS.AAD.5.5v1", app_management=[one | {"isEnabled": False}]).state == "not met"


def test_device_registration_may_be_guarded_by_conditional_access() -> None:
    join = {"allowedToJoin": {"@odata.type": "#microsoft.graph.noDeviceRegistrationMembership"}}
    one = {"userDeviceQuota": 5, "azureADJoin": join, "multiFactorAuthConfiguration": "notRequired"}
    actions = {"applications": {"includeUserActions": ["urn:user:registerdevice"]}}
    guard = access_policy(controls=["mfa"], conditions=actions)
    assert judge("SEAWALL.DEVICE.1v1", device_registration=[one]).state == "not met"
    assert judge("SEAWALL.DEVICE.1v1", device_registration=[one], conditional_access=[guard]).state == "met"
    off = guard | {"state": "disabled"}
    assert judge("SEAWALL.DEVICE.1v1", device_registration=[one], conditional_access=[off]).state == "not met"
