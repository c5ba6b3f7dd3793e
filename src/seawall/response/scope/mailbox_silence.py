"""Find mailboxes whose own mail access records stop within the span: auditing may be off, or records lost.

The log may go on while one mailbox's records are missing: auditing was disabled unseen, a licence removed, or an
export left it out. A mailbox passes three tests:

- It has mail access records since the span began. No silence in the span is longer than both a long weekend and twice
  its longest earlier silence.
- No silence of a day or more, in which its owner was otherwise active, is improbable by its own rhythm
  (`log_rhythm`).
- Each day with other work in it (sent, moved, deleted) has mail access too, if that is its habit.

A long leave looks the same and leaves the mailbox open (`absent`), unless the collection ledger proves the log
complete. Not found: a loss of some hours, of single records, or of days on which the owner was inactive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from seawall.collection.coverage_gap import CoverageGap
from seawall.response.scope.log_rhythm import SURPRISE, Counts, LogRhythm
from seawall.response.scope.log_silences import LONGEST_SILENCE
from seawall.response.scope.records import SearchRecords
from seawall.response.scope.search_bounds import DAY, HOUR, MAIL, SHOWS
from seawall_base.plurals import plural
from seawall_base.times import day_text, span_text

QUIET, ABSENT = "quiet", "absent"
"""Gap codes: the owner was otherwise active during the silence, or had no records at all."""

_TIMES_LONGER = 2
_DAY_HOURS = 24
_EXPECTED = 6.0
"""With fewer expected records than this in a silence, no records are no evidence."""

_RARE = 0.02
"""Days with other work but no access are evidence if their share is below this."""

_HELD = f"""SELECT dense_rank() OVER (ORDER BY tenant, mailbox) - 1 AS owner, time // {HOUR} AS hour, count(*) AS records
    FROM events WHERE {SHOWS} AND mailbox IS NOT NULL GROUP BY tenant, mailbox, hour ORDER BY owner, hour"""
_NAMES = f"SELECT DISTINCT tenant, mailbox FROM events WHERE {SHOWS} AND mailbox IS NOT NULL ORDER BY ALL"

_WORKED = f"""WITH days AS (
        SELECT tenant, mailbox, time // {DAY} AS day, count(*) FILTER ({SHOWS}) AS reads,
            count(*) FILTER (kind = 'mail_action' AND ok) AS acts
        FROM events WHERE mailbox IS NOT NULL GROUP BY ALL
    ), shown AS (SELECT tenant, mailbox FROM days GROUP BY ALL HAVING sum(reads) > 0),
    usual AS (
        SELECT tenant, (count(*) FILTER (reads = 0) + 1) / (count(*) + 2) AS share FROM days JOIN shown USING (tenant, mailbox)
        WHERE acts > 0 AND day < $start // {DAY} GROUP BY tenant
    )
    SELECT d.tenant, d.mailbox, d.day, d.acts, u.share FROM days d JOIN shown USING (tenant, mailbox)
    JOIN usual u ON u.tenant = d.tenant
    WHERE d.acts > 0 AND d.reads = 0 AND u.share < {_RARE} AND d.day >= $start // {DAY} AND d.day * {DAY} < $end ORDER BY ALL"""
"""SQL for days of the span with work in a mailbox but no access, if such days were rare before the span."""


_ALIVE = f"""WITH named AS (
        SELECT DISTINCT tenant, mailbox, dense_rank() OVER (ORDER BY tenant, mailbox) - 1 AS owner FROM events
        WHERE {SHOWS} AND mailbox IS NOT NULL
    ) SELECT DISTINCT n.owner, e.time // {HOUR} AS hour
    FROM events e JOIN named n ON n.tenant = e.tenant AND n.mailbox = e.account
    WHERE e.ok AND e.kind IN ('mail_action', 'file') AND e.time >= $start AND e.time < $end
    ORDER BY ALL"""
"""SQL for hours of the span in which mailbox owners were otherwise active."""


@dataclass(frozen=True, slots=True)
class _Silence:
    """Hours without mail access records of a mailbox, from `first` to before `last`."""

    first: int
    last: int

    @property
    def hours(self) -> int:
        return self.last - self.first


