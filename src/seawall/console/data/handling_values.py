"""Value types of the handling of incidents in the API: owner, tags, tasks, comments, members, starred records."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from seawall.console.data.incident_values import AnswerName, Count, IncidentRow, Time

HandlingState = Literal["new", "in-progress", "waiting", "closed"]
PersonName = Annotated[str, Meta(max_length=400)]
Version = Annotated[int, Meta(ge=0)]


class CommentValue(msgspec.Struct, frozen=True):
    """A comment. `changed_at` is None if its wording is the first; `own`: the visitor may change it."""

    id: str
    text: str
    given_by: str
    given_at: Time
    changed_at: Time | None
    version: Version
    own: bool


class TaskValue(msgspec.Struct, frozen=True):
    """A task; `done_at` is None while it is open. `overdue`: it is open, and its due time has passed."""

    id: str
    incident: str
    title: str
    assignee: str | None
    due_at: Time | None
    given_by: str
    given_at: Time
    done_at: Time | None
    done_by: str | None
    overdue: bool
    version: Version


class StarValue(msgspec.Struct, frozen=True):
    """A starred record with its remark, and in a few words what it shows."""

    id: str
    record: str
    time: Time
    words: str
    remark: str
    given_by: str
    given_at: Time
    version: Version


class MemberValue(msgspec.Struct, frozen=True):
    """An incident that an analyst merged into this one, who did so, when and why."""

    incident: IncidentRow
    answer: AnswerName | None
    note: str
    given_by: str
    given_at: Time


class HandlingValue(msgspec.Struct, frozen=True, kw_only=True):
    """What analysts added to an incident. `version` is that of owner, status and due time.

    `part_of` is the incident that this one is merged into. `people` and `known_tags` are suggestions.
    """

    incident: str
    version: Version
    owner: str | None
    status: HandlingState
    due_at: Time | None
    overdue: bool
    changed_by: str | None
    changed_at: Time | None
    tags: list[str]
    tasks: list[TaskValue]
    comments: list[CommentValue]
    stars: list[StarValue]
    members: list[MemberValue]
    part_of: IncidentRow | None
    people: list[str]
    known_tags: list[str]


class NewHandling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Owner, status and due time to store, and the version that the change is based on."""

    version: Version
    status: HandlingState
    owner: PersonName | None = None
    due_at: Time | None = None


class NewTag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tag to add."""

    tag: Annotated[str, Meta(max_length=400)]


class NewComment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A comment to add."""

    text: Annotated[str, Meta(max_length=20_000)]


class ChangedComment(NewComment, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Another wording of a comment, and the version that it is based on."""

    version: Version


class NewTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A task to add."""

    title: Annotated[str, Meta(max_length=2_000)]
    assignee: PersonName | None = None
    due_at: Time | None = None


class ChangedTask(NewTask, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Another form of a task, and the version that it is based on."""

    version: Version
    is_done: bool = msgspec.field(name="done", default=False)


class NewMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An incident to merge into this one, and why."""

    incident: Annotated[str, Meta(min_length=1, max_length=200)]
    note: Annotated[str, Meta(max_length=4_000)] = ""


class NewStar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record to star. `day` is its UTC day, which is searched first."""

    record: Annotated[str, Meta(min_length=1, max_length=2_000)]
    day: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None
    remark: Annotated[str, Meta(max_length=4_000)] = ""


class ChangedStar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another remark on a starred record, and the version that it is based on."""

    version: Version
    remark: Annotated[str, Meta(max_length=4_000)] = ""


class OpenTasks(msgspec.Struct, frozen=True):
    """Open tasks of all incidents, the first due first, at most 200."""

    items: list[TaskValue]


class SimilarValue(msgspec.Struct, frozen=True):
    """An earlier incident, what it has in common with this one in words, and how it was answered."""

    incident: IncidentRow
    answer: AnswerName | None
    reasons: list[str]


class SimilarValues(msgspec.Struct, frozen=True):
    """Earlier incidents that share something rare, and the number of incidents that were compared."""

    items: list[SimilarValue]
    compared: Count
