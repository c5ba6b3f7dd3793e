"""The pack's rules on records in the forms that vendors really write, invented values apart.

Forms of the unified audit log were seen in exports of real tenants: operations that end in a full stop or a blank, new values as
JSON with line breaks, targets as lists of ids, and parameters of the Security and Compliance Center as a command line. Names of
operations are those of Microsoft's list (entra-docs, reference-audit-activities, April 2024).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from tools import rule_tables

import seawall
from tests.detection.rules.test_sigma import hits as hits_of
from tests.detection.rules.vendor_records import alert, audit, m365, target
from tests.sample_events import event

Record = dict[str, Any]
_numbers = iter(range(1, 100_000))


def directory(
    operation: str, *changes: tuple[str, Any, Any], whom: str = "ann@x.example", **more: Any
) -> Record:
    """A directory record of the unified audit log."""
    return m365(
        operation, "AzureActiveDirectory", 8, ObjectId=whom, UserId="admin@x.example", AzureActiveDirectoryEventType=1,
        ModifiedProperties=[
            {"Name": name, "NewValue": lines(new), "OldValue": lines(old)} for name, old, new in changes
        ] + [{"Name": "Included Updated Properties", "NewValue": ", ".join(name for name, *_ in changes), "OldValue": ""}],
        Target=[{"ID": f"User_{UUID(int=7)}", "Type": 2}, {"ID": str(UUID(int=7)), "Type": 2}, {"ID": "User", "Type": 2},
                {"ID": whom, "Type": 5}, {"ID": "10032001266C162C", "Type": 3}],
        ExtendedProperties=[{"Name": "additionalDetails", "Value": "{}"},
                            {"Name": "extendedAuditEventCategory", "Value": "User"}], **more,
    )  # fmt: skip


def service_principal(name: str, operation: str) -> Record:
    """A change of a service principal, as the audit log names it."""
    record = directory(operation, ("KeyDescription", [], ["[KeyIdentifier=0f1e,KeyType=Password]"]))
    named = [{"ID": f"ServicePrincipal_{UUID(int=8)}", "Type": 2}, {"ID": "ServicePrincipal", "Type": 2}]
    return record | {"Target": [*named, {"ID": name, "Type": 1}, {"ID": str(UUID(int=9)), "Type": 2}]}


def signed_in(who: str) -> Record:
    """A sign-in of the unified audit log, five minutes later."""
    return m365(
        "UserLoggedIn", "AzureActiveDirectory", 15, UserId=who, ObjectId=str(UUID(int=10)), ErrorNumber="0",
        CreationTime="2026-03-02T09:05:00", ExtendedProperties=[{"Name": "ResultStatusDetail", "Value": "Success"}],
    )  # fmt: skip


def lines(value: Any) -> Any:
    """A list as the unified audit log writes it."""
    return json.dumps(value, indent=2).replace("\n", "\r\n") if isinstance(value, list) else value


def compliance(operation: str, parameters: str, **more: Any) -> Record:
    """A cmdlet of the Security and Compliance Center."""
    return m365(
        operation, "SecurityComplianceCenter", 18, UserType=2, ObjectId="", UserId="admin@x.example", ClientApplication="EMC",
        SecurityComplianceCenterEventType=0, CmdletVersion="...", EffectiveOrganization="x.example", NonPIIParameters="",
        Parameters=parameters, StartTime="2026-03-02T09:00:00", UserServicePlan="", **more,
    )  # fmt: skip


def synchronised(client: str, folder: int) -> Record:
    return m365(
        "MailItemsAccessed", "Exchange", 50, ClientInfoString=client, ClientIPAddress="203.0.113.7", LogonType=0, ClientIP=None,
        MailboxOwnerUPN="ann@x.example", Folders=[{"Path": f"\\Inbox\\{folder}", "FolderItems": []}],
        OperationProperties=[{"Name": "MailAccessType", "Value": "Sync"}, {"Name": "IsThrottled", "Value": "False"}],
    )  # fmt: skip


def verified(factor: str, minute: int) -> Record:
    who = {"id": "00u1", "type": "User", "alternateId": "ann@x.example", "displayName": "Ann"}
    return {
        "uuid": str(UUID(int=minute + 1)), "published": f"2026-03-02T09:{minute:02}:00.000Z", "version": "0", "severity": "WARN",
        "eventType": "user.authentication.auth_via_mfa", "outcome": {"result": "FAILURE", "reason": "INVALID_CREDENTIALS"},
        "displayMessage": "Authentication of user via MFA", "actor": who, "target": [who], "securityContext": {},
        "client": {"ipAddress": "203.0.113.7", "userAgent": {"rawUserAgent": "Mozilla/5.0"}},
        "authenticationContext": {"externalSessionId": "s1"}, "transaction": {"type": "WEB", "id": "t1"},
        "debugContext": {"debugData": {"factor": factor, "requestUri": "/idp/idx/challenge/answer"}},
    }  # fmt: skip


def cmdlet(operation: str, user: str = "ann@x.example", **parameters: str) -> Record:
    """A cmdlet of Exchange Online, as its records of a tenant of 2021 have these fields."""
    mailbox = "EURPR04A009.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/x.example/Ann"
    return m365(
        operation, "Exchange", 1, UserType=2, UserId=user, ResultStatus="True", ExternalAccess=user.startswith("partner"),
        ObjectId=mailbox, OrganizationName="x.example",
        Parameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
    )  # fmt: skip


def client_rule(**action: Any) -> Record:
    """A rule that a client wrote into a mailbox, as the mailbox's audit records it."""
    actions = [{"ActionType": "MarkAsRead"}, action]
    return m365(
        "UpdateInboxRules", "Exchange", 2, MailboxOwnerUPN="ann@x.example", ResultStatus="Succeeded", LogonType=0,
        OperationProperties=[{"Name": "RuleName", "Value": "x"}, {"Name": "RuleActions", "Value": json.dumps(actions)}],
    )  # fmt: skip


