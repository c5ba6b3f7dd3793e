"""Build steps that remove Entra directory roles granted during an intrusion, active or eligible. Pure.

An eligible member has no role assignment. Removal takes a Privileged Identity Management request, which needs its own
licence. Records of that service name role and member in other fields than directory records do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from seawall.events.changes.objects import find_role_member
from seawall.events.changes.records import ChangeRecord
from seawall.response.containment.microsoft import call_graph
from seawall.response.containment.steps import StepSubject, describe_record, make_record_step
from seawall.response.containment.templates import encode_segment, escape_filter_text, is_guid
from seawall.response.containment.values import ChangeCheck, ContainmentStep, StateRead, TargetCondition

ASSIGNED: Final = frozenset(
    {
        "Add member to role",
        "Add member to role in PIM completed (permanent)",
        "Add member to role in PIM completed (timebound)",
        "Add member to role completed (PIM activation)",
    }
)
ELIGIBLE: Final = frozenset(
    {
        "Add eligible member to role",
        "Add eligible member to role in PIM completed (permanent)",
        "Add eligible member to role in PIM completed (timebound)",
    }
)
_BASE: Final = "/roleManagement/directory"
_FIELDS: Final = ("roleDefinitionId", "principalId", "directoryScopeId")
_PERMISSION: Final = "RoleManagement.ReadWrite.Directory"
_SCHEDULES: Final = "RoleEligibilitySchedule.ReadWrite.Directory"


def undo_steps(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    """Yield the step that removes a granted role; none for a record of another kind."""
    name = record.activity.strip().rstrip(".")
    if name not in ASSIGNED | ELIGIBLE:
        return
    member, role = (
        find_role_member(record),
        record.text("Role.TemplateId", "RoleDefinitionOriginId", "TemplateId"),
    )
    if not is_guid(member) or not is_guid(role):
        yield make_record_step(
            subject,
            record,
            kind="remove_role",
            title="Look through the roles that were handed out",
            reason=describe_record(
                record, "The record does not name the role and its member in the form that a call needs"
            ),
            by_hand="In the Entra admin center, under Roles & admins, look through active and eligible assignments.",
            irreversible="Note what you remove: it has to be given again by hand.",
        )
    elif name in ASSIGNED:
        yield _undo_assignment(subject, record, member, role)
    else:
        yield _eligible(subject, record, member, role)


def _undo_assignment(subject: StepSubject, record: ChangeRecord, member: str, role: str) -> ContainmentStep:
    body: dict[str, Any] = {field: {"$read": f"assignment.{field}"} for field in _FIELDS}
    path = f"{_BASE}/roleAssignments"
    return make_record_step(
        subject,
        record,
        kind="remove_role",
        title=f"Take the role {_name(record, role)} from {record.text('Target') or member}",
        reason=describe_record(record, "A role that was handed out stays when the account is clean again"),
        before=(
            StateRead(
                "assignment",
                call_graph(
                    "GET",
                    f"{path}?{_filter_by_member(member)}",
                    _PERMISSION,
                    "rbacapplication-list-roleassignments",
                ),
                ("id", *_FIELDS),
                items="value",
                where=(
                    TargetCondition("roleDefinitionId", "equal", role),
                    TargetCondition("principalId", "equal", member),
                ),
            ),
        ),
        each="assignment",
        calls=(call_graph("DELETE", path + "/{assignment.id}", _PERMISSION, "unifiedroleassignment-delete"),),
        done=ChangeCheck("assignment", "absent", ("id",)),
        undo=(call_graph("POST", path, _PERMISSION, "rbacapplication-post-roleassignments", body=body),),
        undone=ChangeCheck("assignment", "restored", _FIELDS),
        irreversible="An assignment that ended by itself is put back without an end."
        if record.activity != "Add member to role"
        else "",
    )


def _eligible(subject: StepSubject, record: ChangeRecord, member: str, role: str) -> ContainmentStep:
    whom: dict[str, Any] = {
        **{field: {"$read": f"eligibility.{field}"} for field in (*_FIELDS, "appScopeId")},
        "justification": "containment of an incident",
    }
    path, page = (
        f"{_BASE}/roleEligibilityScheduleRequests",
        "rbacapplication-post-roleeligibilityschedulerequests",
    )
    back = {**whom, "action": "adminAssign", "scheduleInfo": {"$read": "eligibility.scheduleInfo"}}
    return make_record_step(
        subject,
        record,
        kind="remove_role",
        title=f"Make {record.text('Target') or member} no longer eligible for the role {_name(record, role)}",
        reason=describe_record(
            record, "Who is eligible for a role activates it when the account is clean again"
        ),
        before=(
            StateRead(
                "eligibility",
                call_graph(
                    "GET",
                    f"{_BASE}/roleEligibilitySchedules?{_filter_by_member(member)}",
                    _SCHEDULES,
                    "rbacapplication-list-roleeligibilityschedules",
                ),
                ("id", *_FIELDS, "appScopeId", "memberType", "scheduleInfo"),
                items="value",
                where=(
                    TargetCondition("roleDefinitionId", "equal", role),
                    TargetCondition("principalId", "equal", member),
                    TargetCondition("memberType", "equal", "Direct"),
                ),
            ),
        ),
        each="eligibility",
        calls=(call_graph("POST", path, _SCHEDULES, page, body={**whom, "action": "adminRemove"}),),
        done=ChangeCheck("eligibility", "absent", ("id",)),
        undo=(call_graph("POST", path, _SCHEDULES, page, body=back),),
        undone=ChangeCheck("eligibility", "restored", _FIELDS),
        irreversible="What is put back begins at the time of undoing; the role's own policy may refuse it or want an approval.",
    )


def _name(record: ChangeRecord, role: str) -> str:
    return record.text("Role.DisplayName", "RoleDisplayName") or role


def _filter_by_member(member: str) -> str:
    return "$filter=" + encode_segment(f"principalId eq '{escape_filter_text(member)}'")
