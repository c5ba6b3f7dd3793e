"""Build steps that remove a Google Workspace administrator role, delegated or super administrator. Pure.

The log gives a role's name and the administrator's address. The Directory API needs ids, so the steps read them
first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from seawall.events.changes.records import ChangeRecord
from seawall.response.containment.google_directory import SCOPE, USERS, call_directory, read_user
from seawall.response.containment.steps import StepSubject, describe_record, make_record_step
from seawall.response.containment.values import ChangeCheck, ContainmentStep, StateRead, TargetCondition

ROLES: Final = SCOPE + "admin.directory.rolemanagement"
READ_ROLES: Final = ROLES + ".readonly"
CUSTOMER: Final = "/customer/my_customer"
ASSIGNED: Final = ("roleId", "assignedTo", "scopeType", "orgUnitId", "condition")
"""Fields of a role assignment, needed to restore it."""

_STAYS: Final = "A role that was handed out stays when the account is clean again"


def undo_steps(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    """Yield the step that removes a role; none for a record of another kind."""
    if record.activity == "ASSIGN_ROLE":
        yield _undo_assignment(subject, record)
    elif record.activity == "GRANT_ADMIN_PRIVILEGE":
        yield _super_administrator(subject, record)


def _by_hand(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    return make_record_step(
        subject,
        record,
        kind="remove_role",
        title=f"Take back the administrator's role: {record.text('ROLE_NAME') or record.resource or record.account}",
        reason=describe_record(record, _STAYS),
        by_hand="In the Admin console: Account, Admin roles. The record does not say whose role it was, or which.",
        irreversible="Note what you change: Seawall cannot put it back.",
    )


def _undo_assignment(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    member, role = record.text("USER_EMAIL"), record.text("ROLE_NAME")
    if not member or not role:
        return _by_hand(subject, record)
    path = CUSTOMER + "/roleassignments"
    return make_record_step(
        subject,
        record,
        account=member,
        kind="remove_role",
        title=f"Take the administrator's role {role} from {member}",
        reason=describe_record(record, _STAYS),
        before=(
            StateRead(
                "role",
                call_directory("GET", CUSTOMER + "/roles", READ_ROLES, "roles/list"),
                ("roleId", "roleName"),
                items="items",
                where=(TargetCondition("roleName", "equal", role),),
            ),
            StateRead(
                "assignment",
                call_directory(
                    "GET",
                    path + "?userKey={member}&roleId={role.roleId}",
                    READ_ROLES,
                    "roleAssignments/list",
                    member=member,
                ),
                ("roleAssignmentId", *ASSIGNED),
                items="items",
            ),
        ),
        each="assignment",
        calls=(
            call_directory(
                "DELETE", path + "/{assignment.roleAssignmentId}", ROLES, "roleAssignments/delete"
            ),
        ),
        done=ChangeCheck("assignment", "absent", ("roleAssignmentId",)),
        undo=(
            call_directory(
                "POST",
                path,
                ROLES,
                "roleAssignments/insert",
                {field: {"$read": f"assignment.{field}"} for field in ASSIGNED},
            ),
        ),
        undone=ChangeCheck("assignment", "restored", ASSIGNED),
        details={
            "note": "An assignment that is put back gets a new id. One that comes from a group is not among them."
        },
    )


def _super_administrator(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    member = record.text("USER_EMAIL")
    if not member:
        return _by_hand(subject, record)
    path, page = "/users/{member}/makeAdmin", "users/makeAdmin"
    return make_record_step(
        subject,
        record,
        account=member,
        kind="remove_role",
        title=f"Take a super administrator's rights from {member}",
        reason=describe_record(record, "Whoever has them changes every account and every setting"),
        before=(read_user(member),),
        calls=(call_directory("POST", path, USERS, page, {"status": False}, member=member),),
        done=ChangeCheck("user", "equal", ("isAdmin",), False),
        undo=(
            call_directory("POST", path, USERS, page, {"status": {"$read": "user.isAdmin"}}, member=member),
        ),
        undone=ChangeCheck("user", "restored", ("isAdmin",)),
    )
