"""What a record of each vendor did is read from it, and nothing that it does not say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.changes.acts import ACTS, LONGEST, ChangeAct, read_act
from seawall.events.changes.records import read_changes
from seawall.events.changes.scope_words import describe_scopes

LONG_NAME = "EURPR04.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/x.example/ITCompany"


def read(activity: str, source: str = "m365_audit", /, **row: Any) -> ChangeAct | None:
    """Read the act of one record; `parameters` are an object."""
    whole = {
        "metadata_uid": "r1", "time": 5, "source": source, "activity_name": activity, "account": "ann@x.example",
        **row, "parameters": json.dumps(row.get("parameters", {})),
    }  # fmt: skip
    (record,) = read_changes([whole], frozenset())
    return read_act(record)


PERMISSIONS = "[] => [[Id: abcdefghij, ClientId: 1, ConsentType: {}, Scope: Mail.Read Mail.Send]]; "
CASES: list[tuple[str, str, dict[str, Any], ChangeAct | None]] = [
    ("Consent to application.", "m365_audit",
     {"parameters": {"Target": "Mail Tool", "ConsentAction.Permissions": PERMISSIONS.format("Principal")}},
     ChangeAct("consent", "Mail Tool", detail="reads mail, sends mail")),
    ("Consent to application.", "m365_audit",
     {"parameters": {"Target": "Mail Tool", "ConsentAction.Permissions": PERMISSIONS.format("AllPrincipals")}},
     ChangeAct("consent_for_all", "Mail Tool", detail="reads mail, sends mail")),
    ("Consent to application", "entra_audit",
     {"resource_uid": "00000003-0000-0000-c000-000000000000"}, ChangeAct("consent", "Microsoft Graph")),
    ("authorize", "google_workspace",
     {"app_name": "Sheets", "parameters": {"app_name": "Sheets", "scope_data": [{"scope_name": "https://mail.google.com/"}]}},
     ChangeAct("consent", "Sheets", detail="full access to mail")),
    ("Add-MailboxPermission", "m365_audit",
     {"resource_uid": "Bob", "parameters": {"Identity": "a/b/Bob", "User": LONG_NAME, "AccessRights": "FullAccess"}},
     ChangeAct("mailbox_access", whom="ITCompany", place="Bob")),
    ("Add-MailboxPermission", "m365_audit",
     {"mailbox": "bob@x.example", "parameters": {"User": "Ann", "AccessRights": '["FullAccess"]'}},
     ChangeAct("mailbox_access", whom="itself", place="bob@x.example")),
    ("Add-MailboxPermission", "m365_audit", {"parameters": {"Force": "True"}}, None),
    ("Add-RecipientPermission", "m365_audit",
     {"mailbox": "bob@x.example", "parameters": {"Trustee": "cy@x.example", "AccessRights": "SendAs"}},
     ChangeAct("send_as", whom="cy@x.example", place="bob@x.example")),
    ("New-InboxRule", "m365_audit",
     {"mailbox": "ann@x.example",
      "parameters": {"Name": ".", "From": "it@y.example", "DeleteMessage": "True", "MarkAsRead": "False"}},
     ChangeAct("inbox_rule", ".", place="ann@x.example", detail="deletes mail from it@y.example")),
    ("UpdateInboxRules", "m365_audit",
     {"mailbox": "ann@x.example", "parameters": {"RuleOperation": "AddMailboxRule", "RuleName": "h", "RuleActions": json.dumps(
         [{"ActionType": "MoveToFolder", "Value": "RSS Feeds"}])}},
     ChangeAct("inbox_rule", "h", place="ann@x.example", detail="moves mail to RSS Feeds")),
    ("New-TransportRule", "m365_audit",
     {"parameters": {"Name": ".", "BlindCopyTo": "it@y.example", "SubjectOrBodyContainsWords": "invoice;payment"}},
     ChangeAct("flow_rule", ".", detail="sends blind copies of mail with invoice, payment to it@y.example")),
    ("Set-Mailbox", "m365_audit",
     {"mailbox": "ann@x.example", "parameters": {"ForwardingSmtpAddress": "smtp:out@y.example"}},
     ChangeAct("forwarding", whom="out@y.example", place="ann@x.example")),
    ("Set-Mailbox", "m365_audit", {"parameters": {"ForwardingSmtpAddress": "$null"}}, None),
    ("Set-Mailbox", "m365_audit", {"parameters": {"RecoverableItemsQuota": "30 GB"}}, None),
    ("ModifyFolderPermissions", "m365_audit",
     {"parameters": {"MemberRights": "None", "MemberUpn": "Everyone", "Path": "\\Calendar"}}, None),
    ("Add member to role.", "m365_audit",
     {"resource_uid": "Bob@x.example", "parameters": {"Role.DisplayName": "Global Administrator", "Target": "Bob@x.example"}},
     ChangeAct("role", "Global Administrator", "Bob@x.example")),
    ("user.account.privilege.grant", "okta",
     {"resource_uid": "bob@x.example", "parameters": {"privilegeGranted": "Super administrator", "Target": "bob@x.example"}},
     ChangeAct("role", "Super administrator", "bob@x.example")),
    ("ASSIGN_ROLE", "google_workspace",
     {"parameters": {"ROLE_NAME": "_SEED_ADMIN_ROLE", "USER_EMAIL": "bob@x.example"}},
     ChangeAct("role", "SEED_ADMIN_ROLE", "bob@x.example")),
    ("Update user.", "m365_audit", {"parameters": {"Department": "x"}}, None),
    ("Update user.", "m365_audit",
     {"resource_uid": "ann@x.example", "parameters": {"StrongAuthenticationMethod": "[]"}}, ChangeAct("method")),
    ("user.mfa.factor.activate", "okta", {"resource_uid": "bob@x.example"}, ChangeAct("method", whom="bob@x.example")),
    ("Update application \u2013 Certificates and secrets management ", "m365_audit",
     {"parameters": {"KeyDescription": "[]", "Added": "KeyDescription", "Target": "Tool"}}, ChangeAct("credential", "Tool")),
    ("Update application \u2013 Certificates and secrets management ", "m365_audit",
     {"parameters": {"KeyDescription": "[]", "Target": "Tool"}}, ChangeAct("credential_changed", "Tool")),
    ("email_forwarding_out_of_domain", "google_workspace",
     {"mailbox": "ann@x.example", "parameters": {"email_forwarding_destination_address": "o@y.example"}},
     ChangeAct("forwarding", whom="o@y.example", place="ann@x.example")),
    ("system.api_token.create", "okta", {"parameters": {"Target": "automation"}}, ChangeAct("api_token", "automation")),
    ("FileAccessed", "m365_audit", {}, None),
]  # fmt: skip


@pytest.mark.parametrize(("activity", "source", "row", "expected"), CASES)
def test_an_act_is_read(activity: str, source: str, row: dict[str, Any], expected: ChangeAct | None) -> None:
    assert read(activity, source, **row) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["Target", "Identity", "User", "AccessRights", "Name", "RuleActions", "From", "MoveToFolder", "KeyDescription",
     "ConsentAction.Permissions", "ForwardingSmtpAddress", "GrantSendOnBehalfTo", "privilegeGranted", "scope_data"]
)  # fmt: skip


@given(st.sampled_from(sorted(ACTS)), st.dictionaries(NAMES, JSON, max_size=6), st.text(max_size=300))
def test_any_record_of_an_act_is_read_and_short(
    activity: str, parameters: dict[str, Any], resource: str
) -> None:
    act = read(activity, parameters=parameters, resource_uid=resource)
    if act is not None:
        assert all(len(text) <= LONGEST for text in (act.object, act.whom, act.place, act.detail))
        assert not any("\n" in text for text in (act.object, act.whom, act.place, act.detail))


@pytest.mark.parametrize(
    ("scopes", "words"),
    [
        ("offline_access Mail.Read User.Read", "reads mail, stays signed in"),
        ("Mail.ReadWrite Mail.Read", "reads and changes mail"),
        ("full_access_as_app Mail.Read", "full access to mail"),
        ("Files.Read.All", "reads files"),
        ("openid profile", ""),
        ("https://www.googleapis.com/auth/gmail.readonly", "reads mail"),
    ],
)
def test_scopes_are_said_in_words(scopes: str, words: str) -> None:
    assert describe_scopes(scopes) == words
