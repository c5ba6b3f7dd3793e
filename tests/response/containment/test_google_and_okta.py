"""What happens at Google and Okta on a bad day: administrators, accounts that are not as one expects, scopes that are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.response.containment.documents import plan_from_document, plan_to_document
from seawall.response.containment.lockout_guard import refuse_lockout
from seawall.response.containment.planning import make_plan
from seawall.response.containment.settings import ContainmentSettings, GoogleSettings, OktaSettings
from seawall.response.containment.values import ContainmentPlan, ContainmentStep
from seawall.response.containment.values import Vendor as VendorName
from seawall.response.errors import RespondInvalid

from .google_api import Google
from .okta_api import Okta
from .running import asking, run
from .samples import ANN, TENANT, evidence, incident, row
from .serving import Fault, served

EVE = "eve@example.org"


def planned(vendor: VendorName, *rows: dict[str, Any]) -> ContainmentPlan:
    ids = tuple(one["metadata_uid"] for one in rows)
    return make_plan(
        evidence(*rows, intruders=ids, systems={(TENANT, ANN): frozenset({vendor})}), incident=incident(*ids)
    )


def step(found: ContainmentPlan, words: str) -> ContainmentStep:
    (action,) = [one for one in found.actions if words in one.title]
    return action


def google_row(activity: str, **parameters: str) -> dict[str, Any]:
    return row(activity, source="google_workspace", parameters=parameters)


def okta_row(activity: str, resource: str | None = None, **parameters: str) -> dict[str, Any]:
    return row(activity, source="okta", resource_uid=resource, parameters=parameters)


def test_an_administrators_role_at_google_is_looked_up_taken_away_and_given_back(tmp_path: Path) -> None:
    google = Google()
    google.add_user(ANN)
    google.add_user(EVE)
    google.add_role("_SEED_ADMIN_ROLE", EVE)
    google.add_role("_HELP_DESK_ADMIN_ROLE", ANN, EVE)
    found = planned("google", google_row("ASSIGN_ROLE", ROLE_NAME="_HELP_DESK_ADMIN_ROLE", USER_EMAIL=EVE))
    before = [{**one, "roleAssignmentId": ""} for one in google.assignments]
    with served(google):
        taken = run(found, tmp_path / "journal", asking({"google": google}))
        assert {one.state for one in taken.values()} <= {"done", "already", "waiting"}
        assert [(one["roleId"], one["assignedTo"]) for one in google.assignments] == [
            ("100", "2"),
            ("101", "1"),
        ]
        again = run(found, tmp_path / "journal", asking({"google": google}), "undo")
    assert again[step(found, "_HELP_DESK_ADMIN_ROLE").id].state == "undone"
    now = [{**one, "roleAssignmentId": ""} for one in google.assignments]
    assert sorted(now, key=_assignment) == sorted(before, key=_assignment)


def _assignment(one: dict[str, Any]) -> tuple[str, str]:
    return one["roleId"], one["assignedTo"]


def test_a_role_that_google_does_not_know_is_no_success(tmp_path: Path) -> None:
    google = Google()
    google.add_user(ANN)
    google.add_user(EVE)
    found = planned("google", google_row("ASSIGN_ROLE", ROLE_NAME="gone", USER_EMAIL=EVE))
    with served(google):
        results = run(found, tmp_path / "journal", asking({"google": google}))
    result = results[step(found, "role gone").id]
    assert (result.state, "role.roleId" in result.why) == ("failed", True)


def test_a_super_administrator_is_made_an_ordinary_account_and_back(tmp_path: Path) -> None:
    google = Google()
    google.add_user(ANN)
    google.add_user(EVE)
    google.users[EVE]["isAdmin"] = True
    found = planned("google", google_row("GRANT_ADMIN_PRIVILEGE", USER_EMAIL=EVE))
    with served(google):
        run(found, tmp_path / "journal", asking({"google": google}))
        assert google.users[EVE]["isAdmin"] is False
        run(found, tmp_path / "journal", asking({"google": google}), "undo")
        assert google.users[EVE]["isAdmin"] is True


def test_an_administrator_whom_another_may_not_change_is_said(tmp_path: Path) -> None:
    google = Google()
    google.is_super_administrator = False
    google.add_user(ANN)
    google.users[ANN]["isAdmin"] = True
    found = planned("google")
    with served(google):
        results = run(found, tmp_path / "journal", asking({"google": google}))
    assert "only a super administrator may change" in results[step(found, "Suspend").id].why
    assert google.users[ANN]["suspended"] is False


def test_backup_codes_are_invalidated_and_never_read(tmp_path: Path) -> None:
    google = Google()
    google.add_user(ANN)
    found = planned("google")
    with served(google):
        run(found, tmp_path / "journal", asking({"google": google}))
    assert google.invalidated == [ANN]
    assert [path for _, path, _ in google.calls if "verificationCodes" in path] == [
        "/admin/directory/v1/users/ann%40example.org/verificationCodes/invalidate"
    ]


@pytest.mark.parametrize(
    "activity",
    [
        "gmail.users.settings.forwardingAddresses.create", "gmail.users.settings.filters.create",
        "gmail.users.settings.delegates.create", "gmail.users.settings.sendAs.create", "gmail.users.settings.updateImap",
        "gmail.users.settings.updateVacation", "ASSIGN_ROLE", "GRANT_ADMIN_PRIVILEGE", "GRANT_DELEGATED_ADMIN_PRIVILEGES",
    ],
)  # fmt: skip
def test_what_googles_record_does_not_name_a_person_looks_for(activity: str) -> None:
    """Google's log of API calls says which method was called, and not with what."""
    found = planned("google", google_row(activity))
    (action,) = [one for one in found.actions if one.evidence]
    assert action.is_by_hand
    assert action.irreversible


