"""Convert feedback from the database to API values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seawall.console.data.incident_values import AnswerValue, FeedbackScope, ScopeValue
from seawall.console.data.presentation import time_or_none, time_text
from seawall.storage.database import Feedback

_LONGEST = 2_000
_MOST = 50


def is_standing(answer: Feedback, now: int) -> bool:
    """Return whether an answer is neither withdrawn nor expired."""
    return answer.withdrawn_at is None and (answer.expires_at is None or answer.expires_at > now)


def scope_value(scope: Mapping[str, Any]) -> FeedbackScope:
    """Convert a stored feedback scope, dropping other stored fields."""
    reach = scope.get("reach")
    values = scope.get("values")
    found = []
    for value in values[:_MOST] if isinstance(values, list) else ():
        aspect, text = (value.get("aspect"), value.get("value")) if isinstance(value, dict) else (None, None)
        if isinstance(aspect, str) and isinstance(text, str) and aspect:
            found.append(ScopeValue(aspect[:64], text[:_LONGEST]))
    return FeedbackScope(reach if reach in ("account", "peers", "tenant") else "account", found)


def answer_value(answer: Feedback, now: int) -> AnswerValue:
    """Convert one answer, as of a time in microseconds."""
    return AnswerValue(**answer_fields(answer, now))


def answer_fields(answer: Feedback, now: int) -> dict[str, Any]:
    """Return the fields of an answer's value."""
    return {
        "id": str(answer.id),
        "incident": answer.incident,
        "tenant": answer.tenant,
        "account": answer.account,
        "answer": answer.answer,
        "scope": scope_value(answer.scope),
        "note": answer.note,
        "given_by": answer.given_by,
        "given_at": time_text(answer.given_at),
        "expires_at": time_or_none(answer.expires_at),
        "withdrawn_at": time_or_none(answer.withdrawn_at),
        "withdrawn_by": answer.withdrawn_by,
        "standing": is_standing(answer, now),
    }
