"""Look into a value over the events of a store, newest days first, within bounds of rows and time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from seawall.detection.incident import Incident
from seawall.response.look_up.links import count_rules, link_incidents, records_of_rule
from seawall.response.look_up.matching import CombinedFilter, filter_of
from seawall.response.look_up.subject import LookUpSubject, is_local_part
from seawall.response.look_up.summary import COLUMNS, DAY, LookUp, LookUpBuilder, RecordLink
from seawall.response.search_window import EARLIEST, LATEST
from seawall.storage.lake import DaySize, EventQuery, Lake
from seawall.storage.lake.appending import UNKNOWN
from seawall.storage.lake.layout import start_of
from seawall.storage.location import Store

MOST_ROWS: Final = 5_000_000
"""Rows that one look-up reads."""

MOST_ROWS_BY_HAND: Final = 1_000_000_000
"""Rows that a look-up on the command line reads: it may take its time."""

MOST_INCIDENTS: Final = 1_000
"""Incidents of which the records are known, the worst ones."""


def always() -> bool:
    """Return that there is time left."""
    return True


@dataclass(frozen=True, slots=True)
class LookUpSpan:
    """Where to look: an organisation (None: all), from `start` to before `end` (microseconds), within bounds.

    `may_continue` is asked before each day of an organisation, and ends the look-up when the time is over. `narrow`
    chooses among the records that show the value.
    """

    tenant: str | None = None
    start: int = EARLIEST
    end: int = LATEST
    rows: int = MOST_ROWS
    may_continue: Callable[[], bool] = always
    narrow: CombinedFilter | None = None


def list_days(lake: Lake, span: LookUpSpan, subject: LookUpSubject) -> list[DaySize]:
    """Return the days to look at, the newest first, then by organisation."""
    start, end = narrow_span(span, subject)
    held = lake.size().days
    tenant = span.tenant
    if tenant is not None and not any(one.tenant == tenant for one in held):
        tenant = UNKNOWN  # events without an organisation are stored apart
    days = [
        one
        for one in held
        if (tenant is None or one.tenant == tenant)
        and start_of(one.day) < end
        and start_of(one.day) + DAY > start
    ]
    return sorted(days, key=lambda one: (-one.day.toordinal(), one.tenant))


def narrow_span(span: LookUpSpan, subject: LookUpSubject) -> tuple[int, int]:
    """Return the span's start and end; a day that is looked up narrows it."""
    if subject.kind != "day":
        return span.start, span.end
    start = start_of(date.fromisoformat(subject.value))
    return max(span.start, start), max(min(span.end, start + DAY), span.start, start)


def make_query(
    subject: LookUpSubject,
    start: int,
    end: int,
    records: frozenset[str] = frozenset(),
    narrow: CombinedFilter | None = None,
) -> EventQuery:
    """Return the query for the events that show a value; `records` are those of a rule, and `narrow` chooses among them."""
    if subject.kind == "account" and not is_local_part(subject):
        return EventQuery(start, end, account=subject.value, only=narrow)
    only = filter_of(subject, records)
    return EventQuery(
        start, end, only=only if narrow is None else CombinedFilter((only, *narrow.wanted), narrow.unwanted)
    )


def look_up_in_lake(
    lake: Lake,
    subject: LookUpSubject,
    span: LookUpSpan,
    *,
    links: Mapping[str, Sequence[RecordLink]] | None = None,
    records: frozenset[str] = frozenset(),
    most: int = 50,
) -> LookUp:
    """Sum up the stored events that show a value, with up to `most` values of each field beside it.

    `links` tell which incidents list which records, `records` the ids of a rule's records. Raises `LakeBroken`.
    """
    builder = LookUpBuilder(subject, links or {})
    start, end = narrow_span(span, subject)
    wanted = [name for name in COLUMNS if name != "org_uid"]
    searched, looked_from, is_cut = 0, start, False
    for day in list_days(lake, span, subject):
        first = start_of(day.day)
        if (searched and searched + day.rows > span.rows) or not span.may_continue():
            looked_from, is_cut = first + DAY, True
            break
        query = make_query(subject, max(first, start), min(first + DAY, end), records, span.narrow)
        for rows in lake.rows_of_days(day.tenant, query, wanted):
            for table in rows:
                builder.add(table, day.tenant)
        searched += day.rows
    return builder.build(searched=searched, start=min(looked_from, end), end=end, is_cut=is_cut, most=most)


def iterate_days(
    lake: Lake, span: LookUpSpan, subject: LookUpSubject, after: tuple[str, str] | None
) -> Iterator[DaySize]:
    """Yield the days to look at after a place, given as (day, organisation), that day included."""
    for day in list_days(lake, span, subject):
        place = (day.day.isoformat(), day.tenant)
        if after is None or place[0] < after[0] or (place[0] == after[0] and place[1] >= after[1]):
            yield day


def look_up_in_store(
    store: Store, subject: LookUpSubject, span: LookUpSpan | None = None
) -> tuple[LookUp, list[Incident]]:
    """Sum up the events of a store that show a value; return also the incidents that list such events, worst first.

    Of the incidents, the worst `MOST_INCIDENTS` are looked at.
    """
    with store.database.reading() as work:
        incidents = list(work.incidents.page(limit=MOST_INCIDENTS))
    found = look_up_in_lake(
        store.lake,
        subject,
        span or LookUpSpan(rows=MOST_ROWS_BY_HAND),
        links=link_incidents(incidents),
        records=records_of_rule(subject, incidents),
    )
    listing = {one.id for one in found.incidents}
    meant = [one for one in incidents if one.id in listing]
    return replace(found, rules=count_rules(meant)), meant
