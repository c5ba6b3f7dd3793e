"""Parse the language of the search box: words and `field:value`, quotes, `-` for not. Pure.

    network:"Example Hosting" -severity:low is:raised after:2026-03-01 score>2.5 outlook

All terms must match, except that one of several severities suffices. A word may occur anywhere in an incident's
searchable fields. Quoted text is literal, so a colon in it has no meaning.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

from seawall.console.api_error import ApiError, invalid
from seawall.console.data.incident_values import AnswerName, SeverityName
from seawall.storage.database import STATUSES
from seawall_base.rfc3339 import parse_time

Relation = Literal[":", ">", ">=", "<", "<="]
PARAMETER: Final = "q"
"""The field of a request that holds a search."""

LONGEST: Final = 1_000
MOST_TERMS: Final = 32
TEXT_FIELDS: Final = (
    "account", "mailbox", "tenant", "network", "country", "app", "client", "kind", "owner", "tag",
)  # fmt: skip
STATES: Final = ("raised", "announced", "answered", "open", "history", "merged")
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "severity": get_args(SeverityName),
    "answer": (*get_args(AnswerName), "none"),
    "is": STATES,
    "status": STATUSES,
}
TIMES: Final = ("after", "before")
FIELDS: Final = (*TEXT_FIELDS, *CHOICES, *TIMES, "score")

_TERM: Final = re.compile(
    r"""(?P<negated>-?)
    (?: (?P<field>[A-Za-z_]+) (?P<relation>:[<>]=?|:|[<>]=?) )?
    (?: "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<bare>[^\s"]+) )
    (?=\s|$)""",
    re.VERBOSE | re.DOTALL,
)
_HALF: Final = re.compile(r"[A-Za-z_]+(:[<>]?=?|[<>]=?)")
"""A field without its value, as while typing."""


@dataclass(frozen=True, slots=True)
class SearchCondition:
    """One term of a search. `field` is empty for words; `number` is a score, or microseconds since the epoch."""

    field: str
    value: str
    negated: bool = False
    relation: Relation = ":"
    number: float | None = None


def parse_search(text: str) -> tuple[SearchCondition, ...]:
    """Parse a search into terms, in order. Raises `ApiError` (422) naming the invalid part."""
    if len(text) > LONGEST:
        raise invalid(f"a search has at most {LONGEST:,} characters", field=PARAMETER)
    terms = tuple(_terms(text))
    if len(terms) > MOST_TERMS:
        raise invalid(f"a search has at most {MOST_TERMS} parts", field=PARAMETER)
    return terms


@dataclass(frozen=True, slots=True)
class SearchPart:
    """A part of a search as typed: its text and where it ends, field and relation if it has them, its value without
    quotes, and whether it is negated.
    """

    text: str
    end: int
    field: str | None
    relation: str | None
    value: str
    negated: bool = False
    is_quoted: bool = False


def _terms(text: str) -> Iterator[SearchCondition]:
    for part in split_search(text):
        yield parse_part(part)


def split_search(text: str) -> Iterator[SearchPart]:
    """Yield the parts of a search in order. Raises `ApiError` (422) at one that cannot be read."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = _TERM.match(text, at)
        if found is None:
            raise _unreadable(text[at:])
        at = found.end()
        quoted = found["quoted"]
        value = found["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
        yield SearchPart(
            found[0], at, found["field"], found["relation"], value, bool(found["negated"]), quoted is not None
        )


def parse_part(part: SearchPart) -> SearchCondition:
    """Return a part as a condition on incidents. Raises `ApiError` (422)."""
    if not part.is_quoted and _HALF.fullmatch(part.value):
        raise invalid(
            f"{part.value[:40]} needs a value", field=PARAMETER, fix="put it in quotes to search for the text"
        )
    return _term(part.field, part.relation, part.value, negated=part.negated)


def _term(field: str | None, relation: str | None, value: str, *, negated: bool) -> SearchCondition:
    if field is None:
        if not value:
            raise invalid("empty quotes say nothing", field=PARAMETER)
        return SearchCondition("", value, negated)
    field = field.lower()
    if field not in FIELDS:
        raise invalid(
            f"there is no field {field[:40]!r}",
            field=PARAMETER,
            fix=f"one of {', '.join(FIELDS)}; put it in quotes to search for the text",
        )
    sign = (relation or ":").removeprefix(":") or ":"
    if not value:
        raise invalid(f"{field} needs a value", field=PARAMETER)
    if field == "score":
        return _score(sign, value, negated)
    if sign != ":":
        raise invalid(
            f"{field} takes a colon",
            field=PARAMETER,
            fix="< and > are for the score; after: and before: for times",
        )
    if field in TIMES:
        return SearchCondition(field, value, negated, ":", parse_search_time(value, PARAMETER))
    if field in CHOICES:
        value = value.lower()
        if value not in CHOICES[field]:
            raise invalid(
                f"{field} is none of {', '.join(CHOICES[field])}", field=PARAMETER, fix="choose one of them"
            )
    return SearchCondition(field, value, negated)


def _score(sign: str, value: str, negated: bool) -> SearchCondition:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise invalid("score is compared with a number", field=PARAMETER, fix="write it as score>2.5")
    relation: Relation = ">=" if sign == ":" else sign  # type: ignore[assignment]
    return SearchCondition("score", value, negated, relation, number)


def parse_search_time(value: str, name: str) -> int:
    """Parse a day (its start, UTC) or an RFC 3339 time to microseconds. Raises `ApiError` (422)."""
    try:
        return parse_time(value)
    except ValueError:
        raise invalid(
            "this is neither a day nor a time", field=name, fix="write 2026-03-01 or 2026-03-01T12:00:00Z"
        ) from None


def _unreadable(rest: str) -> ApiError:
    if '"' in rest:
        return invalid(
            "a quote is not closed, or stands inside a word", field=PARAMETER, fix='such as app:"My app"'
        )
    return invalid(
        "a part of the search cannot be read", field=PARAMETER, fix="put it in quotes to search for the text"
    )
