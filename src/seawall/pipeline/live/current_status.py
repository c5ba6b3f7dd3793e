"""Combine the status of a running watch from its readers, counts and scoring."""

from __future__ import annotations

from seawall.pipeline.live.counting import SourceTally
from seawall.pipeline.live.progress import ReadingProgress
from seawall.pipeline.live.scoring import Scorer
from seawall.pipeline.live.status import WatchStatus


def current_status(
    progress: ReadingProgress, tally: SourceTally, scorer: Scorer, fault: str | None
) -> WatchStatus:
    """Return the status of a watch without rates and times; `fault` is what keeps it from working."""
    totals = tally.totals
    records, problems = totals["records"], totals["problems"]
    events, duplicates, waiting = scorer.counts.split(records - problems, is_whole=not scorer.dirty)
    return WatchStatus(
        doing="behind" if progress.is_behind else "idle",
        records=records,
        events=events,
        duplicates=duplicates,
        problems=problems,
        waiting=waiting,
        backlog_bytes=progress.readers.backlog,
        dirty_days=len(scorer.dirty),
        past_unjudged=len(scorer.backfill.unjudged_tenants),
        revision=scorer.revision,
        scored_until=scorer.scored_until,
        scoring_seconds=scorer.seconds,
        fault=fault,
        notes=scorer.notes,
        unjudged=tally.describe_unjudged(),
        rescoring=scorer.rescoring.sentence,
        is_complete=not (scorer.is_waiting or scorer.backfill.is_waiting or progress.readers.are_looking)
        and progress.is_read("idle"),
    )
