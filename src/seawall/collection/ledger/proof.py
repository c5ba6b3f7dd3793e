"""Find the spans that ledgers do not prove complete. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from seawall.collection.collected_spans import CollectedFeed
from seawall.collection.coverage import subtract_spans
from seawall.collection.coverage_gap import CoverageGap


def find_coverage_gaps(feeds: Iterable[CollectedFeed], start: int, end: int) -> list[tuple[str, CoverageGap]]:
    """Return (tenant, gap) for the parts of a span (microseconds) that should be collected and are not proved complete.

    Known gaps keep their code; others have the code `not-proved`. Times before the begin and after the end of a collection
    are left out: other exports may cover them.
    """
    found: list[tuple[str, CoverageGap]] = []
    for feed in feeds:
        known = [gap for gap in feed.gaps if gap.start < end and gap.end > start]
        found += [(feed.tenant, gap) for gap in known]
        open_spans = subtract_spans(
            [(max(start, feed.begin), min(end, feed.ended or end))],
            [*feed.proved, *((gap.start, gap.end) for gap in known)],
        )
        for first, last in open_spans:
            if first < last:
                text = f"{feed.feed}: what the vendor delivers late may not have come yet."
                found.append((feed.tenant, CoverageGap(first, last, feed.source, "not-proved", text)))
    return found
