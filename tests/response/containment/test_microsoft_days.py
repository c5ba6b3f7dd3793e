"""Days on which Microsoft's answers are not the simple ones: synced accounts, guests, administrators, mailboxes that are none."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from seawall.response.containment.planning import make_plan
from seawall.response.containment.values import ContainmentPlan, ContainmentStep

from .graph import Graph
from .graph_permissions import CALLS
from .running import QuickClock, asking, journal_of, run
from .samples import ANN, ANN_ID, TENANT, evidence, incident, row
from .serving import Fault, served
from .test_carrying_out import EVIL_RULE, HER_GRANT
from .test_planning import APP, CONSENT, KEY, PRINCIPAL, RULE, SECRET

ROLE = "62e90394-69f5-4237-9190-012177145e10"
APP_ROLE = "e2a3a72e-5f79-4c64-b1b1-878b674786c9"
ROLE_GIVEN = row(
    "Add member to role", source="entra_audit", kind="directory", resource_uid=ANN_ID,
    parameters={"Role.TemplateId": ROLE, "Role.DisplayName": "Global Administrator"},
)  # fmt: skip
ELIGIBLE = row(
    "Add eligible member to role in PIM completed (timebound)", source="entra_audit", kind="directory", resource_uid=ROLE,
    parameters={"RoleDefinitionOriginId": ROLE},
    raw={"targetResources": [{"type": "Role", "id": ROLE}, {"type": "Request", "id": None}, {"type": "User", "id": ANN_ID}]},
)  # fmt: skip
PERMITTED = row(
    "Add app role assignment to service principal", source="entra_audit", kind="directory",
    parameters={"ServicePrincipal.ObjectID": PRINCIPAL, "AppRole.Id": APP_ROLE, "AppRole.Value": "Mail.Read"},
)  # fmt: skip
CALENDAR = row(
    "Add-MailboxFolderPermission", mailbox=ANN, parameters={"Identity": f"{ANN}:\\Calendar", "User": "eve@evil.example"}
)  # fmt: skip
TRUST = {
    "Name": "build", "Issuer": "https://evil.example/oidc", "Subject": "build", "Id": "dddddddd-0000-4000-8000-000000000009",
    "Description": None, "Audiences": ["api://AzureADTokenExchange"],
}  # fmt: skip
TRUSTED = row(
    "Update application", source="entra_audit", kind="directory", resource_uid=APP,
    parameters={"FederatedIdentityCredentials": json.dumps([TRUST])},
    raw={"targetResources": [{"type": "Application", "modifiedProperties": [
        {"displayName": "FederatedIdentityCredentials", "oldValue": "[]"}]}]},
)  # fmt: skip
METHOD = row("User registered security info", source="entra_audit", kind="directory")
SCHEDULE = {
    "startDateTime": "2026-05-01T00:00:00Z",
    "recurrence": None,
    "expiration": {"type": "noExpiration"},
}


def trust_of(one: dict[str, Any]) -> dict[str, Any]:
    """What Graph says of a federated credential that is in a record."""
    return {name.lower(): value for name, value in one.items() if name != "Id"}


def planned(*rows: dict[str, Any], account: str = ANN) -> ContainmentPlan:
    numbered = [
        {**one, "metadata_uid": f"record-{number}", "account": account} for number, one in enumerate(rows)
    ]
    ids = tuple(one["metadata_uid"] for one in numbered)
    known = evidence(
        *numbered,
        intruders=ids,
        systems={(TENANT, account): frozenset({"microsoft"})},
        object_ids={(TENANT, account): ANN_ID},
    )
    return make_plan(known, incident=incident(*ids, account=account))


def only(found: ContainmentPlan, kind: str) -> ContainmentStep:
    (action,) = [one for one in found.actions if one.kind == kind and not one.details.get("last")]
    return action


@pytest.fixture
def graph() -> Iterator[Graph]:
    vendor = Graph()
    vendor.add_user(ANN, id=ANN_ID)
    vendor.rules[ANN] = [copy.deepcopy(EVIL_RULE)]
    vendor.grants = [dict(HER_GRANT)]
    vendor.applications[APP] = [{"keyId": KEY}]
    vendor.trusted[APP] = [{"id": TRUST["Id"], **trust_of(TRUST)}]
    vendor.roles = [{"id": "r1", "roleDefinitionId": ROLE, "principalId": ANN_ID, "directoryScopeId": "/"}]
    vendor.eligible = [
        {"id": "e1", "roleDefinitionId": ROLE, "principalId": ANN_ID, "directoryScopeId": "/", "appScopeId": None,
         "memberType": "Direct", "scheduleInfo": SCHEDULE},
        {"id": "e2", "roleDefinitionId": ROLE, "principalId": ANN_ID, "directoryScopeId": "/administrativeUnits/x",
         "appScopeId": None, "memberType": "Group", "scheduleInfo": SCHEDULE},
    ]  # fmt: skip
    vendor.app_roles[PRINCIPAL] = [
        {"id": "a1", "principalId": PRINCIPAL, "resourceId": "r", "appRoleId": APP_ROLE}
    ]
    vendor.calendar[ANN] = [
        {"id": "c1", "emailAddress": {"address": "eve@evil.example"}, "role": "read", "isInsideOrganization": False,
         "isRemovable": True},
    ]  # fmt: skip
    with served(vendor):
        yield vendor


def test_a_synchronised_account_is_reset_where_its_password_is_kept(graph: Graph, tmp_path: Path) -> None:
    graph.users[ANN]["onPremisesSyncEnabled"] = True
    found = planned()
    block, reset, revoke = (
        only(found, kind) for kind in ("disable_account", "reset_password", "revoke_sessions")
    )
    results = run(found, tmp_path / "journal", asking({"microsoft": graph}))
    assert graph.users[ANN]["accountEnabled"] is False
    assert results[block.id].state == "done"
    assert "Active Directory" in results[block.id].why
    assert results[reset.id].state == "waiting"
    assert "twice" in results[reset.id].why
    assert results[revoke.id].state == "blocked", (
        "sessions are ended after the password, and once more at the end"
    )
    assert [path for _, path in graph.changes()].count(
        "/v1.0/users/ann%40example.org/revokeSignInSessions"
    ) == 1
    with journal_of(tmp_path / "journal", found) as journal:
        journal.append("confirmed", phase="apply", step=reset.id, by="Bob")
    results = run(found, tmp_path / "journal", asking({"microsoft": graph}))
    assert {results[step.id].state for step in (block, reset, revoke)} == {"done"}
    assert "Active Directory" in results[block.id].why, "it is said in every run"
    undone = run(found, tmp_path / "journal", asking({"microsoft": graph}), "undo")
    assert undone[block.id].state == "undone"
    assert graph.users[ANN]["accountEnabled"] is True


def test_a_guest_is_blocked_here_and_ended_at_home(graph: Graph, tmp_path: Path) -> None:
    name = "ann_home.example#EXT#@acme.onmicrosoft.com"
    graph.add_user(name, id=ANN_ID)
    found = planned(account=name)
    results = run(found, tmp_path / "journal", asking({"microsoft": graph}))
    assert results[only(found, "disable_account").id].state == "done"
    assert graph.users[name]["accountEnabled"] is False
    assert results[only(found, "reset_password").id].state == "waiting"
    last = next(one for one in found.actions if one.details.get("last"))
    assert results[last.id].state == "done"
    assert "ends no session of guests" in results[last.id].why


def test_a_name_that_begins_with_a_dollar_stands_in_a_key(graph: Graph, tmp_path: Path) -> None:
    name = "$o'brien@example.org"
    graph.add_user(name, id=ANN_ID)
    found = planned(account=name)
    results = run(
        found,
        tmp_path / "journal",
        asking({"microsoft": graph}),
        chosen=frozenset({only(found, "disable_account").id}),
    )
    assert results[only(found, "disable_account").id].state == "done"
    assert graph.users[name]["accountEnabled"] is False


@pytest.mark.parametrize("code", ["MailboxNotEnabledForRESTAPI", "ErrorNonExistentMailbox"])
def test_a_mailbox_that_cannot_be_opened_is_not_a_mailbox_without_rules(
    graph: Graph, tmp_path: Path, code: str
) -> None:
    found = planned(RULE)
    graph.faults = [Fault("GET", "/messageRules", 404, code)]
    result = run(found, tmp_path / "journal", asking({"microsoft": graph}))[
        only(found, "remove_inbox_rule").id
    ]
    assert result.state == "failed"
    assert code in result.why
    assert "PowerShell" in result.why
    graph.without_mailbox.add(ANN)
    result = run(found, tmp_path / "other", asking({"microsoft": graph}))[only(found, "remove_inbox_rule").id]
    assert result.state == "failed"


def test_a_list_that_is_not_there_is_not_an_empty_list(graph: Graph, tmp_path: Path) -> None:
    del graph.users[ANN]  # renamed, or deleted
    found = planned(RULE, METHOD)
    results = run(found, tmp_path / "journal", asking({"microsoft": graph}))
    made = {results[one.id].state for one in found.actions if one.calls}
    assert made <= {"failed", "blocked"}


def test_a_rule_that_graph_may_not_remove_waits_for_a_person(graph: Graph, tmp_path: Path) -> None:
    graph.rules[ANN][0]["isReadOnly"] = True
    found = planned(RULE)
    result = run(found, tmp_path / "journal", asking({"microsoft": graph}))[
        only(found, "remove_inbox_rule").id
    ]
    assert result.state == "waiting"
    assert "isReadOnly" in result.why
    assert not [path for method, path in graph.changes() if method == "DELETE"]


def test_methods_that_do_not_say_when_they_were_registered_are_told(graph: Graph, tmp_path: Path) -> None:
    """Microsoft Authenticator states no time without passwordless sign-in, authenticator codes none at all."""
    for part in ("microsoftAuthenticatorMethods", "softwareOathMethods", "externalAuthenticationMethods"):
        graph.methods[f"{ANN}/{part}"] = [
            {"id": "old", "createdDateTime": "2020-01-01T00:00:00Z"},
            {"id": "new", "createdDateTime": "2026-05-28T20:26:41Z"},
            {"id": "undated", "createdDateTime": None},
        ]
    found = planned(METHOD)
    results = run(found, tmp_path / "journal", asking({"microsoft": graph}))
    for part in ("microsoftAuthenticatorMethods", "softwareOathMethods", "externalAuthenticationMethods"):
        assert [one["id"] for one in graph.methods[f"{ANN}/{part}"]] == ["old", "undated"]
        (action,) = [one for one in found.actions if one.calls and f"/{part}" in one.calls[0].path]
        assert results[action.id].state == "done"
        assert results[action.id].why.startswith("1 of this kind do not say when")


def test_a_role_and_an_eligibility_are_taken_and_given_back(graph: Graph, tmp_path: Path) -> None:
    before = copy.deepcopy((graph.roles, graph.eligible))
    found = planned(ROLE_GIVEN, ELIGIBLE)
    assert len([one for one in found.actions if one.kind == "remove_role" and one.calls]) == 2
    results = run(found, tmp_path / "journal", asking({"microsoft": graph}))
    assert {results[one.id].state for one in found.actions if one.kind == "remove_role"} == {"done"}
    assert graph.roles == []
    assert [one["id"] for one in graph.eligible] == ["e2"], "what a group gives is not the member's own"
    run(found, tmp_path / "journal", asking({"microsoft": graph}), "undo")
    for now, then in zip((graph.roles, graph.eligible), before, strict=True):
        key = str
        assert sorted(({**one, "id": ""} for one in now), key=key) == sorted(
            ({**one, "id": ""} for one in then), key=key
        )


@pytest.mark.parametrize(
    "activity",
    ["Add member to role", "Add eligible member to role", "Consent to application", "Add service principal credentials",
     "Add app role assignment to service principal"],
)  # fmt: skip
def test_a_record_that_does_not_say_which_thing_it_was_is_looked_at_by_a_person(activity: str) -> None:
    found = planned(row(activity, source="entra_audit", kind="directory"))
    action = next(one for one in found.actions if one.evidence)
    assert action.is_by_hand
    assert action.title.startswith("Look through")


def test_what_is_refused_because_it_is_so_already_is_already(graph: Graph, tmp_path: Path) -> None:
    """A secret that somebody removed meanwhile, and a consent that somebody gave again before the undoing."""
    found = planned(SECRET, CONSENT)
    secret, consent = only(found, "remove_app_credential"), only(found, "remove_consent")
    graph.faults = [Fault("POST", "/removePassword", lost=True)]
    handle = graph.handle

    def meanwhile(method: str, target: str, token: str, body: Any) -> Any:
        if method == "POST" and target.endswith("/removePassword"):
            graph.applications[APP] = []
        return handle(method, target, token, body)

    graph.faults = []
    graph.handle = meanwhile  # type: ignore[method-assign]
    results = run(found, tmp_path / "journal", asking({"microsoft": graph}))
    assert (results[secret.id].state, results[consent.id].state) == ("already", "done")
    graph.handle = handle  # type: ignore[method-assign]
    graph.grants = [{**HER_GRANT, "id": "another", "scope": "Mail.Read Files.Read"}]
    undone = run(found, tmp_path / "journal", asking({"microsoft": graph}), "undo")
    assert undone[consent.id].state == "failed", "another scope is not what was there"
    graph.grants = [{**HER_GRANT, "id": "another"}]
    undone = run(found, tmp_path / "journal", asking({"microsoft": graph}), "undo")
    assert undone[consent.id].state == "already"
    assert len(graph.grants) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_heeded_in_both_forms(graph: Graph, tmp_path: Path, form: str) -> None:
    clock = QuickClock()
    after = "17" if form == "seconds" else formatdate(clock.now() / 1e6 + 17, usegmt=True)
    found = planned()
    block = only(found, "disable_account")
    graph.faults = [
        Fault("PATCH", "/users/ann%40example.org", 429, "TooManyRequests", {"Retry-After": after})
    ]
    results = run(
        found, tmp_path / "journal", asking({"microsoft": graph}, clock), chosen=frozenset({block.id})
    )
    assert results[block.id].state == "done"
    (waited,) = clock.waited
    assert waited == pytest.approx(17, abs=1.0)


def test_a_success_that_is_not_documented_is_looked_at(graph: Graph, tmp_path: Path) -> None:
    """202 says that something will be done later: whether it was is read from the account."""
    found = planned()
    block = only(found, "disable_account")
    handle = graph.handle

    def later(method: str, target: str, token: str, body: Any) -> Any:
        return (202, None, {}) if method == "PATCH" else handle(method, target, token, body)

    graph.handle = later  # type: ignore[method-assign]
    results = run(found, tmp_path / "journal", asking({"microsoft": graph}), chosen=frozenset({block.id}))
    assert results[block.id].state == "failed"
    assert graph.users[ANN]["accountEnabled"] is True
    graph.handle = handle  # type: ignore[method-assign]
    results = run(found, tmp_path / "journal", asking({"microsoft": graph}), chosen=frozenset({block.id}))
    assert results[block.id].state == "done"


EVERYTHING = (RULE, CONSENT, SECRET, ROLE_GIVEN, ELIGIBLE, PERMITTED, CALENDAR, METHOD, TRUSTED)


def test_the_permissions_that_a_plan_lists_are_enough_and_each_is_needed(
    graph: Graph, tmp_path: Path
) -> None:
    """By the documentation: with one of them less, some step is refused, and says which permission it needs."""
    found = planned(*EVERYTHING)
    (line,) = [one for one in found.prerequisites if one.startswith("Microsoft Graph needs")]
    listed = frozenset(line.removeprefix("Microsoft Graph needs these permissions: ").rstrip(".").split(", "))
    (roles,) = [one for one in found.prerequisites if "role of the directory" in one]
    assert "User Administrator" in roles
    world = copy.deepcopy({name: vars(graph)[name] for name in _STATE})
    for missing in ["", *sorted(listed)]:
        for name, value in world.items():
            setattr(graph, name, copy.deepcopy(value))
        graph.granted = listed - {missing}
        path = tmp_path / (missing or "all")
        results = {**run(found, path, asking({"microsoft": graph}))}
        undone = run(found, path, asking({"microsoft": graph}), "undo")
        refused = [one.why for one in (*results.values(), *undone.values()) if one.state == "failed"]
        assert bool(refused) is bool(missing), (missing, refused)
        assert not missing or any(missing in why for why in refused), (missing, refused)


_STATE = (
    "users",
    "rules",
    "grants",
    "applications",
    "trusted",
    "roles",
    "eligible",
    "app_roles",
    "calendar",
    "methods",
)


def test_every_call_of_a_plan_has_documented_permissions() -> None:
    """The permission of each call is one that the documentation names for it, alone or with what the plan asks for anyway."""
    named = {permission for _, _, alternatives in CALLS for one in alternatives for permission in one}
    for action in planned(*EVERYTHING).actions:
        for call in (*(read.call for read in action.before), *action.calls, *action.undo):
            assert call.permission in named, call
