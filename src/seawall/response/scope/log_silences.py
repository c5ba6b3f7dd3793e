"""Find silences and thin stretches of a log in the span, where records may be missing.

Three things are gaps. First, a silence before the log's first or after its last record, because no later record
proves completeness. Second, a silence longer than a long weekend. Third, a stretch with fewer records than the log's
rhythm predicts, stated with its probability. A log too short for a rhythm uses four times the 95th percentile of its
silences as limit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np

from seawall.collection.coverage_gap import CoverageGap
from seawall.detection.incidents.coverage import GAP_HOURS, NEEDED, silent_spans
from seawall.response.scope.log_rhythm import Counts, LogRhythm, QuietStretch
from seawall.response.scope.records import SearchRecords
from seawall.response.scope.search_bounds import GMAIL, GRAPH, HOUR, MAIL, SIGN_IN
from seawall_base.plurals import plural
from seawall_base.times import span_text

LONGEST_SILENCE = 96
"""Hours of a long weekend. After a longer silence records may be lost, whatever the log's habit."""

LONGEST_FILE = 24 * 366
"""Maximum hours of a file's period: its times may be nonsense."""

_AT_AN_EDGE = 0.05
"""A silence before the first or after the last record is a gap if it is less probable than this."""

_WITNESSES = {
    MAIL: f"""(e.source = 'google_workspace' AND starts_with(coalesce(e.activity, ''), '{GMAIL}')
        OR coalesce(e.source, '') NOT IN ('google_workspace', '{GRAPH}')
        AND e.kind IN ('mail_access', 'mail_action', 'mail_rule', 'admin'))""",
    SIGN_IN: "(e.kind = 'sign_in' OR e.source IS DISTINCT FROM 'google_workspace' AND e.kind = 'directory')",
}
"""Record kinds of the same log and export: while these arrive, the others would have arrived too.

Google exports each application separately, so there only records of the same application count. Graph activity shows
calls alone, so it is no witness of mail access.
"""

_HOURS = f"""WITH logs AS (SELECT DISTINCT tenant, source FROM events WHERE kind = '{{kind}}')
    SELECT e.tenant, e.time // {HOUR} AS hour, count(*) FILTER (e.kind = '{{kind}}'), count(*) FROM events e
    JOIN logs l ON l.tenant = e.tenant AND l.source IS NOT DISTINCT FROM e.source
    WHERE {{witnesses}} GROUP BY ALL ORDER BY ALL"""

_DELIVERED = f"""WITH logs AS (SELECT DISTINCT tenant, source FROM events WHERE kind = '{{kind}}'),
    files AS (
        SELECT e.tenant, quantile_disc(e.time // {HOUR}, 0.02) AS low, quantile_disc(e.time // {HOUR}, 0.98) AS high FROM events e
        JOIN logs l ON l.tenant = e.tenant AND l.source IS NOT DISTINCT FROM e.source
        WHERE {{witnesses}} AND e.file IS NOT NULL GROUP BY e.tenant, e.file
    )
    SELECT DISTINCT tenant, unnest(range(low, least(high, low + {LONGEST_FILE}) + 1)) FROM files"""
"""SQL for the hours that a file covers, without records that arrived late in it."""


def find_silences(
    records: SearchRecords, kind: str, start: int, end: int
) -> Iterator[tuple[str, CoverageGap]]:
    """Yield (organisation, gap) for a kind of record in the span."""
    rows = records.rows(_HOURS.format(kind=kind, witnesses=_WITNESSES[kind]))
    inside: dict[str, list[int]] = defaultdict(list)
    for tenant, hour in records.rows(_DELIVERED.format(kind=kind, witnesses=_WITNESSES[kind])):
        inside[tenant].append(hour)
    for tenant, mine in groupby(rows, key=itemgetter(0)):
        table = np.array([row[1:] for row in mine], np.int64)
        delivered = np.array(inside.get(tenant, ()), np.int64)
        whole = LogRhythm(table[:, 0], table[:, 2], delivered)
        own = table[table[:, 1] > 0]
        found = _find_long_silences(kind, table[:, 0], whole, start, end)
        found += _thin(kind, whole, start, end)
        found += _thin(kind, LogRhythm(own[:, 0], own[:, 1], delivered), start, end) if len(own) else []
        yield from ((tenant, gap) for gap in _drop_nested(found))


def _find_long_silences(
    kind: str, hours: Counts, rhythm: LogRhythm, start: int, end: int
) -> list[CoverageGap]:
    """Return the silences at the log's edges, those over the absolute limit, and those over a short log's habit."""
    low, high = min(start, int(hours[0]) * HOUR), max(end, (int(hours[-1]) + 1) * HOUR)
    edges, lengths, limit = silent_spans(hours.tolist(), low, high)
    found = []
    for at in np.flatnonzero(lengths > 0).tolist():
        first, last, length = int(edges[at] + 1), int(edges[at + 1]), int(lengths[at])
        if first * HOUR >= end or last * HOUR <= start:
            continue
        told = rhythm.stretch(first, last)
        if at in (0, len(lengths) - 1):
            is_gap = length > GAP_HOURS or (told is not None and told.chance < _AT_AN_EDGE)
        else:
            is_gap = length > LONGEST_SILENCE or (told is None and length > limit)
        if is_gap:
            found.append(_make_gap(kind, first, last, told))
    return found


def _thin(kind: str, rhythm: LogRhythm, start: int, end: int) -> list[CoverageGap]:
    return [_make_gap(kind, one.first, one.last, one) for one in rhythm.thin(start // HOUR, -(-end // HOUR))]


def _make_gap(kind: str, first: int, last: int, told: QuietStretch | None) -> CoverageGap:
    """Return a gap for a silence, or for a thin stretch with its statistics."""
    words = NEEDED[kind].partition(" (")[0]
    found = told.found if told else 0
    what = f"Only {found:,} {words} and others" if found else f"No {words}, nor others"
    text = (
        f"{what} of the same log for {plural(last - first, 'hour')}, {span_text(first * HOUR, last * HOUR)}"
    )
    if told and told.expected >= 1:
        text += f"; about {told.expected:,.0f} are usual in these hours, and so few come {_describe_chance(told.chance)}"
    return CoverageGap(first * HOUR, last * HOUR, kind, "gap", f"{text}.")


def _describe_chance(chance: float) -> str:
    """Return in words how often as few records occur."""
    if chance < 1e-6:
        return "less than once in a million weeks"
    return f"in one of {1 / chance:,.0f} weeks" if chance < 0.5 else "often"


def _drop_nested(gaps: Sequence[CoverageGap]) -> list[CoverageGap]:
    """Return the gaps in order, leaving out those inside another."""
    kept: list[CoverageGap] = []
    for gap in sorted(gaps, key=lambda one: (one.start, -one.end)):
        if not kept or gap.end > kept[-1].end:
            kept.append(gap)
    return kept
