"""Convert what analysts added to incidents to API values. Pure, but for the rows of other incidents."""

from __future__ import annotations

from typing import Final, cast

from seawall.console.data.handling_values import (
    CommentValue,
    HandlingValue,
    MemberValue,
    StarValue,
    TaskValue,
)
from seawall.console.data.incident_values import AnswerName
from seawall.console.data.presentation import listed_row, time_or_none, time_text
from seawall.console.endpoint import LOCAL, Visitor
from seawall.report.handling.words import describe_record
from seawall.storage.database import (
    IncidentComment,
    IncidentMerge,
    IncidentTask,
    RecordStar,
    Transaction,
)

_MOST_PEOPLE: Final = 500


def handling_value(work: Transaction, incident: str, visitor: Visitor, now: int) -> HandlingValue:
    """Return what analysts added to an incident, given by its present id."""
    handling, lead = work.handling.get(incident), work.merges.lead(incident)
    above = work.incidents.row(lead) if lead is not None else None
    is_closed = handling.status == "closed"
    return HandlingValue(
        incident=incident,
        version=handling.version,
        owner=handling.owner,
        status=handling.status,
        due_at=time_or_none(handling.due_at),
        overdue=not is_closed and handling.due_at is not None and handling.due_at < now,
        changed_by=handling.changed_by,
        changed_at=time_or_none(handling.changed_at),
        tags=work.handling.tags(incident),
        tasks=[task_value(one, now) for one in work.tasks.of(incident)],
        comments=[_comment_value(one, visitor) for one in work.comments.of(incident)],
        stars=[_star_value(one) for one in work.stars.of(incident)],
        members=_member_values(work, work.merges.of_lead(incident)),
        part_of=None if above is None else listed_row(above),
        people=_list_people(work, visitor),
        known_tags=work.handling.known_tags(),
    )


def task_value(task: IncidentTask, now: int) -> TaskValue:
    """Convert a task, as of a time in microseconds."""
    return TaskValue(
        str(task.id),
        task.incident,
        task.title,
        task.assignee,
        time_or_none(task.due_at),
        task.given_by,
        time_text(task.given_at),
        time_or_none(task.done_at),
        task.done_by,
        task.done_at is None and task.due_at is not None and task.due_at < now,
        task.version,
    )


def may_change_comment(comment: IncidentComment, visitor: Visitor) -> bool:
    """Return whether the visitor may change or remove a comment: its author, and admins."""
    return visitor.may("admin") or (visitor.may("analyst") and comment.given_by == visitor.name)


def _comment_value(comment: IncidentComment, visitor: Visitor) -> CommentValue:
    return CommentValue(
        str(comment.id),
        comment.text,
        comment.given_by,
        time_text(comment.given_at),
        time_or_none(comment.changed_at),
        comment.version,
        may_change_comment(comment, visitor),
    )


def _star_value(star: RecordStar) -> StarValue:
    return StarValue(
        str(star.id),
        star.record,
        time_text(star.record_at),
        describe_record(star.document),
        star.remark,
        star.given_by,
        time_text(star.given_at),
        star.version,
    )


def _member_values(work: Transaction, merges: list[IncidentMerge]) -> list[MemberValue]:
    found = []
    for one in {merge.member: merge for merge in reversed(merges)}.values():
        row = work.incidents.row(one.member)
        if row is not None:
            answer = cast("AnswerName | None", row.answer)
            found.append(
                MemberValue(listed_row(row), answer, one.note, one.given_by, time_text(one.given_at))
            )
    return found[::-1]


def _list_people(work: Transaction, visitor: Visitor) -> list[str]:
    """Return who can handle incidents: analysts and admins, and the visitor."""
    names = {user.name for user in work.users.all() if user.role != "viewer" and user.disabled_at is None}
    own = {visitor.name} if visitor.may("analyst") and visitor.name != LOCAL else set()
    return sorted(names | own)[:_MOST_PEOPLE]
