"""The plan: what the records show becomes steps, in the order that stops the way back in, as sure as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.event import ENRICHED_SCHEMA
from seawall.response.containment.documents import plan_from_document, plan_to_document, read_plan, write_plan
from seawall.response.containment.evidence import EvidenceCollector, collect_evidence
from seawall.response.containment.microsoft import METHODS
from seawall.response.containment.planning import RANKS, make_plan
from seawall.response.containment.values import CONFIDENCES, ContainmentPlan, ContainmentStep, VendorCall
from seawall.response.errors import PlanInvalid
from seawall.response.scope_values import Scope, ScopeSubject
from tests.console.samples import HOSTILE

from .samples import ANN, ANN_ID, SECOND, TENANT, TIME, evidence, incident, row

APP = "bbbbbbbb-0000-4000-8000-000000000002"
PRINCIPAL = "cccccccc-0000-4000-8000-000000000003"
KEY = "dddddddd-0000-4000-8000-000000000004"
OLD_KEY = "dddddddd-0000-4000-8000-000000000005"
GRANT = "loMzkVEB5aY8xdS_XR_1IkWgU1ic2WrPHXZIU9APX5V"
LITERAL = re.compile("'(?:[^'\u2018\u2019\u201a\u201b]|['\u2018\u2019\u201a\u201b]{2})*'")


def made(*rows: Mapping[str, Any], **changes: Any) -> ContainmentPlan:
    return make_plan(evidence(*rows), incident=incident("record-1", **changes))


def steps(found: ContainmentPlan, kind: str) -> list[ContainmentStep]:
    return [action for action in found.actions if action.kind == kind]


def only(found: ContainmentPlan, kind: str) -> ContainmentStep:
    (action,) = steps(found, kind)
    return action


RULE = row(
    "New-InboxRule", mailbox=ANN, kind="mail_rule", parameters={"Name": "..", "ForwardTo": "x@evil.example"}
)
CONSENT = row(
    "Consent to application",
    source="entra_audit",
    kind="directory",
    resource_uid=PRINCIPAL,
    actor_user_uid=ANN_ID,
    parameters={
        "ConsentAction.Permissions": f"[] => [[Id: {GRANT}, ClientId: {PRINCIPAL}, PrincipalId: {ANN_ID}, "
        "ResourceId: eeeeeeee-0000-4000-8000-000000000006, ConsentType: Principal, Scope: Mail.Read]]; ",
        "Target": "Good App",
    },
)
SECRET = row(
    "Update application – Certificates and secrets management ",
    source="entra_audit",
    kind="directory",
    resource_uid=APP,
    parameters={"KeyDescription": f"[[KeyIdentifier={KEY},KeyType=Password,KeyUsage=Verify,DisplayName=x]"
                f"[KeyIdentifier={OLD_KEY},KeyType=Password,KeyUsage=Verify,DisplayName=old]]"},
    raw={"targetResources": [{"type": "Application", "modifiedProperties": [
        {"displayName": "KeyDescription", "oldValue": f"[KeyIdentifier={OLD_KEY},KeyType=Password]"}]}]},
)  # fmt: skip


def test_an_inbox_rule_is_the_one_of_the_record_and_comes_back_as_it_was() -> None:
    action = only(made(RULE), "remove_inbox_rule")
    assert action.confidence == "likely"
    assert action.evidence == ("record-1",)
    (read,) = action.before
    assert (read.where[0].field, read.where[0].value) == ("displayName", "..")
    base = "/users/ann%40example.org/mailFolders/inbox/messageRules"
    assert (read.call.path, action.calls[0].path, action.undo[0].path) == (base, base + "/{rule.id}", base)
    assert action.powershell == (
        "Remove-InboxRule -Mailbox 'ann@example.org' -Identity '..' -Confirm:$false",
    )


def test_a_rule_that_is_not_named_is_looked_for_by_a_person() -> None:
    action = only(made(row("UpdateInboxRules", mailbox=ANN)), "remove_inbox_rule")
    assert action.is_by_hand
    assert "-IncludeHidden" in action.powershell[0]


def test_a_rules_name_cannot_name_another_mailboxs_rule() -> None:
    action = only(
        made(row("New-InboxRule", mailbox=ANN, parameters={"Name": "boss\\Rule"})), "remove_inbox_rule"
    )
    assert action.powershell == ()


def test_forwarding_is_ended_by_hand_and_put_back_as_the_record_says() -> None:
    action = only(
        made(row("Set-Mailbox", mailbox=ANN, parameters={"ForwardingSmtpAddress": "smtp:x@evil.example"})),
        "remove_forwarding",
    )
    assert action.is_by_hand
    assert "-ForwardingSmtpAddress $null" in action.powershell[0]
    assert "-ForwardingSmtpAddress 'smtp:x@evil.example'" in action.undo_powershell[0]
    assert not steps(
        made(row("Set-Mailbox", mailbox=ANN, parameters={"ForwardingSmtpAddress": ""})), "remove_forwarding"
    )


def test_a_consent_is_the_grant_of_the_record() -> None:
    action = only(made(CONSENT), "remove_consent")
    assert action.before[0].where[0].value == GRANT
    assert unquote(action.before[0].call.path) == f"/oauth2PermissionGrants?$filter=clientId eq '{PRINCIPAL}'"
    assert action.calls[0].path == "/oauth2PermissionGrants/{grant.id}"


def test_only_the_secret_that_was_added_is_removed() -> None:
    action = only(made(SECRET), "remove_app_credential")
    assert action.before[0].where[0].value == KEY
    assert action.calls[0].path == f"/applications/{APP}/removePassword"
    assert action.irreversible


def test_a_delegate_is_taken_away_by_hand() -> None:
    action = only(
        made(
            row(
                "Add-MailboxPermission",
                mailbox=ANN,
                parameters={"User": "eve@example.org", "AccessRights": "FullAccess"},
            )
        ),
        "remove_delegate",
    )
    assert action.powershell == (
        (
            "Remove-MailboxPermission -Identity 'ann@example.org' -User 'eve@example.org' "
            "-AccessRights FullAccess -Confirm:$false"
        ),
    )
    assert action.undo_powershell[0].startswith("Add-MailboxPermission")


def test_a_calendar_is_shared_through_graph() -> None:
    action = only(
        made(
            row(
                "Add-MailboxFolderPermission",
                mailbox=ANN,
                parameters={"Identity": f"{ANN}:\\Calendar", "User": "eve@evil.example"},
            )
        ),
        "remove_delegate",
    )
    assert action.calls[0].path == "/users/ann%40example.org/calendar/calendarPermissions/{permission.id}"


def test_methods_are_removed_where_a_record_registers_one() -> None:
    assert not [action for action in steps(made(), "remove_method") if action.calls]
    found = made(row("User registered security info", source="entra_audit", kind="directory"))
    removed = [action for action in steps(found, "remove_method") if action.calls]
    assert len(removed) == len(METHODS)
    for action in removed:
        assert action.before[0].where[0].operator == "between"
        assert action.irreversible


@pytest.mark.parametrize(
    ("parameter", "is_registered"),
    [("StrongAuthenticationMethod", True), ("StrongAuthenticationRequirement", False), ("Department", False)],
)
def test_an_account_that_is_updated_registers_a_method_where_its_methods_changed(
    parameter: str, is_registered: bool
) -> None:
    found = made(row("Update user.", source="entra_audit", kind="directory", parameters={parameter: "[]"}))
    assert any(action.calls for action in steps(found, "remove_method")) == is_registered


@pytest.mark.parametrize(
    ("activity", "columns", "kind", "path"),
    [
        ("authorize", {"parameters": {"client_id": "evil.apps"}}, "remove_consent",
         "/admin/directory/v1/users/ann%40example.org/tokens/{token.clientId}"),
        ("gmail.users.settings.filters.create", {"parameters": {"id": "f1"}}, "remove_inbox_rule",
         "/gmail/v1/users/ann%40example.org/settings/filters/{filter.id}"),
        ("gmail.users.settings.delegates.create", {"parameters": {"delegateEmail": "eve@example.org"}}, "remove_delegate",
         "/gmail/v1/users/ann%40example.org/settings/delegates/{delegate.delegateEmail}"),
        ("email_forwarding_out_of_domain", {}, "remove_forwarding",
         "/gmail/v1/users/ann%40example.org/settings/autoForwarding"),
    ],
)  # fmt: skip
def test_what_was_left_at_google(activity: str, columns: dict[str, Any], kind: str, path: str) -> None:
    found = make_plan(
        evidence(
            row(activity, source="google_workspace", **columns),
            systems={(TENANT, ANN): frozenset({"google"})},
        ),
        incident=incident("record-1"),
    )
    action = only(found, kind)
    assert action.calls[0].path == path
    order: list[str] = [one.kind for one in found.actions]
    if action.calls[0].service == "gmail":
        # Gmail's settings are changed as the account itself, which a suspended account cannot.
        assert action.calls[0].subject == ANN
        assert order.index(kind) < order.index("disable_account")


@pytest.mark.parametrize(
    ("activity", "columns", "kind", "path"),
    [
        ("user.mfa.factor.activate", {"resource_uid": ANN}, "remove_method", "/api/v1/users/{user.id}/factors/{factor.id}"),
        ("app.oauth2.consent.grant", {}, "remove_consent", "/api/v1/users/{user.id}/grants/{grant.id}"),
        ("system.api_token.create", {"resource_uid": "00Tx"}, "remove_app_credential", "/api/v1/api-tokens/00Tx"),
        ("user.account.privilege.grant", {"resource_uid": "eve@example.org", "parameters": {"privilegeGranted": "Super"}},
         "remove_role", "/api/v1/users/{user.id}/roles/{role.id}"),
        ("system.idp.lifecycle.create", {"resource_uid": "0oa1"}, "block_renewal", "/api/v1/idps/0oa1/lifecycle/deactivate"),
    ],
)  # fmt: skip
def test_what_was_left_at_okta(activity: str, columns: dict[str, Any], kind: str, path: str) -> None:
    found = make_plan(
        evidence(row(activity, source="okta", **columns), systems={(TENANT, ANN): frozenset({"okta"})}),
        incident=incident("record-1"),
    )
    (action,) = [one for one in found.actions if one.evidence]
    assert (action.kind, action.calls[0].path) == (kind, path)


BOSS = "EUR.PROD.OUTLOOK.COM/Hosted/example.org/Boss"


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [
        ({"GrantSendOnBehalfTo": "EUR.PROD.OUTLOOK.COM/Hosted/example.org/Fake"}, "remove_delegate"),
        ({"ForwardingSmtpAddress": "smtp:x@evil.example"}, "remove_forwarding"),
    ],
)
def test_a_mailbox_of_somebody_else_is_the_one_that_is_changed_back(
    parameters: dict[str, str], kind: str
) -> None:
    action = only(
        made(row("Set-Mailbox", resource_uid="Boss", parameters={"Identity": BOSS, **parameters})), kind
    )
    assert "Boss" in action.title
    assert "EUR.PROD" not in action.title
    for command in (*action.powershell, *action.undo_powershell):
        assert f"Set-Mailbox -Identity '{BOSS}'" in command
        assert ANN not in command


def role(number: int, member: str, name: str, template: str) -> dict[str, Any]:
    return row(
        "Add member to role.", number, kind="directory", resource_uid=member,
        parameters={"Role.DisplayName": name, "Role.TemplateId": template, "Target": member},
    )  # fmt: skip


def test_roles_of_a_member_who_is_known_by_his_address_are_taken_in_one_step() -> None:
    reader, admin = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "62e90394-69f5-4237-9190-012177145e10"
    fake = "o'neill@example.org"
    found = made(
        role(1, fake, "Directory Readers", reader),
        role(2, fake, "Global Administrator", admin),
        role(3, "boss@example.org", "Directory Readers", reader),
    )
    both, other = sorted(steps(found, "remove_role"), key=lambda one: -len(one.evidence))
    assert both.title == f"Take the role Global Administrator and 1 more role from {fake}"
    assert both.evidence == ("record-1", "record-2")
    assert both.confidence == "likely"  # the first is among the intruder's records
    (command,) = both.powershell
    assert command.startswith("$member = (Get-MgUser -UserId 'o''neill@example.org').Id; ")
    assert f"-in '{admin}', '{reader}' }}" in command
    assert command.endswith("-UnifiedRoleAssignmentId $_.Id }")
    assert f"; '{admin}', '{reader}' | ForEach-Object {{ New-Mg" in both.undo_powershell[0]
    assert other.confidence == "precaution"
    assert other.title == "Take the role Directory Readers from boss@example.org"


def test_a_role_of_a_group_is_taken_by_the_groups_id() -> None:
    group = "b50379c5-9c7e-48c7-bd69-fe825b7a4f35"
    action = only(made(role(1, f"Group_{group}", "Global Administrator", PRINCIPAL)), "remove_role")
    assert group in action.before[0].call.path
    assert action.calls


def test_a_consent_is_named_by_whose_it_is() -> None:
    assert [one.title for one in steps(made(CONSENT), "remove_consent")] == [
        "Remove ann's consent to Good App"
    ]
    said = CONSENT["parameters"].replace("ConsentType: Principal", "ConsentType: AllPrincipals")
    shared = {**CONSENT, "parameters": said}
    assert [one.title for one in steps(made(shared), "remove_consent")] == [
        "Remove everybody's consent to Good App"
    ]


def test_an_application_that_was_added_is_blocked_and_one_of_microsoft_is_not() -> None:
    added = row(
        "Add service principal.", kind="directory", resource_uid=APP, parameters={"Target": "Fake Office"}
    )
    action = only(made(added), "disable_service_principal")
    assert action.title == f"Block the application Fake Office ({APP})"
    assert action.calls[0].path == f"/servicePrincipals(appId='{APP}')"
    assert (action.confidence, action.evidence) == ("likely", ("record-1",))
    outlook = {**added, "resource_uid": "00000002-0000-0ff1-ce00-000000000000"}
    assert not steps(made(outlook), "disable_service_principal")
    assert not steps(made({**added, "resource_uid": "Fake Office"}), "disable_service_principal")


def test_what_sends_mail_on_is_stopped_right_after_the_block() -> None:
    found = made(row("New-TransportRule", parameters={"Name": "."}), RULE)
    order = [one.kind for one in found.actions]
    place = order.index("remove_forwarding")
    assert order.index("disable_account") < place < order.index("reset_password")
    assert place < order.index("remove_inbox_rule")


def test_the_account_of_a_candidate_is_blocked_as_a_precaution() -> None:
    found = make_plan(evidence(), incident=incident("record-1", raised=False))
    (block,) = steps(found, "disable_account")
    assert (block.account, block.confidence) == (ANN, "precaution")
    assert {one.confidence for one in found.actions} == {"precaution"}
    other = incident("record-1", raised=False, account="fake@example.org")
    tied = make_plan(evidence(), incident=incident("record-1"), others=(other,))
    assert any(text.startswith("fake@example.org belongs to the attack") for text in tied.warnings)
    assert not any("belongs to the attack" in text for text in found.warnings)


def test_what_the_account_did_besides_is_a_precaution() -> None:
    other = {**RULE, "metadata_uid": "record-9"}
    assert only(made(other), "remove_inbox_rule").confidence == "precaution"
    late = {**RULE, "metadata_uid": "record-9", "time": TIME + 999_999 * SECOND}
    assert not steps(made(late), "remove_inbox_rule")
    failed_elsewhere = {**RULE, "metadata_uid": "record-9", "account": "boss@example.org"}
    assert not steps(made(failed_elsewhere), "remove_inbox_rule")


def test_the_order_stops_the_way_back_in_first() -> None:
    found = made(RULE, {**SECRET, "metadata_uid": "record-1"}, CONSENT)
    kinds = [action.kind for action in found.actions]
    assert kinds == [
        "remove_app_credential", "remove_consent", "disable_account", "reset_password", "revoke_sessions",
        "remove_inbox_rule", "remove_method", "revoke_sessions",
    ]  # fmt: skip
    review = found.actions[-2]
    assert review.title.startswith("Look through"), "what only looks through something comes after the block"
    assert review.is_by_hand
    block, reset, first, last = (
        *steps(found, "disable_account"),
        *steps(found, "reset_password"),
        *steps(found, "revoke_sessions"),
    )
    assert reset.after == (block.id,)
    assert first.after == (block.id, reset.id)
    assert last.after == ()  # whatever failed before, sessions are ended


def test_against_forged_tokens_accounts_do_nothing() -> None:
    found = make_plan(
        evidence(),
        incident=incident("record-1", kind="forged-or-stolen-token"),
        with_gate=True,
        thumbprints=("jkt",),
    )
    assert any("do nothing against forged tokens" in warning for warning in found.warnings)
    assert [action.kind for action in found.actions][:2] == ["block_key", "block_renewal"]
    key, renewal = found.actions[:2]
    assert key.calls[0].body is not None
    assert key.calls[0].body["value"] == "jkt"
    assert renewal.calls[0].body is not None
    assert renewal.calls[0].body["value"] == ANN_ID
    assert renewal.calls[0].body["issuer"] == f"https://login.microsoftonline.com/{TENANT}/v2.0"
    without = make_plan(evidence(), incident=incident("record-1", kind="forged-or-stolen-token"))
    assert without.actions[0].kind == "block_key"
    assert without.actions[0].is_by_hand


def test_an_application_is_blocked_and_not_reset() -> None:
    found = make_plan(
        evidence(systems={(TENANT, APP): frozenset({"microsoft"})}),
        incident=incident("record-1", account=APP),
    )
    assert [action.kind for action in found.actions] == ["disable_service_principal"]
    assert found.actions[0].calls[0].path == f"/servicePrincipals(appId='{APP}')"


def test_a_scope_makes_touched_certain_and_possible_a_precaution() -> None:
    def subject(name: str, verdict: Any) -> ScopeSubject:
        return ScopeSubject("account", TENANT, name, verdict, (), first=TIME, last=TIME + SECOND)

    names = (ANN, "bob@example.org", "eve@example.org")
    verdicts = ("touched", "possible", "not_touched")
    scope = Scope(
        TIME, TIME + SECOND, (), (),
        tuple(subject(name, verdict) for name, verdict in zip(names, verdicts, strict=True)), (), (),
    )  # fmt: skip
    known = evidence(systems={(TENANT, name): frozenset({"microsoft"}) for name in names})
    touched_alone = make_plan(known, incident=incident(), scope=scope)
    assert {action.account for action in touched_alone.actions} == {ANN}
    found = make_plan(known, incident=incident(), scope=scope, with_possible=True)
    assert [action.account for action in found.actions][-1] == "bob@example.org"
    assert {action.confidence for action in found.actions if action.account == ANN and action.calls} == {
        "certain"
    }
    bobs = [action for action in found.actions if action.account == "bob@example.org"]
    assert [(action.kind, action.confidence) for action in bobs] == [("revoke_sessions", "precaution")]
    assert not [action for action in found.actions if action.account == "eve@example.org"]


@pytest.mark.parametrize(
    ("severity", "is_said"), [("low", True), ("medium", True), ("high", False), ("critical", False)]
)
def test_a_plan_says_when_the_holder_should_be_asked_first(severity: str, is_said: bool) -> None:
    warnings = make_plan(evidence(), incident=incident(severity=severity)).warnings
    assert any(f"severity is {severity}" in line and "Ask them" in line for line in warnings) is is_said


def test_a_scope_of_other_logs_is_told_of() -> None:
    incident_ = incident()
    own = ScopeSubject("account", TENANT, ANN.upper(), "touched", ("seen",))
    for accounts, is_said in (((own,), False), ((replace(own, tenant="other"),), True), ((), True)):
        known = Scope(TIME, TIME + 1, (), (), accounts, (), ())
        warnings = make_plan(evidence(), incident=incident_, scope=known).warnings
        assert any("other logs" in line for line in warnings) is is_said


def test_a_candidate_below_the_budget_is_a_precaution() -> None:
    assert {action.confidence for action in made(RULE, raised=False).actions} == {"precaution"}


def test_a_plan_reads_back_and_a_changed_one_is_refused(tmp_path: Any) -> None:
    found = made(RULE, CONSENT)
    write_plan(tmp_path / "plan.json", found)
    assert (tmp_path / "plan.json").stat().st_mode & 0o777 == 0o600
    assert read_plan(tmp_path / "plan.json") == found
    document = plan_to_document(found)
    document["actions"][0]["confidence"] = "certain"
    with pytest.raises(PlanInvalid, match="changed"):
        plan_from_document(document)
    for content in (b"", b"[]", b'{"\xff": 1}', b"[" * 5000):
        (tmp_path / "plan.json").write_bytes(content)
        with pytest.raises(PlanInvalid, match="not JSON"):
            read_plan(tmp_path / "plan.json")
    for wrong in ({}, {**plan_to_document(found), "plan_version": 99}, {"plan_version": 1, "id": 3}):
        with pytest.raises(PlanInvalid):
            plan_from_document(wrong)


texts = st.one_of(
    st.sampled_from([*HOSTILE, "..", ".", "a/b", "a?b=c#d", "{rule.id}", "{user.id}"]), st.text(max_size=40)
)


def calls(action: ContainmentStep) -> list[VendorCall]:
    return [*(read.call for read in action.before), *action.calls, *action.undo]


@given(texts, texts, texts, st.sampled_from(sorted(
    {"New-InboxRule", "Set-Mailbox", "Add-MailboxPermission", "Add-MailboxFolderPermission", "New-TransportRule",
     "New-InboundConnector", "authorize", "gmail.users.settings.filters.create", "gmail.users.settings.delegates.create",
     "gmail.users.settings.forwardingAddresses.create", "system.api_token.create", "system.idp.lifecycle.create",
     "user.account.privilege.grant", "user.mfa.factor.activate", "Consent to application", "Add member to role"})),
    st.sampled_from(("m365_audit", "entra_audit", "google_workspace", "okta")))  # fmt: skip
def test_no_value_changes_a_calls_host_or_path_or_leaves_its_quotes(
    account: str, name: str, other: str, activity: str, source: str
) -> None:
    """Whatever an intruder writes into the log: a call's path has as many segments as without it, and a command one line."""
    parameters = dict.fromkeys(
        ("Name", "User", "Identity", "AccessRights", "ForwardingSmtpAddress", "client_id", "id", "delegateEmail",
         "forwardingEmail", "privilegeGranted", "Target"), other)  # fmt: skip
    vendor = {"okta": "okta", "google_workspace": "google"}.get(source, "microsoft")

    def planned(account: str, name: str, parameters: dict[str, str]) -> ContainmentPlan:
        event = row(
            activity, source=source, account=account, mailbox=name, resource_uid=name, parameters=parameters
        )
        return make_plan(
            evidence(event, systems={(TENANT, account): frozenset({vendor})}),
            incident=incident("record-1", account=account),
        )

    found = planned(account, name, parameters)
    document = plan_to_document(found)
    assert plan_from_document(msgspec.json.decode(msgspec.json.encode(document))) == found
    for action in found.actions:
        for call in calls(action):
            parts = urlsplit("https://vendor.example" + call.path)
            assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "vendor.example", "")
            assert call.path.isascii()
            assert " " not in call.path
            segments = parts.path.split("/")
            assert not {"", ".", ".."} & set(segments[1:])
            # A slot is one that the plan wrote, never one that a value spells.
            for slot in re.findall(r"\{([^}]*)\}", call.path):
                assert re.fullmatch(r"(?:made|user|[a-z]+)\.[A-Za-z]+", slot)
        for line in (*action.powershell, *action.undo_powershell):
            assert "\n" not in line
            assert not set("'\u2018\u2019\u201a\u201b") & set(LITERAL.sub("", line))
            assert not re.search(r"\$\((?!Get-Mg)", LITERAL.sub("", line))


