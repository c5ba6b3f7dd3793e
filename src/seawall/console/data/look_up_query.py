"""Read what a look-up over the API asks for: values that its records must show or must not, organisation and span."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from seawall.console.api_error import ApiError, invalid
from seawall.console.data.lake_pages import parse_span
from seawall.console.data.queue_filter import Cursor, Limit, Name, Search
from seawall.console.data.records import Moment
from seawall.detection.incident import Incident
from seawall.response.look_up import LookUpSubject, parse_subject
from seawall.response.look_up.links import records_of_rule
from seawall.response.look_up.matching import CombinedFilter, filter_of
from seawall.response.look_up.stored import LookUpSpan
from seawall.response.look_up.subject import LONGEST
from seawall.storage.lake.row_filter import RowFilter
from seawall_base.errors import UsageError

SECONDS: Final = 20.0
"""Time for reading days; then the answer says from when on it looked."""

MOST_SUBJECTS: Final = 8
NOT: Final = "-"
"""Stands before a value that records must not show."""

SubjectText = Annotated[str, Meta(min_length=1, max_length=LONGEST + 20)]


class LookUpQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to look up, as `ip:203.0.113.7`, in one organisation or in all, from one day or time to before another.

    `subject` may be given several times; records must show all of them, and none that begins with `-`. `q` is a search
    that the incidents must also fit.
    """

    subject: Annotated[list[SubjectText], Meta(min_length=1, max_length=MOST_SUBJECTS)]
    tenant: Name | None = None
    start: Moment | None = msgspec.field(name="from", default=None)
    end: Moment | None = msgspec.field(name="to", default=None)
    q: Search = ""


class LookUpRecordsQuery(LookUpQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of the records that show it: newest days first, of a day by organisation, of each the newest first."""

    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class LookUpRequest:
    """The values that records must show, the first of which is looked up, and those that they must not."""

    wanted: tuple[LookUpSubject, ...]
    unwanted: tuple[LookUpSubject, ...]

    @property
    def subject(self) -> LookUpSubject:
        """Return the value by which the lake is searched: an account, a day or a rule before others."""
        return min(self.wanted, key=lambda one: _FIRST.get(one.kind, 9))

    def narrow(self, incidents: Sequence[Incident]) -> CombinedFilter | None:
        """Return the filter of the further values; the records of a rule are those of the incidents that it hit."""

        def make_filter(one: LookUpSubject) -> RowFilter:
            return filter_of(one, records_of_rule(one, incidents))

        more = tuple(make_filter(one) for one in self.wanted if one != self.subject)
        without = tuple(make_filter(one) for one in self.unwanted)
        return CombinedFilter(more, without) if more or without else None

    def __str__(self) -> str:
        """Return the values as a search writes them."""
        return " ".join([*map(str, self.wanted), *(f"{NOT}{one}" for one in self.unwanted)])


_FIRST: Final = {"day": 0, "account": 1, "rule": 2}


def read_request(asked: LookUpQuery) -> LookUpRequest:
    """Parse what is asked for. Raises `ApiError` (422)."""
    wanted: list[LookUpSubject] = []
    unwanted: list[LookUpSubject] = []
    try:
        for text in asked.subject:
            is_not = text.startswith(NOT)
            (unwanted if is_not else wanted).append(parse_subject(text.removeprefix(NOT)))
    except UsageError as error:
        raise _refuse(error) from None
    if not wanted:
        raise invalid(
            "nothing is left to look up", field="subject", fix="name at least one value without - before it"
        )
    return LookUpRequest(tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted)))


def _refuse(error: UsageError) -> ApiError:
    return invalid(error.message, field="subject", fix=error.fix)


def read_span(asked: LookUpQuery, request: LookUpRequest, incidents: Sequence[Incident]) -> LookUpSpan:
    """Return where to look, for at most `SECONDS` from now. Raises `ApiError` (422)."""
    start, end = parse_span(asked.start, asked.end)
    return LookUpSpan(
        asked.tenant, start, end, may_continue=_within(SECONDS), narrow=request.narrow(incidents)
    )


def _within(seconds: float) -> Callable[[], bool]:
    ends = monotonic() + seconds
    return lambda: monotonic() < ends
