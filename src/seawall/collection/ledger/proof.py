"""What of a span is not proved to be there, by what ledgers say. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from seawall.collection.collected_spans import CollectedFeed
from seawall.collection.coverage import subtract_spans
from seawall.collection.coverage_gap import CoverageGap


def find_coverage_gaps(feeds: Iterable[CollectedFeed], start: int, end: int) -> list[tuple[str, CoverageGap]]:
    """Return, each with its tenant, the parts of a span (microseconds) that were to be collected and are not proved complete.

    A gap that is known has its own code; what is only not proved yet has `not-proved`. What lies before the begin of a
    collection is left out, as is what came after its end: other exports may hold it.
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
