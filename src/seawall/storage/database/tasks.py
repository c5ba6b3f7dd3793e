"""Tasks of incidents: what is to do, who does it, and until when."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from seawall.storage.database import merge_links, overlay
from seawall.storage.database.handling_models import TaskRow
from seawall_base.errors import UsageError

LONGEST_TITLE = 300
MOST_TASKS = 200


@dataclass(frozen=True, slots=True)
class IncidentTask:
    """One task; times are in microseconds, `done_at` is None while it is open. `incident` is the present id."""

    id: int
    incident: str
    title: str
    assignee: str | None
    due_at: int | None
    given_by: str
    given_at: int
    version: int
    done_at: int | None
    done_by: str | None


@dataclass(frozen=True, slots=True)
class TaskDraft:
    """What somebody wants a task to be; `due_at` is in microseconds."""

    title: str
    assignee: str | None = None
    due_at: int | None = None
    is_done: bool = False


class IncidentTasks:
    """Tasks within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, incident: str) -> list[IncidentTask]:
        """Return the tasks of an incident and of its earlier ids, in the order in which they were added."""
        names = overlay.list_names(self._session, incident)
        query = select(TaskRow).where(TaskRow.incident.in_(names), TaskRow.removed_at.is_(None))
        return [_task(row, incident) for row in self._session.execute(query.order_by(TaskRow.id)).scalars()]

    def open(self, limit: int = 200) -> list[IncidentTask]:
        """Return open tasks of all incidents, those that are due first before others, and those without due time last."""
        query = select(TaskRow).where(TaskRow.done_at.is_(None), TaskRow.removed_at.is_(None))
        query = query.order_by(TaskRow.due_at.is_(None), TaskRow.due_at, TaskRow.id).limit(limit)
        rows = list(self._session.execute(query).scalars())
        now = merge_links.resolve_ids(self._session, sorted({row.incident for row in rows}))
        return [_task(row, now[row.incident]) for row in rows]

    def add(self, incident: str, draft: TaskDraft, *, by: str, at: int) -> IncidentTask:
        """Store a task. Raises `UsageError` for an invalid one, or if the incident has too many."""
        draft = _check(draft)
        overlay.begin_change(self._session, incident)
        count = select(func.count()).select_from(TaskRow).where(TaskRow.incident == incident)
        if self._session.execute(count).scalar_one() >= MOST_TASKS:
            raise UsageError(f"an incident has at most {MOST_TASKS} tasks")
        row = TaskRow(incident=incident, given_by=by, given_at=at, version=1, **_columns(draft))
        _finish(row, draft, by=by, at=at)
        self._session.add(row)
        self._session.flush()
        made = _task(row, incident)
        overlay.stamp(self._session, incident)
        return made

    def change(
        self, id_: int, draft: TaskDraft, *, expected: int, by: str, at: int
    ) -> tuple[IncidentTask, IncidentTask]:
        """Store another form of a task; return it before and after. Raises `ChangedMeanwhile` and `UsageError`."""
        draft = _check(draft)
        row = overlay.begin_row_change(self._session, TaskRow, id_, "task")
        overlay.check_version(row.version, expected)
        now = overlay.resolve(self._session, row.incident)
        before = _task(row, now)
        for name, value in _columns(draft).items():
            setattr(row, name, value)
        row.version = expected + 1
        _finish(row, draft, by=by, at=at)
        self._session.flush()
        after = _task(row, now)
        overlay.stamp(self._session, now)
        return before, after

    def remove(self, id_: int, *, by: str, at: int) -> IncidentTask:
        """Remove a task, and return what it was. Raises `UsageError`."""
        row = overlay.begin_row_change(self._session, TaskRow, id_, "task")
        gone = _task(row, overlay.resolve(self._session, row.incident))
        row.removed_at, row.removed_by = at, by
        self._session.flush()
        overlay.stamp(self._session, gone.incident)
        return gone


def _check(draft: TaskDraft) -> TaskDraft:
    return TaskDraft(
        overlay.check_line(draft.title, "a task", LONGEST_TITLE),
        overlay.check_name(draft.assignee, "the name of who does it"),
        overlay.check_due(draft.due_at),
        draft.is_done,
    )


def _columns(draft: TaskDraft) -> dict[str, str | int | None]:
    return {"title": draft.title, "assignee": draft.assignee, "due_at": draft.due_at}


def _finish(row: TaskRow, draft: TaskDraft, *, by: str, at: int) -> None:
    """Note who did the task when, unless somebody had done it before."""
    if not draft.is_done:
        row.done_at = row.done_by = None
    elif row.done_at is None:
        row.done_at, row.done_by = at, by


def _task(row: TaskRow, incident: str) -> IncidentTask:
    return IncidentTask(
        row.id, incident, row.title, row.assignee, row.due_at, row.given_by, row.given_at, row.version,
        row.done_at, row.done_by,
    )  # fmt: skip
