"""`seawall incident show`, `set`, `comment` and `task`: who handles an incident, what is to do, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.incident.opened import Wanted, find_id, open_changes
from seawall.cli.store.options import DEFAULT_STORE, AsJson, DatabaseUrl, StoreFolder
from seawall_base.errors import UsageError

if TYPE_CHECKING:
    from seawall.response.handling.gathering import HandledIncident
    from seawall.storage.database import IncidentTask, SimilarIncident

Due = Annotated[
    str | None,
    typer.Option("--due", metavar="TIME", help="Until when, as 2026-03-02T12:00:00Z; `none` for no time."),
]


def show(
    incident: Wanted,
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show owner, status, due time, tags, tasks, comments, members and similar earlier incidents.

    \b
    Examples:
      seawall incident show 1
      seawall incident show 3f9a --store seawall-store --json
    """
    from seawall.response.handling.gathering import gather_incident
    from seawall.storage.location import open_store

    with open_store(store, database) as opened:
        id_ = find_id(opened, incident)
        with opened.database.reading() as work:
            found = work.incidents.get(id_)
            if found is None:
                raise UsageError("there is no such incident", fix="check the id")
            case, similar = gather_incident(work, found), work.traits.find_similar(found)
    if as_json:
        output.answer_json(_document(case, similar))
    else:
        output.write("".join(f"{line}\n" for line in _lines(case, similar)))


def set_handling(
    incident: Wanted,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="NAME", help="Who handles it; `none` for nobody.")
    ] = None,
    status: Annotated[
        str | None, typer.Option("--status", metavar="NAME", help="new, in-progress, waiting or closed.")
    ] = None,
    due: Due = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TEXT", help="Tag to add; may be repeated.")
    ] = None,
    untag: Annotated[
        list[str] | None, typer.Option("--untag", metavar="TEXT", help="Tag to remove; may be repeated.")
    ] = None,
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
) -> None:
    """Set the owner, the status, the due time and tags of an incident. What is not given stays.

    \b
    Examples:
      seawall incident set 3f9a --owner ann --status in-progress --due 2026-03-02T12:00:00Z
      seawall incident set 3f9a --status closed --due none --tag phishing
    """
    if all(one is None for one in (owner, status, due, tag, untag)):
        raise UsageError("nothing to set was given", fix="give --owner, --status, --due, --tag or --untag")
    with open_changes(store, database, incident) as (changes, id_):
        now = changes.work.handling.get(id_)
        if (owner, status, due) != (None, None, None):
            changes.set_handling(
                id_,
                owner=now.owner if owner is None else _read_name(owner),
                status=status or now.status,
                due_at=now.due_at if due is None else _read_due(due),
                expected=now.version,
            )
        for one in tag or ():
            changes.add_tag(id_, one)
        for one in untag or ():
            changes.remove_tag(id_, one)
    output.say(f"incident {id_} is set")


def comment(
    incident: Wanted,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The comment.", show_default=False)],
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
) -> None:
    """Add a comment to an incident. Never write a password into it: the audit trail keeps it for good.

    \b
    Examples:
      seawall incident comment 3f9a "The owner was on holiday."
    """
    with open_changes(store, database, incident) as (changes, id_):
        made = changes.add_comment(id_, text)
    output.say(f"comment {made.id} is added to incident {id_}")


def task(
    incident: Wanted,
    title: Annotated[
        str | None, typer.Argument(metavar="[TASK]", help="The task to add.", show_default=False)
    ] = None,
    who: Annotated[str | None, typer.Option("--who", metavar="NAME", help="Who does it.")] = None,
    due: Due = None,
    done: Annotated[
        int | None,
        typer.Option("--done", metavar="N", help="Mark the task with this number as done instead."),
    ] = None,
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
) -> None:
    """Add a task to an incident, or mark one as done. `seawall incident show` has the numbers.

    \b
    Examples:
      seawall incident task 3f9a "Call the owner" --who bob --due 2026-03-02T12:00:00Z
      seawall incident task 3f9a --done 4
    """
    from seawall.storage.database import TaskDraft

    if (title is None) == (done is None):
        raise UsageError("exactly one of TASK and --done is needed", fix="give the task, or --done N")
    with open_changes(store, database, incident) as (changes, id_):
        if title is not None:
            made = changes.add_task(id_, TaskDraft(title, who, None if due is None else _read_due(due)))
            output.say(f"task {made.id} is added to incident {id_}")
            return
        found = next((one for one in changes.work.tasks.of(id_) if one.id == done), None)
        if found is None:
            raise UsageError("the incident has no such task", fix="see `seawall incident show`")
        draft = TaskDraft(found.title, found.assignee, found.due_at, is_done=True)
        changes.change_task(found.id, draft, expected=found.version)
    output.say(f"task {done} of incident {id_} is done")