def test_every_kind_has_its_place_and_nothing_sure_waits_for_what_is_less_sure() -> None:
    found = make_plan(
        evidence(RULE, CONSENT, SECRET, systems={(TENANT, ANN): frozenset({"microsoft", "google", "okta"})}),
        incident=incident("record-1", kind="forged-or-stolen-token"),
        with_gate=True,
    )
    by_id = {action.id: action for action in found.actions}
    assert len(by_id) == len(found.actions)
    for number, action in enumerate(found.actions):
        assert action.kind in RANKS
        assert len(action.calls) <= 1
        assert len(action.undo) <= 1
        assert action.calls or action.by_hand
        assert action.undo or action.irreversible or action.is_by_hand
        for before in action.after:
            assert CONFIDENCES.index(by_id[before].confidence) <= CONFIDENCES.index(action.confidence)
            assert found.actions.index(by_id[before]) < number
        for call in calls(action):
            assert call.documentation
        names = {read.name for read in action.before}
        for check in (action.done, action.undone):
            assert check is None or check.read in names
        assert not action.each or action.each in names


def test_a_plan_is_the_same_whatever_the_order_of_rows() -> None:
    one, two = RULE, {**CONSENT, "metadata_uid": "record-2"}
    assert made(one, two) == made(two, one)
    assert made(one) != made(two)
    assert replace(made(one), id="") != made(one)


