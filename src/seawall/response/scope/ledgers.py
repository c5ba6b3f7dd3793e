"""What the ledgers of collected logs say of the organisations of the records: what is missing, and which silence is none.

A ledger is of a vendor's tenant (`seawall.collection.collected_spans`). Records name organisations as their logs do: by the
tenant's id, or by mail domains. The files that the events came from say what belongs to what.

Misses: files that were moved into folders of other names are of no ledger, so that their silences stay what they were; and a log
that was never collected proves nothing, whatever others do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from seawall.collection.collected_spans import CollectedFeed, Span
from seawall.collection.coverage import subtract_spans
from seawall.collection.coverage_gap import CoverageGap
from seawall.collection.ledger import find_coverage_gaps
from seawall.response.scope.records import SearchRecords
from seawall_base.times import span_text

SILENCES: Final = ("gap", "absent")

OWN: Final = 0.1
"""An organisation with a smaller share of the accounts or of the events in a tenant's files is a guest there: most of what it
does is elsewhere, and of that the tenant's logs prove nothing."""

_FILE: Final = (
    "(?:^|[/!])((?:m365|entra|google|okta)/[^/!]+/[^/!]+)/[0-9-]{10}/[0-9]{8}T[0-9]{6}Z-[0-9]+[.]jsonl$"
)
_PLACES: Final = f"""SELECT tenant, kind, coalesce(source, ''), regexp_extract(coalesce(file, ''), '{_FILE}', 1) AS place
    FROM events GROUP BY ALL ORDER BY ALL"""
_COUNTS: Final = f"""SELECT regexp_extract(coalesce(file, ''), '{_FILE}', 1) AS place, tenant, count(DISTINCT account), count(*)
    FROM events GROUP BY ALL HAVING place <> '' ORDER BY ALL"""


class CollectionLedgers:
    """What ledgers say of the organisations of one search's records."""

    def __init__(self, records: SearchRecords, feeds: Sequence[CollectedFeed]) -> None:
        self._feeds = {feed.folder: feed for feed in feeds}
        self._names: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._own: dict[tuple[str, str], set[str]] = {}
        self._places: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        if self._feeds:
            self._learn(records)

    def gaps(self, start: int, end: int) -> list[tuple[str, CoverageGap]]:
        """Return what is missing or not proved in a span, each with an organisation; with the ledger's own name for it where no
        event came out of its files."""
        found = []
        for feed in self._feeds.values():
            names = sorted(self._names.get((feed.vendor, feed.tenant), {feed.tenant}))
            found += [(name, gap) for _, gap in find_coverage_gaps([feed], start, end) for name in names]
        return found

    def left(self, tenant: str, kind: str, gap: CoverageGap) -> list[CoverageGap]:
        """Return what is left of a silence of an organisation's records of a kind when what is proved is taken out.

        Proved is what every log is proved to hold whole out of which records of that kind came.
        """
        feeds = self._all_of(tenant, kind) if gap.code in SILENCES else []
        if not feeds:
            return [gap]
        rest = _together(subtract_spans([(gap.start, gap.end)], feed.proved) for feed in feeds)
        if rest == [(gap.start, gap.end)]:
            return [gap]
        words = "What was collected is not proved to be whole"
        return [replace(gap, start=a, end=b, text=f"{gap.text} {words} {span_text(a, b)}.") for a, b in rest]

    def _learn(self, records: SearchRecords) -> None:
        counts: dict[tuple[str, str], dict[str, tuple[int, int]]] = defaultdict(dict)
        for place, name, accounts, events in records.rows(_COUNTS):
            feed = self._feeds.get(place)
            if feed is not None:
                # Of accounts in several logs of a tenant the largest number is near enough to tell guests.
                of = counts[(feed.vendor, feed.tenant)]
                before = of.get(name, (0, 0))
                of[name] = max(before[0], accounts), before[1] + events
        for key, names in counts.items():
            self._names[key] = set(names)
            least = [OWN * sum(column) for column in zip(*names.values(), strict=True)]
            self._own[key] = {
                name
                for name, (accounts, events) in names.items()
                if name.lower() == key[1].lower() or (accounts >= least[0] and events >= least[1])
            }
        for name, kind, source, place in records.rows(_PLACES):
            self._places[(name, kind)][source].add(place)

    def _all_of(self, tenant: str, kind: str) -> list[CollectedFeed]:
        """The logs out of which an organisation's records of a kind came; none when some came out of another."""
        found: list[CollectedFeed] = []
        for places in self._places.get((tenant, kind), {}).values():
            if any(place and place not in self._feeds for place in places):
                return []
            feeds = [self._feeds[place] for place in sorted(places) if place]
            own = [feed for feed in feeds if tenant in self._own[(feed.vendor, feed.tenant)]]
            if not own:
                return []
            found += own
        return found


def _together(parts: Iterable[Sequence[Span]]) -> list[Span]:
    """Spans of several lists as one list, what overlaps or touches joined."""
    found: list[Span] = []
    for start, end in sorted(span for part in parts for span in part):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
