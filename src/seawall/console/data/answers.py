"""Preview, give, withdraw and list answers (analysts' feedback) to incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from seawall.console.api_error import invalid, not_found
from seawall.console.data.answer_values import answer_fields, answer_value, is_standing
from seawall.console.data.incident_values import (
    AnswerName,
    AnswerValue,
    IncidentRow,
    Lowered,
    NewAnswer,
    Page,
    Preview,
    StandingAnswer,
)
from seawall.console.data.incidents import get_incident
from seawall.console.data.presentation import listed_row
from seawall.console.data.queue_filter import Cursor, Limit
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.detection.feedback_values import FeedbackDraft, FeedbackValue
from seawall.detection.incident import Incident
from seawall.pipeline.live.what_if import WhatIfService
from seawall.response.stored_incidents import list_stored_attack
from seawall.storage.database import Feedback, Transaction
from seawall_base.json_text import clamp_to_finite
from seawall_base.times import parse_rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seawall.console.context import ConsoleContext

_AT_ONCE: Final = 500
_MOST_READ: Final = 40
"""Maximum database pages read for one page of matching answers."""

_LATEST: Final = 253_402_214_400_000_000


class AnswerQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filter of answers."""

    standing: bool | None = None
    kind: AnswerName | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def what_if_service(context: ConsoleContext) -> WhatIfService:
    """Return the what-if service, created at first use."""
    if context.what_if is None:
        context.what_if = WhatIfService(context.database, context.clock)
    what_if: WhatIfService = context.what_if
    return what_if


def incident_rows(work: Transaction, ids: Iterable[str]) -> list[IncidentRow]:
    """Return the existing incidents with these ids, in order."""
    listed = (work.incidents.row(id_) for id_ in ids)
    return [listed_row(row) for row in listed if row is not None]


def _draft(asked: NewAnswer) -> FeedbackDraft:
    """Convert an answer to the what-if service's draft. Raises `ApiError` (422)."""
    expires_at = None
    if asked.expires_at is not None:
        try:
            expires_at = parse_rfc3339(asked.expires_at)
        except (ValueError, OverflowError):
            expires_at = -1
        if not 0 <= expires_at <= _LATEST:
            raise invalid("this is not a time", field="expires_at", fix="write it as 2026-03-01T12:00:00Z")
    values = tuple(FeedbackValue(value.aspect, value.value) for value in asked.scope.values)
    return FeedbackDraft(asked.answer, asked.scope.reach, values, expires_at)


def preview_answer(call: ApiCall) -> Preview:
    """Return what an answer would change."""
    draft = _draft(call.body)
    with call.context.database.reading() as work:
        incident, _ = get_incident(work, call.path["id"])
    told = what_if_service(call.context).preview(incident.id, draft)
    with call.context.database.reading() as work:
        lowered = [
            Lowered(row, clamp_to_finite(change.before), clamp_to_finite(change.after))
            for change in told.lowered
            for row in incident_rows(work, [change.id])
        ]
        return Preview(
            incident_rows(work, told.hidden),
            lowered,
            incident_rows(work, told.raised),
            told.days,
            list(told.never_hidden),
            told.note,
        )


def give_answer(call: ApiCall) -> AnswerValue:
    """Store an answer, for the whole attack if that was asked. The running watch learns from it within a second."""
    asked: NewAnswer = call.body
    draft = _draft(asked)
    if asked.whole_attack and draft.answer == "expected-change":
        fix = "answer each incident of the attack by itself"
        raise invalid("an expected change names facts of one incident", field="whole_attack", fix=fix)
    with call.context.database.reading() as work:
        incident, _ = get_incident(work, call.path["id"])
        others = _list_unanswered(work, incident) if asked.whole_attack else []
    given = _store_answer(call, incident.id, draft, asked.note)
    for other in others:
        _store_answer(call, other, draft, asked.note)
    return answer_value(given, call.now)


def _list_unanswered(work: Transaction, incident: Incident) -> list[str]:
    """Return the ids of the other incidents of the same attack that nobody has answered."""
    found = (one.id for one in list_stored_attack(work, incident) if one.id != incident.id)
    return [id_ for id_ in found if (row := work.incidents.row(id_)) is not None and row.answer is None]