@pytest.mark.parametrize(
    ("before", "used", "expected"),
    [
        (2 * 3_600, None, ["likely"]),
        (2 * 3_600, 90 * 60, ["likely"]),
        (10 * 86_400, 9 * 86_400, ["precaution"]),
        (2 * 3_600, 20 * 86_400, []),
        (60 * 86_400, None, []),
    ],
    ids=["shortly before", "used meanwhile", "long before", "an old application", "beyond what is looked at"],
)
def test_the_consent_that_let_the_intruder_in_is_removed(
    before: int, used: int | None, expected: list[str]
) -> None:
    """Its owner gives it, before the intruder comes, so that it is among nobody's records of the intrusion."""
    app = "22222222-aaaa-4bbb-8ccc-000000000002"

    def at(seconds: int, **columns: Any) -> dict[str, Any]:
        return {**dict.fromkeys(ENRICHED_SCHEMA.names), **columns, "time": TIME - seconds * SECOND}

    rows = [
        at(0, **{**row("MailItemsAccessed", kind="mail_access"), "app_uid": app}),
        at(before, **row("Consent to application.", 2, kind="directory", resource_uid=app)),
        at(before, **row("Consent to application.", 3, kind="directory", resource_uid="another")),
        at(before, **row("Consent to application.", 4, kind="directory", resource_uid=app, account="bob@example.org")),
    ]  # fmt: skip
    if used is not None:
        rows.append(at(used, **{**row("MailItemsAccessed", 5, kind="mail_access"), "app_uid": app}))
    table = pa.Table.from_pylist(
        [{**one, "time": datetime.fromtimestamp(one["time"] / 1e6, UTC)} for one in rows],
        schema=ENRICHED_SCHEMA,
    )
    gathering = EvidenceCollector({(TENANT, ANN): (TIME, TIME + SECOND)}, frozenset({"record-1"}))
    made = make_plan(collect_evidence([table], gathering), incident=incident("record-1"))
    removed = [action for action in made.actions if action.kind == "remove_consent"]
    assert [action.confidence for action in removed] == expected
    assert {action.evidence for action in removed} <= {("record-2",)}
    assert all("acts through this application" in action.reason for action in removed)