def _read_name(text: str) -> str | None:
    return None if text == "none" else text


def _read_due(text: str) -> int | None:
    from seawall_base.times import parse_rfc3339

    if text == "none":
        return None
    try:
        return parse_rfc3339(text)
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is not a time", fix="write it as 2026-03-02T12:00:00Z") from None


def _lines(case: HandledIncident, similar: list[SimilarIncident]) -> Iterator[str]:
    from seawall.report.handling.words import STATUS_NAMES, describe_record, describe_shared
    from seawall.report.incident_words import verdict
    from seawall_base.safe_text import visible
    from seawall_base.times import minute_text

    held = case.handling
    yield f"{case.incident.id}  {case.incident.severity}  {visible(case.incident.account)}"
    yield visible(verdict(case.incident))
    due = "no due time" if held.due_at is None else f"due {minute_text(held.due_at)} UTC"
    yield f"handled by {visible(held.owner or 'nobody yet')}, {STATUS_NAMES[held.status]}, {due}"
    if case.tags:
        yield f"tags: {', '.join(visible(tag) for tag in case.tags)}"
    if case.lead is not None:
        yield f"part of incident {visible(case.lead)}"
    yield from (f"member: {visible(one.id)}  {visible(one.account)}" for one in case.members)
    yield from (_say_task(one) for one in case.tasks)
    for one in case.comments:
        text = " / ".join(visible(line) for line in one.text.splitlines() if line.strip())
        yield f"{minute_text(one.given_at)} UTC, {visible(one.given_by)}: {text}"
    for star in case.stars:
        yield f"starred: {minute_text(star.record_at)} UTC  {describe_record(star.document)}  {visible(star.remark)}"
    for other in similar:
        yield f"similar: {visible(other.id)}"
        yield from (f"    {reason}" for reason in describe_shared(other.shared, other.incidents))


def _say_task(task: IncidentTask) -> str:
    from seawall_base.safe_text import visible
    from seawall_base.times import minute_text

    state = "open" if task.done_at is None else f"done by {visible(task.done_by or '')}"
    until = "" if task.due_at is None else f", until {minute_text(task.due_at)} UTC"
    return f"task {task.id}: {visible(task.title)} ({visible(task.assignee or 'nobody yet')}{until}, {state})"


def _document(case: HandledIncident, similar: list[SimilarIncident]) -> dict[str, Any]:
    from seawall.report.handling.words import describe_record, describe_shared
    from seawall_base.times import rfc3339

    def time(at: int | None) -> str | None:
        return None if at is None else rfc3339(at)

    held = case.handling
    return {
        "incident": case.incident.id,
        "account": case.incident.account,
        "owner": held.owner,
        "status": held.status,
        "due_at": time(held.due_at),
        "tags": list(case.tags),
        "part_of": case.lead,
        "members": [one.id for one in case.members],
        "tasks": [
            {
                "number": one.id,
                "title": one.title,
                "assignee": one.assignee,
                "due_at": time(one.due_at),
                "done_at": time(one.done_at),
                "done_by": one.done_by,
            }
            for one in case.tasks
        ],
        "comments": [
            {"number": one.id, "text": one.text, "by": one.given_by, "at": rfc3339(one.given_at)}
            for one in case.comments
        ],
        "stars": [
            {
                "record": one.record,
                "at": rfc3339(one.record_at),
                "shows": describe_record(one.document),
                "remark": one.remark,
            }
            for one in case.stars
        ],
        "similar": [
            {"incident": one.id, "reasons": describe_shared(one.shared, one.incidents)} for one in similar
        ],
    }