def _store_answer(call: ApiCall, id_: str, draft: FeedbackDraft, note: str) -> Feedback:
    prepared = what_if_service(call.context).prepare_feedback(id_, draft)
    with call.context.database.writing() as work:
        incident, _ = get_incident(work, id_)  # it may have grown meanwhile and have another id
        answer = work.answers.give(
            incident.id,
            prepared.draft.answer,
            by=call.who.name,
            at=call.now,
            scope=prepared.scope,
            expires_at=prepared.draft.expires_at,
            note=note,
        )
        call.note(
            work,
            "answer-given",
            incident.id,
            answer=answer.id,
            kind=answer.answer,
            reach=prepared.draft.reach,
            account=incident.account,
            expires_at=answer.expires_at,
        )
    return answer


def list_answers(call: ApiCall) -> Page[StandingAnswer]:
    """List answers, newest first, each with how many incidents of the last 30 days it hides."""
    asked: AnswerQuery = call.query
    purpose = f"answers\n{asked.standing} {asked.kind}"
    before = None
    if asked.cursor is not None:
        before = call.context.cursors.read(purpose, asked.cursor, int)
    kept, last = _read_draft(call, asked, before)
    cursor = None
    if len(kept) > asked.limit:
        cursor = call.context.cursors.write(purpose, kept[asked.limit - 1].id)
    elif last is not None:
        cursor = call.context.cursors.write(purpose, last)
    hides = what_if_service(call.context).hides() if kept else {}
    items = [
        StandingAnswer(**answer_fields(answer, call.now), hides=hides.get(answer.id, 0))
        for answer in kept[: asked.limit]
    ]
    return Page(items, cursor)


def _read_draft(call: ApiCall, asked: AnswerQuery, before: int | None) -> tuple[list[Feedback], int | None]:
    """Return matching answers, one more than a page holds.

    Also return the last one read, if more may follow it.
    """
    kept: list[Feedback] = []
    with call.context.database.reading() as work:
        for _ in range(_MOST_READ):
            read = work.answers.page(before=before, limit=_AT_ONCE)
            kept += [answer for answer in read if _is_wanted(answer, asked, call.now)]
            if len(kept) > asked.limit or len(read) < _AT_ONCE:
                return kept, None
            before = read[-1].id
    return kept, before


def _is_wanted(answer: Feedback, asked: AnswerQuery, now: int) -> bool:
    if asked.kind is not None and answer.answer != asked.kind:
        return False
    return asked.standing is None or is_standing(answer, now) == asked.standing


def withdraw_answer(call: ApiCall) -> None:
    """Withdraw an answer. What it taught is forgotten within a second."""
    text = call.path["id"]
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise not_found("such answer")
    with call.context.database.writing() as work:
        if not work.answers.withdraw(int(text), by=call.who.name, at=call.now):
            raise not_found("such answer that stands")
        answer = work.answers.get(int(text))
        details: dict[str, Any] = (
            {} if answer is None else {"incident": answer.incident, "kind": answer.answer}
        )
        call.note(work, "answer-withdrawn", text, **details)


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path="/api/incidents/{id}/answers/preview",
        handle=preview_answer,
        role="analyst",
        tenants="own",
        summary="What an answer would have changed in the last 30 days; nothing is kept, and a note does not matter",
        group="answers",
        body=NewAnswer,
        answer=Preview,
    ),
    Endpoint(
        method="POST",
        path="/api/incidents/{id}/answers",
        handle=give_answer,
        role="analyst",
        tenants="own",
        summary="Answer an incident",
        group="answers",
        body=NewAnswer,
        answer=AnswerValue,
        status=201,
    ),
    Endpoint(
        method="GET",
        path="/api/answers",
        handle=list_answers,
        role="viewer",
        tenants="own",
        summary="Answers, the newest first, and how many incidents each hides",
        group="answers",
        query=AnswerQuery,
        answer=Page[StandingAnswer],
    ),
    Endpoint(
        method="DELETE",
        path="/api/answers/{id}",
        handle=withdraw_answer,
        role="analyst",
        tenants="own",
        summary="Take an answer back",
        group="answers",
    ),
)