@pytest.mark.parametrize(
    ("account_type", "uid"), [("user", ANN_ID), ("service", ANN_ID), ("service", PRINCIPAL)]
)
def test_a_user_known_by_id_alone_is_no_application(account_type: str, uid: str) -> None:
    """Graph activity names people by their object id. Applications have an id too."""
    requests = [
        row(
            "GET /me/messages/{id}", number, source="graph_activity", kind="mail_access", account=ANN_ID,
            account_type=account_type, actor_user_uid=uid,
        )
        for number in (1, 2)
    ]  # fmt: skip
    chunk = pa.Table.from_pylist(requests)
    chunk = chunk.set_column(1, "time", chunk["time"].cast(pa.timestamp("us", tz="UTC")))
    span = {(TENANT, ANN_ID): (TIME, TIME + SECOND)}
    found = make_plan(
        collect_evidence([chunk], EvidenceCollector(span, frozenset({"record-1"}))),
        incident=incident("record-1", account=ANN_ID),
    )
    kinds = {action.kind for action in found.actions}
    if account_type == "user":
        assert {"disable_account", "reset_password", "revoke_sessions"} <= kinds
        assert "disable_service_principal" not in kinds
        assert only(found, "disable_account").calls[0].path.endswith(f"/users/{ANN_ID}")
    else:
        assert "disable_service_principal" in kinds
        assert not kinds & {"disable_account", "revoke_sessions"}


