"""Build steps that remove Entra directory roles granted during an intrusion, active or eligible. Pure.

An eligible member has no role assignment. Removal takes a Privileged Identity Management request, which needs its own
licence. Records of that service name role and member in other fields than directory records do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from seawall.events.changes.objects import find_role_member
from seawall.events.changes.records import ChangeRecord
from seawall.response.containment.microsoft import call_graph
from seawall.response.containment.steps import (
    NO_COMMAND,
    StepSubject,
    describe_record,
    make_powershell,
    make_record_step,
)
from seawall.response.containment.templates import encode_segment, escape_filter_text, is_guid
from seawall.response.containment.values import (
    CONFIDENCES,
    ChangeCheck,
    ContainmentStep,
    StateRead,
    TargetCondition,
)
from seawall_base.plurals import plural

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
_ROLE_IDS: Final = ("Role.TemplateId", "RoleDefinitionOriginId", "TemplateId")
_GRAVEST: Final = "Global Administrator"
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
        record.text(*_ROLE_IDS),
    )
    if is_named_by_address(record):
        return  # `group_assignments` makes one step of all roles that the member got
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


def is_named_by_address(record: ChangeRecord) -> bool:
    """Return whether a record states which role somebody got, and names him by his address alone."""
    role = record.text(*_ROLE_IDS)
    return (
        record.activity.strip().rstrip(".") in ASSIGNED and is_guid(role) and "@" in find_role_member(record)
    )


def group_assignments(subject: StepSubject, records: Iterable[ChangeRecord]) -> Iterator[ContainmentStep]:
    """Yield a step for each member that records name by his address alone: take the roles that he got.

    A call needs the member's object id. PowerShell finds it by the address.
    """
    members: dict[str, list[ChangeRecord]] = {}
    for record in records:
        if is_named_by_address(record):
            members.setdefault(find_role_member(record), []).append(record)
    for member, found in members.items():
        yield _undo_assignments(subject, member, found)


def _undo_assignments(subject: StepSubject, member: str, records: Sequence[ChangeRecord]) -> ContainmentStep:
    named = {record.text(*_ROLE_IDS): _name(record, record.text(*_ROLE_IDS)) for record in records}
    roles = sorted(named.items(), key=lambda one: (one[1] != _GRAVEST, one[1]))
    slots = {f"role{place}": role for place, (role, _) in enumerate(roles)}
    ids = ", ".join(f"{{{slot}}}" for slot in slots)
    command = make_powershell(
        "$member = (Get-MgUser -UserId {member}).Id; Get-MgRoleManagementDirectoryRoleAssignment -All -Filter "
        f"\"principalId eq '$member'\" | Where-Object {{ $_.RoleDefinitionId -in {ids} }} | ForEach-Object "
        "{ Remove-MgRoleManagementDirectoryRoleAssignment -UnifiedRoleAssignmentId $_.Id }",
        member=member,
        **slots,
    )
    back = make_powershell(
        f"$member = (Get-MgUser -UserId {{member}}).Id; {ids} | ForEach-Object "
        "{ New-MgRoleManagementDirectoryRoleAssignment -PrincipalId $member -RoleDefinitionId $_ -DirectoryScopeId '/' }",
        member=member,
        **slots,
    )
    first = roles[0][1]
    more = f" and {plural(len(roles) - 1, 'more role')}" if len(roles) > 1 else ""
    step = make_record_step(
        subject,
        records[0],
        kind="remove_role",
        title=f"Take the role {first}{more} from {member}",
        reason=describe_record(
            records[0],
            f"Roles that were handed out stay when the account is clean again: {', '.join(name for _, name in roles)}",
        ),
        by_hand="In Microsoft Graph PowerShell, or in the Entra admin center under Roles & admins."
        if command
        else f"In the Entra admin center, under Roles & admins. {NO_COMMAND}",
        powershell=command,
        undo_powershell=back,
        irreversible="An assignment to a part of the directory is put back for all of it.",
    )
    sure = min((subject.for_record(one) for one in records), key=CONFIDENCES.index)
    return replace(step, confidence=sure, evidence=tuple(one.id for one in records if one.id))


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