@pytest.mark.parametrize(
    "activity",
    ["system.api_token.create", "user.account.privilege.grant", "system.idp.lifecycle.create", "system.idp.lifecycle.update"],
)  # fmt: skip
def test_what_oktas_record_does_not_name_a_person_looks_for(activity: str) -> None:
    (action,) = [one for one in planned("okta", okta_row(activity)).actions if one.evidence]
    assert action.is_by_hand


def test_a_page_of_okta_leads_to_the_next_although_its_link_has_commas(tmp_path: Path) -> None:
    okta = Okta()
    during = "2026-05-28T20:26:50.000Z"
    grants = [{"id": f"g{number}", "created": during} for number in range(5)]
    okta.add_user(ANN, grants=[*grants, {"id": "old", "created": "2020-01-01T00:00:00.000Z"}])
    found = planned("okta", okta_row("app.oauth2.consent.grant"))
    with served(okta):
        run(found, tmp_path / "journal", asking({"okta": okta}))
    assert [one["id"] for one in okta.lists["00u0"]["grants"]] == ["old"]


def test_of_several_roles_in_one_record_of_okta_each_is_taken_and_a_custom_one_comes_back_whole(
    tmp_path: Path,
) -> None:
    okta = Okta()
    custom = {
        "type": "CUSTOM",
        "label": "Custom role",
        "role": "cr0",
        "resource-set": "iam0",
        "assignmentType": "USER",
    }
    okta.add_user(
        ANN,
        roles=[{"id": "r1", "type": "SUPER_ADMIN", "label": "Super Administrator", "assignmentType": "USER"},
               {"id": "r2", **custom}, {"id": "r3", "type": "READ_ONLY_ADMIN", "label": "Read-only Administrator"}],
    )  # fmt: skip
    found = planned(
        "okta",
        okta_row("user.account.privilege.grant", ANN, privilegeGranted="Super administrator, Custom role"),
    )
    with served(okta):
        run(found, tmp_path / "journal", asking({"okta": okta}))
        assert [one["id"] for one in okta.lists["00u0"]["roles"]] == ["r3"]
        undone = run(found, tmp_path / "journal", asking({"okta": okta}), "undo")
    assert {undone[step(found, label).id].state for label in ("role Super", "role Custom")} == {"undone"}
    put_back = [
        {key: value for key, value in one.items() if key != "id"} for one in okta.lists["00u0"]["roles"]
    ]
    assert custom in put_back


@pytest.mark.parametrize("provider", ["ACTIVE_DIRECTORY", "LDAP", "FEDERATION", "SOCIAL"])
def test_a_password_that_is_not_oktas_is_replaced_elsewhere(tmp_path: Path, provider: str) -> None:
    okta = Okta()
    okta.add_user(ANN)
    okta.users[ANN]["credentials"]["provider"] = {"type": provider, "name": "x"}
    found = planned("okta")
    with served(okta):
        results = run(found, tmp_path / "journal", asking({"okta": okta}))
    reset = results[step(found, "Replace the password").id]
    assert reset.state == "waiting"
    assert f"kept in {provider}" in reset.why
    assert okta.users[ANN]["status"] == "SUSPENDED", "what does not depend on it is done"
    assert len(okta.cleared) == 1, "sessions are ended once more, whatever waits"


