"""Change what analysts add to incidents, and write each change to the audit trail with what was before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seawall.storage.database import (
    IncidentComment,
    IncidentHandling,
    IncidentMerge,
    IncidentTask,
    RecordStar,
    TaskDraft,
    Transaction,
)
from seawall_base.errors import UsageError
from seawall_base.times import rfc3339


@dataclass(frozen=True, slots=True)
class AuditedChanges:
    """Changes by one person within one transaction, each with its entry in the audit trail.

    `at` is in microseconds, `via` names the program that they were made with, "" for the console. Every method raises
    `UsageError` for what is invalid, and `ChangedMeanwhile` where a version is expected and another one is present.
    """

    work: Transaction
    by: str
    at: int
    via: str = ""

    def set_handling(
        self, incident: str, *, owner: str | None, status: str, due_at: int | None, expected: int
    ) -> IncidentHandling:
        """Set owner, status and due time."""
        before, after = self.work.handling.put(
            incident, owner=owner, status=status, due_at=due_at, expected=expected, by=self.by, at=self.at
        )
        self._note("handling-changed", incident, before=_handling(before), after=_handling(after))
        return after

    def add_tag(self, incident: str, tag: str) -> list[str]:
        """Add a tag; return the tags."""
        before, after = self.work.handling.add_tag(incident, tag, by=self.by, at=self.at)
        if before != after:
            self._note("tags-changed", incident, before=before, after=after)
        return after

    def remove_tag(self, incident: str, tag: str) -> list[str]:
        """Remove a tag; return the tags."""
        before, after = self.work.handling.remove_tag(incident, tag, by=self.by, at=self.at)
        if before != after:
            self._note("tags-changed", incident, before=before, after=after)
        return after

    def add_comment(self, incident: str, text: str) -> IncidentComment:
        """Add a comment."""
        made = self.work.comments.add(incident, text, by=self.by, at=self.at)
        self._note("comment-added", incident, comment=made.id, after=made.text)
        return made

    def change_comment(self, id_: int, text: str, *, expected: int) -> IncidentComment:
        """Change the wording of a comment."""
        before = self.find_comment(id_)
        after = self.work.comments.change(id_, text, expected=expected, at=self.at)
        self._note("comment-changed", after.incident, comment=id_, before=before.text, after=after.text)
        return after

    def remove_comment(self, id_: int) -> IncidentComment:
        """Remove a comment."""
        gone = self.work.comments.remove(id_, by=self.by, at=self.at)
        self._note("comment-removed", gone.incident, comment=id_, before=gone.text)
        return gone

    def find_comment(self, id_: int) -> IncidentComment:
        """Return a comment that was not removed. Raises `UsageError`."""
        found = self.work.comments.get(id_)
        if found is None:
            raise UsageError(
                "there is no such comment", fix="somebody may have removed it; load the incident again"
            )
        return found

    def add_task(self, incident: str, draft: TaskDraft) -> IncidentTask:
        """Add a task."""
        made = self.work.tasks.add(incident, draft, by=self.by, at=self.at)
        self._note("task-added", incident, task=made.id, after=_task(made))
        return made

    def change_task(self, id_: int, draft: TaskDraft, *, expected: int) -> IncidentTask:
        """Change a task, or mark it as done or open."""
        before, after = self.work.tasks.change(id_, draft, expected=expected, by=self.by, at=self.at)
        self._note("task-changed", after.incident, task=id_, before=_task(before), after=_task(after))
        return after

    def remove_task(self, id_: int) -> IncidentTask:
        """Remove a task."""
        gone = self.work.tasks.remove(id_, by=self.by, at=self.at)
        self._note("task-removed", gone.incident, task=id_, before=_task(gone))
        return gone

    def merge(self, lead: str, member: str, note: str = "") -> IncidentMerge:
        """Make an incident part of another one."""
        before = self.work.merges.members(lead)
        made = self.work.merges.merge(lead, member, by=self.by, at=self.at, note=note)
        after = self.work.merges.members(lead)
        self._note("incidents-merged", lead, member=member, reason=made.note, before=before, after=after)
        return made

    def split(self, lead: str, member: str) -> IncidentMerge:
        """Undo a merge. Raises `UsageError` if there is none."""
        before = self.work.merges.members(lead)
        gone = self.work.merges.split(lead, member, by=self.by, at=self.at)
        if gone is None:
            raise UsageError(
                "the incident is not part of the other one", fix="somebody may have split them; load it again"
            )
        after = self.work.merges.members(lead)
        self._note("incidents-split", lead, member=member, before=before, after=after)
        return gone

    def star(
        self, incident: str, record: str, document: Mapping[str, Any], *, record_at: int, remark: str
    ) -> RecordStar:
        """Star a record, or change the remark of one that is starred."""
        made = self.work.stars.add(
            incident, record, document, record_at=record_at, remark=remark, by=self.by, at=self.at
        )
        self._note("record-starred", incident, record=record, after=made.remark)
        return made

    def change_star(self, id_: int, remark: str, *, expected: int) -> RecordStar:
        """Change the remark of a starred record."""
        before, after = self.work.stars.change(id_, remark, expected=expected)
        self._note(
            "star-changed", after.incident, record=after.record, before=before.remark, after=after.remark
        )
        return after

    def remove_star(self, id_: int) -> RecordStar:
        """Remove a star."""
        gone = self.work.stars.remove(id_, by=self.by, at=self.at)
        self._note("star-removed", gone.incident, record=gone.record, before=gone.remark)
        return gone

    def _note(self, action: str, subject: str, **details: Any) -> None:
        said = {**details, **({"by": self.via} if self.via else {})}
        self.work.audit.append(at=self.at, actor=self.by, action=action, subject=subject, details=said)


def _time(time: int | None) -> str | None:
    return None if time is None else rfc3339(time)


def _handling(one: IncidentHandling) -> dict[str, Any]:
    return {"owner": one.owner, "status": one.status, "due_at": _time(one.due_at)}


def _task(one: IncidentTask) -> dict[str, Any]:
    return {
        "title": one.title,
        "assignee": one.assignee,
        "due_at": _time(one.due_at),
        "done_at": _time(one.done_at),
    }
