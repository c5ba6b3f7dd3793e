"""Convert analysts' answers and containments between the database and detection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from seawall.detection.feedback_values import (
    FeedbackAnswer,
    FeedbackDraft,
    FeedbackLesson,
    FeedbackValue,
    ShownValue,
)
from seawall.response.containment.values import Containment
from seawall.storage.database import Transaction
from seawall.storage.database.containments import ContainmentRecord
from seawall.storage.database.feedback import Feedback
from seawall_base.msgspec_types import prepare

COVERED_DAYS = 60
"""Days for which an expired answer still applies to events before its expiry."""

_DAY = 86_400_000_000
_PAGE = 1_000
_MANY = 1_000
_MOST_ACCOUNTS = 10_000
_ASPECTS = {
    "prefix": "prefixes",
    "device": "devices",
    "key": "keys",
    "client": "clients",
    "app": "applications",
}
"""Indicators of a contained attacker: field name in detection, and name in the containment."""


class _Taught(msgspec.Struct, frozen=True):
    account_type: str
    as_of: int
    lessons: tuple[FeedbackLesson, ...]


class _Scope(msgspec.Struct, frozen=True):
    reach: str
    values: tuple[FeedbackValue, ...]
    taught: _Taught


def scope_of(
    draft: FeedbackDraft, lessons: Sequence[FeedbackLesson], *, account_type: str, as_of: int
) -> dict[str, Any]:
    """Return the document to store with an answer: its reach and values, and the lessons of its incident."""
    scope = _Scope(draft.reach, draft.values, _Taught(account_type, as_of, tuple(lessons)))
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(scope))
    return plain


def parse_feedback(feedback: Feedback) -> FeedbackAnswer | None:
    """Return what detection learns from an answer, None if nothing readable was stored with it."""
    try:
        scope = msgspec.convert(feedback.scope, _Scope)
        return msgspec.convert(
            {
                "id": feedback.id,
                "incident": feedback.incident,
                "tenant": feedback.tenant,
                "account": feedback.account,
                "account_type": scope.taught.account_type,
                "answer": feedback.answer,
                "reach": scope.reach,
                "values": scope.values,
                "given_at": feedback.given_at,
                "as_of": scope.taught.as_of,
                "expires_at": feedback.expires_at,
                "lessons": scope.taught.lessons,
            },
            FeedbackAnswer,
        )
    except msgspec.ValidationError:
        return None


def load_feedback(work: Transaction, *, at: int) -> list[Feedback]:
    """Return the answers by id that were not withdrawn and still apply to some events at a time."""
    found: list[Feedback] = []
    while page := work.answers.standing(
        at=at - COVERED_DAYS * _DAY, after=found[-1].id if found else 0, limit=_PAGE
    ):
        found += page
    return found


def teaching(kept: Iterable[Feedback], renamed: Mapping[str, str]) -> tuple[FeedbackAnswer, ...]:
    """Return what detection learns from answers; `renamed` gives the present id by earlier id of incidents."""
    each = (parse_feedback(one) for one in kept)
    return tuple(
        replace(one, incident=renamed.get(one.incident, one.incident)) for one in each if one is not None
    )


def standing_answers(work: Transaction, *, at: int) -> tuple[FeedbackAnswer, ...]:
    """Return what detection learns from the answers and containments that apply at a time (microseconds)."""
    return (*find_containments(work, at=at), *teaching(load_feedback(work, at=at), work.aliases.all()))


def find_containments(work: Transaction, *, at: int) -> tuple[FeedbackAnswer, ...]:
    """Return what detection learns from containments in force at a time or recently, one entry for each account."""
    return tuple(
        answer
        for one in work.containments.standing(at=at - COVERED_DAYS * _DAY)
        for answer in containment_feedback(one)
    )


def containment_feedback(kept: ContainmentRecord) -> Iterator[FeedbackAnswer]:
    """Yield what detection learns from a containment: an entry for each account with the attacker's indicators."""
    try:
        containment = msgspec.convert(kept.document, Containment)
    except msgspec.ValidationError:
        return
    shown = tuple(
        ShownValue(aspect, value, 0.0, 0, _MANY)
        for aspect, name in _ASPECTS.items()
        for value in getattr(containment.actor, name)
        if value not in containment.actor.usual.get(name, ())
    )
    for place, account in enumerate(containment.actor.accounts[:_MOST_ACCOUNTS]):
        yield FeedbackAnswer(
            # negative numbers are never ids of answers
            id=-(kept.id * _MOST_ACCOUNTS + place + 1),
            incident=f"containment {containment.id} {place}",
            tenant=kept.tenant,
            account=account,
            account_type="user",
            answer="compromised",
            reach="account",
            values=(),
            given_at=containment.at,
            as_of=containment.at,
            expires_at=containment.until,
            lessons=(FeedbackLesson(-1, "", 0.0, shown),),
            plan=containment.id,
        )


prepare(_Scope, FeedbackAnswer, Containment)