@pytest.mark.parametrize("status", ["LOCKED_OUT", "PASSWORD_EXPIRED", "RECOVERY", "PROVISIONED", "STAGED"])
def test_an_account_that_okta_does_not_suspend_waits_for_a_person_and_says_why(
    tmp_path: Path, status: str
) -> None:
    okta = Okta()
    okta.add_user(ANN)
    okta.users[ANN]["status"] = status
    found = planned("okta")
    with served(okta):
        results = run(found, tmp_path / "journal", asking({"okta": okta}))
        suspended = results[step(found, "Suspend").id]
        assert (suspended.state, status in suspended.why) == ("waiting", True)
        assert not [path for _, path, _ in okta.calls if "suspend" in path]
        okta.users[ANN]["status"] = "ACTIVE"
        results = run(found, tmp_path / "journal", asking({"okta": okta}))
    assert results[step(found, "Suspend").id].state == "done", "when it can be, the next run does it"


@pytest.mark.parametrize("status", ["SUSPENDED", "DEPROVISIONED"])
def test_an_account_that_was_blocked_already_stays_as_it_was(tmp_path: Path, status: str) -> None:
    okta = Okta()
    okta.add_user(ANN)
    okta.users[ANN]["status"] = status
    found = planned("okta")
    with served(okta):
        results = run(found, tmp_path / "journal", asking({"okta": okta}))
        assert results[step(found, "Suspend").id].state == "already"
        run(found, tmp_path / "journal", asking({"okta": okta}), "undo")
    assert okta.users[ANN]["status"] == status


def test_what_okta_refuses_for_want_of_a_scope_names_it(tmp_path: Path) -> None:
    okta = Okta()
    okta.add_user(ANN)
    okta.faults = [
        Fault("POST", "/lifecycle/suspend", 403, "E0000006"),
        Fault("GET", "/users/ann%40example.org", 403, "E0000006"),
    ]
    found = planned("okta")
    with served(okta):
        results = run(found, tmp_path / "journal", asking({"okta": okta}))
    denied = "403 E0000006: the call needs okta.users."
    assert f"{denied}manage, granted to the application" in results[step(found, "Suspend").id].why
    assert f"cannot be read: {denied}read" in results[step(found, "Replace").id].why
    assert "secret words" not in (tmp_path / "journal").read_text()


