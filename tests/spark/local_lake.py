"""A lake in memory: what `LakeRun` does with tables of Spark, with lists, so that the tasks are tested without Java."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from seawall.events.coder import choose_homes
from seawall.pipeline.scan import ScanSettings
from seawall.spark.deciding import INCIDENT, DecidingTask, collect_incidents, decide_shelf
from seawall.spark.moving import move_events
from seawall.spark.part_scoring import score_parts
from seawall.spark.planning import plan_scoring
from seawall.spark.reading import EVENTS, HOME, ReadingTask, read_piece
from seawall.spark.rows import BEGINNING, LakeRow, pack_rows, unpack_rows
from seawall.spark.scoring import (
    CANDIDATES,
    CUT,
    DAY,
    FILE,
    FROM,
    REPLAY,
    STANDING,
    STATE,
    ScoringTask,
    score_shelf,
)
from seawall.spark.tallies import DayTally
from seawall.storage.files.incident_documents import incident_line


@dataclass(slots=True)
class LocalLake:
    """Rows of all runs; `replayed` are the shelves that were scored from the beginning because the past had changed.

    With `parts`, shelves of more than `cut_above` accounts are cut into so many, which `tasks` threads score.
    """

    table: Path
    shelves: int = 4
    records: list[tuple[int, LakeRow]] = field(default_factory=list)
    scored: list[LakeRow] = field(default_factory=list)
    homes: dict[str, str] = field(default_factory=dict)
    replayed: list[int] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    run: int = 0
    parts: int = 0
    cut_above: int = 0
    tasks: int = 2

    def add(self, paths: Sequence[Path]) -> None:
        """Read files, and score what they change."""
        self.run += 1
        task = ReadingTask(self.shelves, is_large=False)
        found = read_piece([os.fsencode(path) for path in paths], [""] * len(paths), 0, task)
        self.records += [(self.run, row) for row in unpack_rows(pack_rows(found))]
        homes = self._decide_homes()
        known = {
            name for run, row in self.records if row.kind == EVENTS and run < self.run for name in row.names
        }
        changed = [name for name in known if self.homes.get(name, name) != homes.get(name, name)]
        since = plan_scoring(
            [
                (list(row.names), row.day)
                for run, row in self.records
                if row.kind == EVENTS and run == self.run
            ],
            [(row.shelf, row.day) for row in self.scored if row.kind == STATE],
            homes,
            [*(self.homes.get(name, name) for name in changed), *(homes.get(name, name) for name in changed)],
            self.shelves,
        )
        self.homes = homes
        again = self._score(since)
        self.replayed += again
        self._score(dict.fromkeys(again, BEGINNING))

    def decide(self) -> list[bytes]:
        """Return the lines of all incidents, in order."""
        days = DayTally()
        for row in self.scored:
            if row.kind == DAY:
                days.add(row)
        task = DecidingTask(ScanSettings(), days.days())
        rows = [
            row
            for shelf in range(self.shelves)
            for row in decide_shelf(
                shelf,
                [one for one in self.scored if one.shelf == shelf and one.kind in (CANDIDATES, STANDING)],
                task,
            )
        ]
        found = collect_incidents(row for row in rows if row.kind == INCIDENT)
        return [incident_line(one) for one in found]

    def _decide_homes(self) -> dict[str, str]:
        counts: dict[str, dict[str, int]] = {}
        for domain, owner, _ in {row.names for _, row in self.records if row.kind == HOME}:
            counts.setdefault(domain, {}).setdefault(owner, 0)
            counts[domain][owner] += 1
        known = sorted({name for _, row in self.records if row.kind == EVENTS for name in row.names})
        homes = choose_homes(counts, known)
        return {name: home for name, home in zip(known, homes, strict=True) if name != home}

    def _score(self, since: dict[int, int]) -> list[int]:
        coded = self.table.parent / f"coded-{self.run}-{len(self.replayed)}" if self.parts else None
        task = ScoringTask(
            ScanSettings(), self.homes, frozenset(), since, str(self.table),
            str(coded) if coded else None, self.cut_above, self.parts,
        )  # fmt: skip
        moved = [
            part
            for _, row in self.records
            if row.kind == EVENTS
            for part in (move_events(row, self.homes, self.shelves) if row.place else [row])
        ]
        again = []
        for shelf, day in since.items():
            kept = [
                row
                for row in self.scored
                if row.shelf == shelf
                and day != BEGINNING
                and (row.kind in (FILE, STANDING) or (row.kind == STATE and row.day == day))
            ]
            mine = [row for row in moved if row.shelf == shelf and row.last_day > day]
            found = list(unpack_rows(pack_rows(score_shelf(shelf, [*mine, *kept], task))))
            if any(row.kind == REPLAY for row in found):
                again.append(shelf)
                continue
            if any(row.kind == CUT for row in found):
                self.cut.append(shelf)
                found += self._score_parts(shelf, task)
            self.scored = [row for row in self.scored if row.shelf != shelf or row.day <= day]
            self.scored += [row for row in found if row.kind not in (FROM, CUT)]
        return again

    def _score_parts(self, shelf: int, task: ScoringTask) -> list[LakeRow]:
        """Score the parts as tasks that run at the same time."""

        def score(number: int) -> list[LakeRow]:
            return list(unpack_rows(pack_rows(score_parts(number, self.tasks, [shelf], task))))

        with ThreadPoolExecutor(self.tasks) as pool:
            return [row for rows in pool.map(score, range(self.tasks)) for row in rows]
