"""Read from collection ledgers which periods are missing, and which silences are proved complete.

A ledger belongs to a vendor's tenant (`seawall.collection.collected_spans`). Records name organisations by tenant id
or mail domain; the files that the events came from connect the two.

Not found: files moved to folders of other names match no ledger, so their silences stay gaps. A log that was never
collected proves nothing.
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
"""Minimum share of a tenant's accounts or events that an organisation must have.

An organisation below this is a guest: most of its acts are logged elsewhere, and the tenant's logs prove nothing of
them.
"""

_FILE: Final = (
    "(?:^|[/!])((?:m365|entra|google|okta)/[^/!]+/[^/!]+)/[0-9-]{10}/[0-9]{8}T[0-9]{6}Z-[0-9]+[.]jsonl$"
)
_PLACES: Final = f"""SELECT tenant, kind, coalesce(source, ''), regexp_extract(coalesce(file, ''), '{_FILE}', 1) AS place
    FROM events GROUP BY ALL ORDER BY ALL"""
_COUNTS: Final = f"""SELECT regexp_extract(coalesce(file, ''), '{_FILE}', 1) AS place, tenant, count(DISTINCT account), count(*)
    FROM events GROUP BY ALL HAVING place <> '' ORDER BY ALL"""


class CollectionLedgers:
    """The collection ledgers that concern one search's records."""

    def __init__(self, records: SearchRecords, feeds: Sequence[CollectedFeed]) -> None:
        self._feeds = {feed.folder: feed for feed in feeds}
        self._names: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._own: dict[tuple[str, str], set[str]] = {}
        self._places: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        if self._feeds:
            self._learn(records)

    def gaps(self, start: int, end: int) -> list[tuple[str, CoverageGap]]:
        """Return the missing or unproved periods in a span, each with an organisation.

        If no event came from a ledger's files, the name is the ledger's own.
        """
        found = []
        for feed in self._feeds.values():
            names = sorted(self._names.get((feed.vendor, feed.tenant), {feed.tenant}))
            found += [(name, gap) for _, gap in find_coverage_gaps([feed], start, end) for name in names]
        return found

    def subtract_proved(self, tenant: str, kind: str, gap: CoverageGap) -> list[CoverageGap]:
        """Return the parts of a silence that no ledger proves complete.

        A part is proved if every log with the organisation's records of this kind is proved complete in it.
        """
        feeds = self._find_feeds(tenant, kind) if gap.code in SILENCES else []
        if not feeds:
            return [gap]
        rest = _merge_spans(subtract_spans([(gap.start, gap.end)], feed.proved) for feed in feeds)
        if rest == [(gap.start, gap.end)]:
            return [gap]
        words = "What was collected is not proved to be whole"
        return [replace(gap, start=a, end=b, text=f"{gap.text} {words} {span_text(a, b)}.") for a, b in rest]

    def _learn(self, records: SearchRecords) -> None:
        counts: dict[tuple[str, str], dict[str, tuple[int, int]]] = defaultdict(dict)
        for place, name, accounts, events in records.rows(_COUNTS):
            feed = self._feeds.get(place)
            if feed is not None:
                # for accounts in several logs of a tenant, the largest count is precise enough to recognise guests
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

    def _find_feeds(self, tenant: str, kind: str) -> list[CollectedFeed]:
        """Return the logs that contain an organisation's records of a kind; none if some records came from another log."""
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


def _merge_spans(parts: Iterable[Sequence[Span]]) -> list[Span]:
    """Merge the spans of several lists, joining those that overlap or touch."""
    found: list[Span] = []
    for start, end in sorted(span for part in parts for span in part):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