def test_okta_is_left_alone_until_its_window_opens_again(tmp_path: Path) -> None:
    okta = Okta()
    okta.add_user(ANN)
    vendors = asking({"okta": okta})
    reset = str(vendors.clock.now() // 1_000_000 + 40)
    okta.faults = [Fault("POST", "/lifecycle/suspend", 429, "E0000047", {"X-Rate-Limit-Reset": reset})]
    found = planned("okta")
    with served(okta):
        results = run(found, tmp_path / "journal", vendors)
    assert results[step(found, "Suspend").id].state == "done"
    assert max(vendors.clock.waited) >= 40  # type: ignore[attr-defined]


@pytest.mark.parametrize("reason", ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"])
def test_google_says_403_when_it_is_asked_too_often_and_is_asked_again(tmp_path: Path, reason: str) -> None:
    google = Google()
    google.add_user(ANN)
    google.faults = [Fault("PUT", "/users/ann%40example.org", 403, reason, times=2)]
    found = planned("google")
    with served(google):
        results = run(found, tmp_path / "journal", asking({"google": google}))
    assert results[step(found, "Suspend").id].state == "done"


def test_forwarding_cannot_come_back_to_an_address_that_was_removed(tmp_path: Path) -> None:
    google = Google()
    address = {"forwardingEmail": "x@evil.example", "verificationStatus": "accepted"}
    google.add_user(ANN, forwardingAddresses=[address])
    google.forwarding[ANN] = {"enabled": True, "emailAddress": "x@evil.example", "disposition": "trash"}
    rows = [
        google_row("email_forwarding_out_of_domain"),
        {**google_row("gmail.users.settings.forwardingAddresses.create", forwardingEmail="x@evil.example"),
         "metadata_uid": "record-2"},
    ]  # fmt: skip
    found = planned("google", *rows)
    with served(google):
        run(found, tmp_path / "journal", asking({"google": google}))
        undone = run(found, tmp_path / "journal", asking({"google": google}), "undo")
    refused = undone[step(found, "End the forwarding").id]
    assert (refused.state, "not verified any more" in refused.why) == ("failed", True)


def test_what_was_done_in_part_is_counted_and_only_the_rest_is_done_the_next_time(tmp_path: Path) -> None:
    google = Google()
    google.add_user(ANN, asps=[{"codeId": number} for number in range(3)])
    google.faults = [Fault("DELETE", "/asps/1", 403, "forbidden")]
    found = planned("google")
    passwords = step(found, "application passwords")
    with served(google):
        first = run(found, tmp_path / "journal", asking({"google": google}))[passwords.id]
        assert (first.state, first.changes) == ("failed", 2)
        assert "refused 1 of 3: 403 forbidden: the call needs " in first.why
        assert google.lists[ANN]["asps"] == [{"codeId": 1}]
        before = len(google.calls)
        second = run(found, tmp_path / "journal", asking({"google": google}))[passwords.id]
    assert (second.state, second.changes) == ("done", 3)
    assert [path for method, path, _ in google.calls[before:] if method == "DELETE"] == [
        "/admin/directory/v1/users/ann%40example.org/asps/1"
    ]


def test_an_account_of_google_that_was_suspended_before_stays_suspended(tmp_path: Path) -> None:
    google = Google()
    google.add_user(ANN)
    google.users[ANN]["suspended"] = True
    found = planned("google")
    with served(google):
        results = run(found, tmp_path / "journal", asking({"google": google}))
        assert results[step(found, "Suspend").id].state == "already"
        run(found, tmp_path / "journal", asking({"google": google}), "undo")
    assert google.users[ANN]["suspended"] is True


def test_an_account_that_google_does_not_know_is_no_success(tmp_path: Path) -> None:
    """Not even of what would be removed from it: it may have been renamed."""
    google = Google()
    found = planned("google", google_row("authorize", client_id="evil"))
    with served(google):
        results = run(found, tmp_path / "journal", asking({"google": google}))
    assert {results[action.id].state for action in found.actions if action.calls} == {"failed", "blocked"}


def test_an_account_that_okta_does_not_know_is_said(tmp_path: Path) -> None:
    okta = Okta()
    found = planned("okta")
    with served(okta):
        results = run(found, tmp_path / "journal", asking({"okta": okta}))
    assert {one.state for one in results.values()} == {"failed", "blocked", "waiting"}
    assert "knows no such user" in results[step(found, "once more").id].why


def test_who_asks_google_is_not_locked_out() -> None:
    found = planned("google")
    wanted = [action.id for action in found.actions]
    settings = ContainmentSettings(google=GoogleSettings(ANN.upper()))
    nobody = asking({})
    with pytest.raises(RespondInvalid, match="would lock out"):
        refuse_lockout(found, wanted, settings, nobody)
    refuse_lockout(found, [step(found, "backup codes").id], settings, nobody)
    refuse_lockout(found, wanted, ContainmentSettings(google=GoogleSettings("admin@example.org")), nobody)


def test_who_made_oktas_token_is_not_locked_out() -> None:
    found = planned("okta")
    wanted = [action.id for action in found.actions]
    okta = Okta()
    okta.add_user("admin@example.org")
    okta.add_user(ANN)
    settings = ContainmentSettings(okta=OktaSettings("acme.okta.com", token_file="token"))
    with served(okta):
        vendors = asking({"okta": okta})
        okta.owner = ANN
        with pytest.raises(RespondInvalid, match="would lock out"):
            refuse_lockout(found, wanted, settings, vendors)
        refuse_lockout(found, [], settings, vendors)
        okta.owner = "admin@example.org"
        refuse_lockout(found, wanted, settings, vendors)
        calls = len(okta.calls)
        refuse_lockout(
            found, wanted, ContainmentSettings(okta=OktaSettings("acme.okta.com", "0oa1")), vendors
        )
        assert len(okta.calls) == calls, "an application is nobody's"
        okta.faults = [Fault("GET", "/users/me", 403, "E0000006")]
        refuse_lockout(found, wanted, settings, vendors)


@pytest.mark.parametrize(
    ("vendor", "words"), [("google", "super administrator"), ("okta", "an administrator role")]
)
def test_what_is_wanted_besides_scopes_is_said_before(vendor: VendorName, words: str) -> None:
    (line,) = [one for one in planned(vendor).prerequisites if "permissions" in one]
    assert words in line


def test_a_plan_from_before_notices_still_reads() -> None:
    """An incident that began before an upgrade goes on, and can be undone."""
    found = planned("google")
    document = plan_to_document(found)
    for action in document["actions"]:
        calls = (*(read["call"] for read in action["before"]), *action["calls"], *action["undo"])
        for part, name in (
            *((read, "notices") for read in action["before"]),
            *((call, "role") for call in calls),
        ):
            assert not part.pop(name)
    assert plan_from_document(document) == found