def forwarded(
    high: str, low: str, inside: Callable[[], list[Record]], outside: Callable[[], list[Record]]
) -> list[tuple[str, str, bool, Callable[[], list[Record]]]]:
    """Mail that stays inside hits the low rule alone, mail that goes out the high one alone."""
    return [
        (high, "stays inside", False, inside), (low, f"{high} stays inside", True, inside),
        (high, "goes out", True, outside), (low, f"{high} goes out", False, outside),
    ]  # fmt: skip


OTHER_DEFAULT = [{"MethodType": 6, "Default": False}, {"MethodType": 7, "Default": True}]
METHODS = [{"MethodType": 6, "Default": True}, {"MethodType": 7, "Default": False}]
GLOBAL = target("Role", displayName="Global Administrator")
FEATURES = [{"EnabledFeatures": ["DirSyncWritebackAllowed", "EnableRoleAssignmentsToGroups"]}]
CASES: list[tuple[str, str, bool, Callable[[], list[Record]]]] = [
    ("method_registered", "core directory", True,
     lambda: [directory("Update user.", ("StrongAuthenticationMethod", METHODS[:1], METHODS))]),
    ("method_registered", "another default", False,
     lambda: [directory("Update user.", ("StrongAuthenticationMethod", METHODS, OTHER_DEFAULT))]),
    ("method_registered", "passwordless", True, lambda: [audit("Add passwordless phone sign-in credential")]),
    ("method_removed", "core directory", True,
     lambda: [directory("Update user.", ("StrongAuthenticationMethod", METHODS, []))]),
    ("method_removed", "keys", True, lambda: [audit("Delete FIDO2 security key(s)")]),
    ("role_activated", "activated", True, lambda: [audit("Add member to role completed (PIM activation)")]),
    ("role_activated", "taken away", False, lambda: [audit("Remove eligible member from role in PIM completed (timebound)")]),
    ("powerful_role_given", "definition", True,
     lambda: [audit("Add role assignment to role definition", targetResources=[GLOBAL])]),
    ("hybrid_trust_changed", "agents", True, lambda: [audit("Enable passthrough authentication")]),
    ("hybrid_trust_changed", "certificates", True, lambda: [audit("Add CertificationBasedAuthConfiguration")]),
    ("hybrid_trust_changed", "features", False,
     lambda: [directory("Set directory feature on tenant.", ("DirectoryFeatures", [], FEATURES), whom="Company_1")]),
    ("partner_trust_changed", "default", True, lambda: [audit("Update the company default cross-tenant access setting")]),
    ("consent_or_guest_policy_loosened", "permissions", True,
     lambda: [directory("Set Company Information.", ("UsersPermissionToUserConsentToAppEnabled", [False], [True]))]),
    ("consent_or_guest_policy_loosened", "nothing", False, lambda: [directory("Set Company Information.")]),
    ("ediscovery_export_or_purge", "command line", True,
     lambda: [compliance("New-ComplianceSearchAction", '-SearchName "Audit 7" -Purge -PurgeType "SoftDelete" -Confirm $False')]),
    ("ediscovery_export_or_purge", "set", True,
     lambda: [compliance("New-ComplianceSearchAction", '-SearchName "Audit 7" -Export "True"')]),
    ("ediscovery_export_or_purge", "preview", False,
     lambda: [compliance("New-ComplianceSearchAction", '-SearchName "Export -Purge" -Preview "True"')]),
    ("investigator_role_given", "command line", True,
     lambda: [compliance("Add-RoleGroupMember", '-Identity "eDiscovery Manager" -Member "ann@x.example"')]),
    ("many_sessions_revoked", "core directory", True,
     lambda: [directory("Update StsRefreshTokenValidFrom Timestamp.", whom=f"p{n}@x.example") for n in range(11)]),
    ("many_sessions_revoked", "one account", False,
     lambda: [directory("Update StsRefreshTokenValidFrom Timestamp.") for _ in range(11)]),
    ("account_taken_by_administrator", "core directory", True,
     lambda: [directory("Reset user password."), directory("Disable Strong Authentication.")]),
    ("account_taken_by_administrator", "two accounts", False,
     lambda: [directory("Reset user password.", whom="bob@x.example"), directory("Disable Strong Authentication.")]),
    ("mail_folders_synchronised", "imap", True,
     lambda: [synchronised("Client=POP3/IMAP4;Protocol=IMAP4", n) for n in range(16)]),
    ("mail_folders_synchronised", "outlook", False, lambda: [synchronised("Client=MSExchangeRPC", n) for n in range(16)]),
    ("okta_prompt_bombing", "push", True, lambda: [verified("OKTA_VERIFY_PUSH", n) for n in range(6)]),
    *forwarded(
        "mailbox_forwarding", "mail_forwarded_inside",
        lambda: [cmdlet("Set-Mailbox", ForwardingSmtpAddress="SMTP:Desk@x.example", DeliverToMailboxAndForward="True")],
        lambda: [cmdlet("Set-Mailbox", ForwardingSmtpAddress="smtp:desk@x.example.evil.example")]),
    *forwarded(
        "inbox_rule_forwards", "mail_forwarded_inside",
        lambda: [cmdlet("New-InboxRule", ForwardTo='"Lind, Ben" [SMTP:ben@x.example]')],
        lambda: [cmdlet("New-InboxRule", ForwardTo="ben@x.example;bob@evil.example")]),
    *forwarded(
        "inbox_rule_by_client", "mail_forwarded_inside",
        lambda: [client_rule(ActionType="Forward", Recipients=["ben@x.example"])],
        lambda: [client_rule(ActionType="Redirect", Recipients=["ben@x.example", "bob@evil.example"])]),
    *forwarded(
        "transport_rule_copies_mail", "transport_rule_copies_mail_inside",
        lambda: [cmdlet("New-TransportRule", BlindCopyTo="archive@x.example")],
        lambda: [cmdlet("Set-TransportRule", RedirectMessageTo="bob@evil.example")]),
    ("mailbox_forwarding", "recipient by name", True, lambda: [cmdlet("Set-Mailbox", ForwardingAddress="Ben Lind")]),
    ("mailbox_forwarding", "taken away", False,
     lambda: [cmdlet("Set-Mailbox", ForwardingAddress="$null", ForwardingSmtpAddress="")]),
    ("inbox_rule_forwards", "taken away", False, lambda: [cmdlet("Set-InboxRule", ForwardTo="$null")]),
    ("inbox_rule_forwards", "a partner's administrator", True,
     lambda: [cmdlet("New-InboxRule", "partner@evil.example", ForwardTo="bob@evil.example", Mailbox="Ann")]),
    ("inbox_rule_forwards", "a directory's own name", True,
     lambda: [cmdlet("Set-InboxRule", RedirectTo='"Ben" [EX:/o=ExchangeLabs/ou=First/cn=Recipients/cn=ben]')]),
    ("inbox_rule_by_client", "deletes", True, lambda: [client_rule(ActionType="Delete")]),
    ("guest_made_member", "core directory", True, lambda: [directory("Update user.", ("UserType", ["Guest"], ["Member"]))]),
    ("guest_made_member", "made a guest", False, lambda: [directory("Update user.", ("UserType", ["Member"], ["Guest"]))]),
    ("immutable_id_changed", "core directory", True, lambda: [directory("Update user.", ("SourceAnchor", [], ["nq3o1B2w=="]))]),
    ("immutable_id_changed", "another property", False, lambda: [directory("Update user.", ("Department", [], ["Sales"]))]),
    ("immutable_id_changed", "synchronisation", False,
     lambda: [directory("Update user.", ("SourceAnchor", [], ["nq3o1B2w=="])) | {"UserId": "Sync_AD01_1a2b@x.example"}]),
    ("redirect_address_changed", "core directory", True,
     lambda: [directory("Update application.", ("AppAddress", [], [{"Address": "http://localhost:30662"}]))]),
    ("redirect_address_to_tunnel", "core directory", True,
     lambda: [directory("Update application.", ("AppAddress", [], [{"Address": "https://a1.trycloudflare.com/x"}]))]),
    ("redirect_address_to_tunnel", "own server", False,
     lambda: [directory("Update application.", ("AppAddress", [], [{"Address": "https://app.x.example/x"}]))]),
    ("own_service_credential_added", "core directory", True,
     lambda: [service_principal("Office 365 Exchange Online", "Add service principal credentials.")]),
    ("own_service_credential_added", "own application", False,
     lambda: [service_principal("Office 365 Exchange Online Archiver", "Add service principal credentials.")]),
    ("group_rule_changed", "core directory", True,
     lambda: [directory("Update group.", ("MembershipRule", [], ['user.department -eq "x"']))]),
    ("account_used_at_once", "audit log", True,
     lambda: [directory("Add user.", whom="new@x.example"), signed_in("new@x.example")]),
    ("account_used_at_once", "another account", False,
     lambda: [directory("Add user.", whom="new@x.example"), signed_in("ann@x.example")]),
    ("account_created_and_given_role", "audit log", True,
     lambda: [directory("Add user.", whom="new@x.example"), directory("Add member to role.", whom="new@x.example")]),
    ("enabled_account_used_at_once", "audit log", True,
     lambda: [directory("Enable account.", whom="ann@x.example"), signed_in("ann@x.example")]),
    ("many_permissions_given", "audit log", True,
     lambda: [directory("Add app role assignment to service principal.") for _ in range(10)]),
    ("alert_policy_off", "command line", True,
     lambda: [compliance("Set-ProtectionAlert", '-Identity "Forwarding" -Disabled "True"')]),
    ("case_opened_or_joined", "cmdlet", True,
     lambda: [compliance("Add-ComplianceCaseMember", '-Case "7" -Member "ann@x.example"')]),
    ("alert_account_sends_spam", "alert", True, lambda: [alert("User restricted from sending email")]),
    ("alert_account_sends_spam", "another alert", False, lambda: [alert("Messages have been delayed")]),
    ("mailbox_hidden", "the provider's own", False,
     lambda: [cmdlet("Set-Mailbox", HiddenFromAddressListsEnabled="True", Arbitration="True")]),
    ("chat_with_outside_opened", "cmdlet of Teams", True,
     lambda: [m365("Set-CsTenantFederationConfiguration", "SkypeForBusiness", 16,
                   Parameters=[{"Name": "AllowFederatedUsers", "Value": "True"}])]),
    ("okta_prompt_bombing", "mistyped codes", False, lambda: [verified("GOOGLE_AUTHENTICATOR", n) for n in range(6)]),
]  # fmt: skip


