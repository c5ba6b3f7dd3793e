"""Build manual steps that undo what an intruder changed by requests to Microsoft Graph. Pure.

Graph activity holds the address of a request and not its content. So a step says where to look, and the audit logs say more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from seawall.events.changes.records import ChangeRecord
from seawall.response.containment.steps import StepSubject, describe_record, make_powershell, make_record_step
from seawall.response.containment.values import ActionKind, ContainmentStep

_OBJECT: Final = re.compile(r"(?i)/(?:applications|servicePrincipals)/([0-9a-f-]{36})(?:/|$)")


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Describe requests that leave a change: `operation` matches their name, `what` is to be looked through."""

    operation: re.Pattern[str]
    kind: ActionKind
    what: str
    reason: str
    by_hand: str


CHANGE_REQUESTS: Final = (
    ChangeRequest(
        re.compile(r"(?:POST|PATCH|PUT) /(?:me|users/\{id\})/mailFolders/.*messageRules(?:/\{id\})?"),
        "remove_inbox_rule",
        "the inbox rules of {owner}",
        "A rule that forwards or hides mail goes on working after the intruder is gone",
        "The record does not name the rule. Look through all of them, hidden ones too, and remove what its owner does not know.",
    ),
    ChangeRequest(
        re.compile(r"(?:POST|PATCH) /oauth2PermissionGrants(?:/\{id\})?|POST /.*/appRole(?:Assignments|AssignedTo)"),
        "remove_consent",
        "the consents and application permissions that were given",
        "An application keeps its permissions after the intruder is gone",
        "In the Entra admin center, under the enterprise application, Permissions, revoke what nobody wanted. The directory "
        "audit names the application.",
    ),
    ChangeRequest(
        re.compile(
            r"POST /(?:applications|servicePrincipals)/\{id\}/"
            r"(?:addPassword|addKey|addTokenSigningCertificate|federatedIdentityCredentials)"
        ),
        "remove_app_credential",
        "the secrets and certificates of {object}",
        "A credential that an intruder added works until it is removed",
        "In the Entra admin center, under the application and under its enterprise application, remove those that were "
        "added during the intrusion.",
    ),
    ChangeRequest(
        re.compile(r"POST /roleManagement/directory/role\w+|POST /directoryRoles/\{id\}/members(?:/\$ref)?"),
        "remove_role",
        "the directory roles that were given",
        "A role stays with the account that an intruder gave it to",
        "In the Entra admin center, under Roles and administrators, remove the assignments that were made during the "
        "intrusion. The directory audit names role and account.",
    ),
)  # fmt: skip
"""Requests that leave a way back in, or hide mail."""


def undo_steps(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    """Yield the step for a request to Graph that leaves a change; none for any other record."""
    for one in CHANGE_REQUESTS:
        if one.operation.fullmatch(record.activity):
            yield _look_through(subject, record, one)


def _look_through(subject: StepSubject, record: ChangeRecord, one: ChangeRequest) -> ContainmentStep:
    is_rule = one.kind == "remove_inbox_rule"
    found = _OBJECT.search(record.resource.partition("?")[0])
    what = one.what.format(
        owner=record.owner, object=f"the object {found[1].lower()}" if found else "the application"
    )
    command = (
        "Get-InboxRule -Mailbox {mailbox} -IncludeHidden | Format-List Name,Identity,Enabled,Description"
    )
    return make_record_step(
        subject,
        record,
        account=record.owner if is_rule else subject.account,
        kind=one.kind,
        title=f"Look through {what}",
        reason=describe_record(record, one.reason),
        by_hand=one.by_hand,
        powershell=make_powershell(command, mailbox=record.owner) if is_rule else (),
        irreversible="Note what you remove: it has to be made again by hand.",
    )