def find_quiet_mailboxes(
    records: SearchRecords, start: int, end: int
) -> Iterator[tuple[tuple[str, str], CoverageGap]]:
    """Yield ((organisation, mailbox), gap) for the mailboxes in mail access records."""
    low, high = start // HOUR, -(-end // HOUR)
    names = records.rows(_NAMES)
    held = records.columns(_HELD)
    edges = np.searchsorted(held["owner"], np.arange(len(names) + 1))
    alive = records.columns(_ALIVE, {"start": start, "end": end})
    others = np.searchsorted(alive["owner"], np.arange(len(names) + 1))
    for place, (tenant, mailbox) in enumerate(names):
        mine = slice(edges[place], edges[place + 1])
        active = alive["hour"][others[place] : others[place + 1]]
        for gap in _find_gaps(held["hour"][mine], held["records"][mine], active, low, high):
            yield (tenant, mailbox), gap
    for tenant, mailbox, day, acts, share in records.rows(_WORKED, {"start": start, "end": end}):
        text = (
            f"On {day_text(day * DAY)} it was worked in ({plural(acts, 'record')}), but no mail access was logged, as on "
            f"{100 * share:.1f} % of such days before: its records of mail access may be missing."
        )
        yield (tenant, mailbox), CoverageGap(day * DAY, (day + 1) * DAY, MAIL, QUIET, text)


def _find_gaps(hours: Counts, counts: Counts, active: Counts, low: int, high: int) -> Iterator[CoverageGap]:
    """Yield the silences of one mailbox that are gaps. `active` marks hours in which its owner was otherwise active."""
    before = hours[hours < low]
    longest = int(np.diff(before).max()) - 1 if len(before) > 1 else 0
    limit = max(LONGEST_SILENCE, _TIMES_LONGER * longest)
    if hours[-1] < low:
        one = _Silence(int(hours[-1]) + 1, high)
        if one.hours > LONGEST_SILENCE:
            yield _gap(
                one, "and it is in no record of mail access since the span began", _gap_code(one, active)
            )
        return
    rhythm: LogRhythm | None = None
    an_hour = counts.sum() / max(hours[-1] + 1 - hours[0], 1)
    for one in _silences(hours, low, high):
        if one.hours > limit:
            known = f"and for {plural(longest, 'hour')} at most before the span"
            yield _gap(
                one, known if longest else "and hardly anything is known of it before", _gap_code(one, active)
            )
        elif one.hours >= _DAY_HOURS and an_hour * one.hours >= _EXPECTED and _is_alive(one, active):
            rhythm = rhythm or LogRhythm(hours, counts)
            told = rhythm.stretch(one.first, one.last)
            if told is not None and told.chance * (high - low) < SURPRISE * one.hours:
                yield _gap(
                    one,
                    f"where about {told.expected:,.0f} records are usual and others of its owner came",
                    QUIET,
                )


def _is_alive(one: _Silence, active: Counts) -> bool:
    return bool(np.any((active >= one.first) & (active < one.last)))


def _gap_code(one: _Silence, active: Counts) -> str:
    """Return the gap code of a long silence: `quiet` if the owner was otherwise active in it, else `absent`."""
    return QUIET if _is_alive(one, active) else ABSENT


def _silences(hours: Counts, low: int, high: int) -> Iterator[_Silence]:
    first = int(hours[0])
    if first > low:
        yield _Silence(low, first)
    for at in np.flatnonzero((np.diff(hours) > 1) & (hours[1:] > low) & (hours[:-1] < high)).tolist():
        yield _Silence(int(hours[at]) + 1, int(hours[at + 1]))
    if int(hours[-1]) + 1 < high:
        yield _Silence(int(hours[-1]) + 1, high)


def _gap(one: _Silence, compared: str, code: str) -> CoverageGap:
    first, last = one.first * HOUR, one.last * HOUR
    text = (
        f"It is in no record of mail access for {plural(one.hours, 'hour')}, {span_text(first, last)}, {compared}: "
        "nobody was there, or its records are missing."
    )
    return CoverageGap(first, last, MAIL, code, text)
