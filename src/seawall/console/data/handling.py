"""Handle incidents together: owner, status, due time, tags, tasks, comments, members and starred records.

Everything here is an overlay of the analysts: detection writes none of it. Each change is in the audit trail with what was
before and after. Changes of shared things name the version that they are based on; another one is refused with 409.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from seawall.console.api_error import forbidden, invalid, not_found
from seawall.console.data.handling_rows import handling_value, may_change_comment, task_value
from seawall.console.data.handling_values import (
    ChangedComment,
    ChangedStar,
    ChangedTask,
    HandlingValue,
    NewComment,
    NewHandling,
    NewMember,
    NewStar,
    NewTag,
    NewTask,
    OpenTasks,
)
from seawall.console.data.incidents import get_incident
from seawall.console.data.reading_audit import audit_reading
from seawall.console.data.records import find_record
from seawall.console.endpoint import ApiCall, Endpoint, Handle, Method
from seawall.response.handling.changes import AuditedChanges
from seawall.storage.database import TaskDraft, Transaction
from seawall_base.times import parse_rfc3339

_LONGEST_NUMBER: Final = 18


def show_handling(call: ApiCall) -> HandlingValue:
    """Return what analysts added to an incident."""
    with call.context.database.reading() as work:
        incident, _ = get_incident(work, call.path["id"])
        return handling_value(work, incident.id, call.who, call.now)


def set_handling(call: ApiCall) -> HandlingValue:
    """Set owner, status and due time."""
    asked: NewHandling = call.body
    due_at = _read_due(asked.due_at)
    with _changing(call) as (changes, incident):
        changes.set_handling(
            incident, owner=asked.owner, status=asked.status, due_at=due_at, expected=asked.version
        )
        return _value(call, changes.work, incident)


def add_tag(call: ApiCall) -> HandlingValue:
    """Add a tag."""
    asked: NewTag = call.body
    with _changing(call) as (changes, incident):
        changes.add_tag(incident, asked.tag)
        return _value(call, changes.work, incident)


def remove_tag(call: ApiCall) -> HandlingValue:
    """Remove a tag."""
    with _changing(call) as (changes, incident):
        changes.remove_tag(incident, call.path["tag"])
        return _value(call, changes.work, incident)


def add_comment(call: ApiCall) -> HandlingValue:
    """Add a comment."""
    asked: NewComment = call.body
    with _changing(call) as (changes, incident):
        changes.add_comment(incident, asked.text)
        return _value(call, changes.work, incident)


def change_comment(call: ApiCall) -> HandlingValue:
    """Change the wording of a comment."""
    asked: ChangedComment = call.body
    with _changing(call) as (changes, incident):
        number = _check_author(call, changes, incident)
        changes.change_comment(number, asked.text, expected=asked.version)
        return _value(call, changes.work, incident)


def remove_comment(call: ApiCall) -> HandlingValue:
    """Remove a comment."""
    with _changing(call) as (changes, incident):
        changes.remove_comment(_check_author(call, changes, incident))
        return _value(call, changes.work, incident)


def add_task(call: ApiCall) -> HandlingValue:
    """Add a task."""
    asked: NewTask = call.body
    draft = TaskDraft(asked.title, asked.assignee, _read_due(asked.due_at))
    with _changing(call) as (changes, incident):
        changes.add_task(incident, draft)
        return _value(call, changes.work, incident)


def change_task(call: ApiCall) -> HandlingValue:
    """Change a task, or mark it as done or open."""
    asked: ChangedTask = call.body
    draft = TaskDraft(asked.title, asked.assignee, _read_due(asked.due_at), asked.is_done)
    with _changing(call) as (changes, incident):
        number = _find_number(call, "task", [one.id for one in changes.work.tasks.of(incident)])
        changes.change_task(number, draft, expected=asked.version)
        return _value(call, changes.work, incident)


def remove_task(call: ApiCall) -> HandlingValue:
    """Remove a task."""
    with _changing(call) as (changes, incident):
        number = _find_number(call, "task", [one.id for one in changes.work.tasks.of(incident)])
        changes.remove_task(number)
        return _value(call, changes.work, incident)


def list_open_tasks(call: ApiCall) -> OpenTasks:
    """List the open tasks of all incidents."""
    with call.context.database.reading() as work:
        return OpenTasks([task_value(one, call.now) for one in work.tasks.open()])


def merge_incident(call: ApiCall) -> HandlingValue:
    """Merge another incident into this one."""
    asked: NewMember = call.body
    with _changing(call) as (changes, incident):
        member, _ = get_incident(changes.work, asked.incident)
        changes.merge(incident, member.id, asked.note)
        return _value(call, changes.work, incident)


def split_incident(call: ApiCall) -> HandlingValue:
    """Split an incident from this one."""
    with _changing(call) as (changes, incident):
        changes.split(incident, changes.work.aliases.resolve(call.path["member"][:200]))
        return _value(call, changes.work, incident)


def star_record(call: ApiCall) -> HandlingValue:
    """Star a record of the organisation, with its facts as they are now."""
    asked: NewStar = call.body
    with call.context.database.reading() as work:
        found, _ = get_incident(work, call.path["id"])
    record = find_record(call.context, found.tenant, asked.record, asked.day, found.events)
    audit_reading(call, found.tenant, record.account or "", record=record.id)
    document = {name: value for name, value in msgspec.to_builtins(record).items() if value is not None}
    with _changing(call) as (changes, incident):
        changes.star(incident, record.id, document, record_at=parse_rfc3339(record.time), remark=asked.remark)
        return _value(call, changes.work, incident)


def change_star(call: ApiCall) -> HandlingValue:
    """Change the remark on a starred record."""
    asked: ChangedStar = call.body
    with _changing(call) as (changes, incident):
        number = _find_number(call, "starred record", [one.id for one in changes.work.stars.of(incident)])
        changes.change_star(number, asked.remark, expected=asked.version)
        return _value(call, changes.work, incident)


def remove_star(call: ApiCall) -> HandlingValue:
    """Remove the star of a record."""
    with _changing(call) as (changes, incident):
        number = _find_number(call, "starred record", [one.id for one in changes.work.stars.of(incident)])
        changes.remove_star(number)
        return _value(call, changes.work, incident)


@contextmanager
def _changing(call: ApiCall) -> Iterator[tuple[AuditedChanges, str]]:
    """Give the changes of the visitor, and the present id of the incident that the path names."""
    with call.context.database.writing() as work:
        incident, _ = get_incident(work, call.path["id"])
        yield AuditedChanges(work, call.who.name, call.now), incident.id


def _value(call: ApiCall, work: Transaction, incident: str) -> HandlingValue:
    return handling_value(work, incident, call.who, call.now)


def _check_author(call: ApiCall, changes: AuditedChanges, incident: str) -> int:
    """Return the number of the comment that the path names. Raises `ApiError` (403) unless the visitor may change it."""
    comments = {one.id: one for one in changes.work.comments.of(incident)}
    number = _find_number(call, "comment", list(comments))
    if not may_change_comment(comments[number], call.who):
        raise forbidden("only its author and admins change a comment", fix="write a comment of your own")
    return number


def _find_number(call: ApiCall, what: str, known: list[int]) -> int:
    text = call.path["number"]
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER and int(text) in known:
        return int(text)
    raise not_found(f"such {what}")


def _read_due(text: str | None) -> int | None:
    """Return a due time in microseconds. Raises `ApiError` (422)."""
    if text is None:
        return None
    try:
        return parse_rfc3339(text)
    except (ValueError, OverflowError):
        raise invalid("this is not a time", field="due_at", fix="write it as 2026-03-01T12:00:00Z") from None


def _change(
    method: Method, path: str, handle: Handle, summary: str, body: type[Any] | None = None
) -> Endpoint:
    codes = ((403, "forbidden"), (409, "conflict"), (422, "invalid"))
    return Endpoint(
        method=method,
        path=f"/api/incidents/{{id}}/{path}",
        handle=handle,
        role="analyst",
        tenants="own",
        summary=summary,
        group="handling",
        body=body,
        answer=HandlingValue,
        codes=codes,
    )


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/handling",
        handle=show_handling,
        role="viewer",
        tenants="own",
        summary="Owner, status, due time, tags, tasks, comments, members and starred records of an incident",
        group="handling",
        answer=HandlingValue,
    ),
    Endpoint(
        method="GET",
        path="/api/tasks",
        handle=list_open_tasks,
        role="viewer",
        tenants="own",
        summary="The open tasks of all incidents, the first due first",
        group="handling",
        answer=OpenTasks,
    ),
    _change("PUT", "handling", set_handling, "Set owner, status and due time", NewHandling),
    _change("POST", "tags", add_tag, "Add a tag", NewTag),
    _change("DELETE", "tags/{tag:path}", remove_tag, "Remove a tag"),
    _change("POST", "comments", add_comment, "Add a comment", NewComment),
    _change("PUT", "comments/{number}", change_comment, "Change the wording of a comment", ChangedComment),
    _change("DELETE", "comments/{number}", remove_comment, "Remove a comment"),
    _change("POST", "tasks", add_task, "Add a task", NewTask),
    _change("PUT", "tasks/{number}", change_task, "Change a task, or mark it as done or open", ChangedTask),
    _change("DELETE", "tasks/{number}", remove_task, "Remove a task"),
    _change("POST", "members", merge_incident, "Merge another incident into this one", NewMember),
    _change("DELETE", "members/{member}", split_incident, "Split an incident from this one"),
    _change("POST", "stars", star_record, "Star a record, with a remark", NewStar),
    _change("PUT", "stars/{number}", change_star, "Change the remark on a starred record", ChangedStar),
    _change("DELETE", "stars/{number}", remove_star, "Remove the star of a record"),
)
