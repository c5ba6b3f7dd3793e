"""Write the result files of a scan: events with scores, incidents, coverage, summary and report."""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Self

import msgspec

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.ranking.engine import ScoredDay
from seawall.events.coded_batch import CodedBatch
from seawall.report.incident_page import write_report
from seawall.report.input import ReportInput
from seawall.storage import EventsFile
from seawall.storage.files.campaign_documents import CAMPAIGNS, write_campaigns
from seawall.storage.files.incident_documents import write_incidents
from seawall_base import private_files
from seawall_base.document_version import SCHEMA_VERSION
from seawall_base.times import rfc3339

SMALL_DAY = 200_000
"""Days with at most this many events are written in another thread. Memory holds only one larger day at a time."""


class EventsWriter:
    """Write the events file, if there is a folder for it. Small days are written in another thread."""

    def __init__(self, folder: Path | None) -> None:
        self._file = EventsFile(folder / "events.parquet") if folder else None
        self._thread = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def write(self, batch: CodedBatch, scored: ScoredDay) -> None:
        """Write a day after waiting for the previous one, so that at most one day is pending."""
        if self._file is None:
            return
        if self._last is not None:
            self._last.result()
        if len(batch) > SMALL_DAY:
            self._last = None
            self._file.write(batch, scored.event_scores())
        else:
            self._last = self._thread.submit(self._file.write, batch, scored.event_scores())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()
        if self._file is not None:
            self._file.close()
        if self._last is not None:
            self._last.result()


def write_scan_files(folder: Path, content: ReportInput) -> None:
    """Write incidents, coverage, summary and report of a scan into a folder. Raises OutputUnwritable.

    Nothing that was read makes no report: a page of 0 incidents would say that all is well.
    """
    write_incidents(folder / "incidents.jsonl", content.incidents)
    if content.campaigns is None:
        (folder / CAMPAIGNS).unlink(missing_ok=True)  # that of an earlier scan
    else:
        write_campaigns(folder / CAMPAIGNS, content.campaigns)
    names = fields(CoverageNote)
    notes = [
        {
            **{one.name: getattr(note, one.name) for one in names},
            "start": rfc3339(note.start),
            "end": rfc3339(note.end),
        }
        for note in content.coverage
    ]
    document = {"schema_version": SCHEMA_VERSION, "coverage": notes}
    # Python's own encoder indents by a loop in Python, which takes longer than all else here where organisations are many
    compact = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    private_files.write_text(folder / "coverage.json", msgspec.json.format(compact, indent=1).decode() + "\n")
    private_files.write_text(folder / "summary.json", json.dumps(content.summary, indent=1) + "\n")
    if content.nothing_read:
        (folder / "report.html").unlink(missing_ok=True)  # that of an earlier scan
    else:
        write_report(folder / "report.html", content)