@pytest.mark.parametrize(
    ("operation", "uri", "kind", "title"),
    [
        ("POST /me/mailFolders/{id}/messageRules", "/v1.0/me/mailFolders/inbox/messageRules?x=\\u0026", "remove_inbox_rule",
         f"Look through the inbox rules of {ANN}"),
        ("PATCH /users/{id}/mailFolders/{id}/messageRules/{id}", "", "remove_inbox_rule",
         f"Look through the inbox rules of {ANN}"),
        ("POST /oauth2PermissionGrants", "", "remove_consent", "Look through the consents and application permissions"),
        ("POST /servicePrincipals/{id}/appRoleAssignedTo", "", "remove_consent", "Look through the consents and application"),
        ("POST /applications/{id}/addPassword", f"https://g.example/v1.0/applications/{APP.upper()}/addPassword",
         "remove_app_credential", f"Look through the secrets and certificates of the object {APP}"),
        ("POST /roleManagement/directory/roleAssignments", "", "remove_role", "Look through the directory roles"),
        ("POST /directoryRoles/{id}/members/$ref", "", "remove_role", "Look through the directory roles"),
    ],
)  # fmt: skip
def test_a_change_by_a_request_to_graph_is_looked_through(
    operation: str, uri: str, kind: str, title: str
) -> None:
    found = made(row(operation, source="graph_activity", kind="directory", resource_uid=uri))
    step = only(found, kind)
    assert step.title.startswith(title)
    assert step.by_hand
    assert not step.calls
    assert step.evidence == ("record-1",)


@pytest.mark.parametrize(
    "operation",
    [
        "GET /me/messages/{id}",
        "DELETE /me/mailFolders/{id}/messageRules/{id}",
        "POST /me/sendMail",
        "POST /groups",
    ],
)
def test_other_requests_to_graph_make_no_step(operation: str) -> None:
    found, without = (
        made(row(name, source="graph_activity", kind="directory")) for name in (operation, "Other")
    )
    assert [step.title for step in found.actions] == [step.title for step in without.actions]