def anew(value: Any, organisation: str) -> Any:
    """A record of an organisation of its own, with an id of its own."""
    text = (
        json.dumps(value)
        .replace("6f1f3c0e-2f0b-4a57-9d0e-0b7c1a52e9d4", organisation)
        .replace("x.example", f"{organisation}.example")
    )
    record = json.loads(text)
    for name in ("Id", "id", "uuid"):
        if name in record:
            record[name] = f"{record[name][:10]}{UUID(int=next(_numbers))}"[:46]
    return record


@pytest.fixture(scope="module")
def hits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """For each case's file the rules that hit it, of one scan of all."""
    logs, out = tmp_path_factory.mktemp("logs"), tmp_path_factory.mktemp("out")
    for number, (*_, made) in enumerate(CASES):
        (logs / f"{number}.jsonl").write_text(
            "".join(json.dumps(anew(one, str(UUID(int=(number + 1) << 64)))) + "\n" for one in made()),
            "utf-8",
        )
    seawall.scan(logs, out=out)
    return dict(told(out))


def told(out: Path) -> Iterator[tuple[str, set[str]]]:
    events = pq.read_table(out / "events.parquet", columns=["metadata_uid", "source_file"]).to_pylist()
    home = {event["metadata_uid"]: Path(event["source_file"]).name for event in events}
    stems = {about.id: Path(about.file).stem for about in rule_tables.told()}
    found: dict[str, set[str]] = defaultdict(set)
    for rule in json.loads((out / "rules.json").read_text("utf-8"))["rules"]:
        for record in rule["records"] if rule["id"] in stems else ():
            found[home[record]].add(stems[rule["id"]])
    yield from found.items()


@pytest.mark.parametrize(
    ("number", "rule", "expected"),
    [
        pytest.param(number, rule, expected, id=f"{rule}: {what}")
        for number, (rule, what, expected, _) in enumerate(CASES)
    ],
)
def test_a_rule_hits_what_vendors_write(
    hits: dict[str, set[str]], number: int, rule: str, expected: bool
) -> None:
    assert (rule in hits.get(f"{number}.jsonl", set())) is expected


@pytest.mark.parametrize(
    ("item", "row"),
    [
        ({"LocationDetails.countryOrRegion": "NL"}, {"kind": "sign_in", "src_country": "NL"}),
        ({"AuthenticationProtocol": "deviceCode"}, {"kind": "sign_in", "auth_protocol": "device_code"}),
        (
            {"TargetResources.userPrincipalName": "Ann@x.example"},
            {"kind": "directory", "parameters": '{"Target":"ann@x.example"}'},
        ),
    ],
)
def test_the_audit_log_answers_to_fields_of_entras_logs(item: dict[str, str], row: dict[str, Any]) -> None:
    """Rules on sign-ins and directory changes look at the unified audit log too, which has these things under other names."""
    assert hits_of({"s": item, "condition": "s"}, event("1", **row), event("2")) == [True, False]
