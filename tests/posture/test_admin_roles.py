"""Who holds roles: the same answer from every export that says so, groups opened, nothing guessed."""

from __future__ import annotations

from typing import Any

import pytest

from seawall.posture.assess import assess_configuration
from seawall.posture.policies.admin_roles import ADMIN_ROLES
from seawall.posture.policy import Configuration, PolicyVerdict
from seawall.posture.values import lower_names

TOP, EXCHANGE = "62e90394-69f5-4237-9190-012177145e10", "29232cdf-9323-42fd-ade2-1d097af3e4de"
USER, GROUP, APPLICATION = (
    "#microsoft.graph.user",
    "#microsoft.graph.group",
    "#microsoft.graph.servicePrincipal",
)


def judge(policy: str, **exports: list[dict[str, Any]]) -> PolicyVerdict:
    objects = {name: [lower_names(one) for one in found] for name, found in exports.items()}
    return next(
        one.verdict
        for one in assess_configuration(Configuration(objects, 0), ADMIN_ROLES)
        if one.policy.id == policy
    )


def assigned(number: int, role: str = TOP, kind: str = USER, **more: Any) -> dict[str, Any]:
    principal = {"@odata.type": kind, "id": f"p{number}", "displayName": f"P{number}"}
    if kind == USER:
        principal["userPrincipalName"] = f"p{number}@contoso.example"
    return {
        "roleDefinitionId": role,
        "principalId": f"p{number}",
        "directoryScopeId": "/",
        "principal": principal,
        **more,
    }


def role(members: list[dict[str, Any]], template: str = TOP) -> dict[str, Any]:
    return {"displayName": "Role", "roleTemplateId": template, "members": members}


@pytest.mark.parametrize(("count", "state"), [(2, "met"), (8, "met"), (9, "not met")])
def test_the_count_is_the_same_from_every_export(count: int, state: str) -> None:
    rows = [assigned(number) for number in range(count)]
    active = [one | {"assignmentType": "Assigned"} for one in rows]
    eligible = [one | {"memberType": "Direct"} for one in rows]
    listed = [role([one["principal"] for one in rows])]
    privileged = [
        {"DisplayName": f"P{n}", "OnPremisesImmutableId": None, "roles": ["Global Administrator"]}
        for n in range(count)
    ]
    for exports in (
        {"role_assignments": rows},
        {"role_schedules": active},
        {"role_eligibility": eligible},
        {"directory_roles": listed},
        {"privileged_users": privileged},
        {"role_assignments": rows, "role_schedules": active, "directory_roles": listed},
    ):
        assert judge("MS.AAD.7.1v1", **exports).state == state, exports.keys()


def test_one_active_administrator_may_have_others_who_are_eligible() -> None:
    found = judge("MS.AAD.7.1v1", role_assignments=[assigned(1)])
    assert (found.state, found.missing) == ("cannot say", ("role_eligibility",))
    eligible = [assigned(2, memberType="Direct")]
    assert judge("MS.AAD.7.1v1", role_assignments=[assigned(1)], role_eligibility=[]).state == "not met"
    assert judge("MS.AAD.7.1v1", role_assignments=[assigned(1)], role_eligibility=eligible).state == "met"


def test_a_group_is_opened_if_its_members_are_there() -> None:
    rows = [assigned(1), assigned(9, kind=GROUP)]
    found = judge("MS.AAD.7.1v1", role_assignments=rows)
    assert (found.state, found.names, found.missing) == ("cannot say", ("P9",), ("groups",))
    group = {
        "id": "P9",
        "displayName": "Admins",
        "securityEnabled": True,
        "members": [assigned(n)["principal"] for n in (2, 3)],
    }
    opened = judge("MS.AAD.7.1v1", role_assignments=rows, groups=[group])
    assert (opened.state, opened.count) == ("met", 3)


def test_roles_of_others_do_not_count() -> None:
    rows = [assigned(number, "00000000-1111-4222-8333-444444444444") for number in range(20)]
    assert judge("MS.AAD.7.1v1", role_assignments=rows, role_eligibility=[]).state == "not met"


@pytest.mark.parametrize(("top", "others", "state"), [(2, 2, "met"), (3, 2, "not met")])
def test_fewer_have_the_highest_role_than_smaller_ones(top: int, others: int, state: str) -> None:
    rows = [assigned(n) for n in range(top)] + [assigned(100 + n, EXCHANGE) for n in range(others)]
    assert judge("MS.AAD.7.2v1", role_assignments=rows).state == state


def test_where_an_account_comes_from_may_stand_in_another_export() -> None:
    rows = [assigned(1), assigned(2)]
    assert judge("MS.AAD.7.3v1", role_assignments=rows).state == "cannot say"
    users: list[dict[str, Any]] = [
        {"id": f"p{n}", "userPrincipalName": f"p{n}@x.example", "onPremisesSyncEnabled": None} for n in (1, 2)
    ]
    assert judge("MS.AAD.7.3v1", role_assignments=rows, users=users).state == "met"
    users[0]["onPremisesSyncEnabled"] = True
    found = judge("MS.AAD.7.3v1", role_assignments=rows, users=users)
    assert (found.state, found.names) == ("not met", ("p1@contoso.example (Global Administrator)",))


def test_an_application_with_a_role_is_named_and_an_unknown_principal_is_not_cleared() -> None:
    assert judge("SEAWALL.ROLES.1v1", role_assignments=[assigned(1, kind=APPLICATION)]).names == (
        "P1 (Global Administrator)",
    )
    bare = {"roleDefinitionId": TOP, "principalId": "p1", "directoryScopeId": "/"}
    assert judge("SEAWALL.ROLES.1v1", role_assignments=[bare]).state == "cannot say"


def test_activated_roles_end_and_are_not_permanent() -> None:
    activated = assigned(
        1, assignmentType="Activated", startDateTime="2026-01-01T00:00:00Z", endDateTime=None
    )
    assert judge("MS.AAD.7.4v1", role_schedules=[activated]).state == "met"
    permanent = activated | {"assignmentType": "Assigned"}
    assert judge("MS.AAD.7.4v1", role_schedules=[permanent]).state == "not met"
