"""One run over a lake: add what was read, decide homes, score the shelves that it touches, and decide incidents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import broadcast, col, explode, lit
from pyspark.sql.functions import min as least

from seawall.detection.incidents.coverage import EXPORT_RECORDS
from seawall.events.coder import choose_homes
from seawall.events.problem import Problem
from seawall.spark.deciding import DecidingTask, decide_shelf
from seawall.spark.lake import TABLES, ReadFile, RunDocument, SparkLake
from seawall.spark.moving import move_events
from seawall.spark.part_scoring import score_parts
from seawall.spark.planning import plan_scoring
from seawall.spark.reading import COUNTED, EVENTS, HOME
from seawall.spark.rows import BEGINNING, COLUMNS, SCHEMA, LakeRow, pack_rows, unpack_rows
from seawall.spark.scoring import (
    CANDIDATES,
    CUT,
    FILE,
    FROM,
    REPLAY,
    STANDING,
    STATE,
    ScoringTask,
    score_shelf,
)
from seawall.spark.session import count_slots, count_tasks
from seawall.spark.settings import SparkSettings
from seawall_base import private_files

NAMES = tuple(one.split(" ")[0] for one in COLUMNS.split(", "))
"""Names of the columns of a row."""


class LakeRun:
    """Hold a session and a lake. `add` makes a run; the rest reads what all complete runs wrote."""

    def __init__(self, spark: SparkSession, lake: SparkLake, settings: SparkSettings, out: Path) -> None:
        self.spark, self.lake, self.settings, self.out = spark, lake, settings, out
        self._tasks = count_tasks(spark, settings.partitions)

    def add(
        self, rows: DataFrame, problems: Sequence[Problem], files: Sequence[ReadFile], name: str = ""
    ) -> None:
        """Write rows that were read, and score all that they change. `name` is that of a stream's batch.

        Nothing counts before the run's document is written last: a run that is stopped is begun again.
        """
        number = self.lake.number
        self.lake.begin(number)
        own = [LakeRow(COUNTED, place=-1, content=msgspec.json.encode({"files": {}, "problems": problems}))]
        rows = rows.unionByName(self._make_frame(own)) if problems else rows
        rows.write.parquet(self.lake.place("records", number))
        known = self._list_organisations(number)
        homes = self._decide_homes(number, known)
        since = self._plan(number, homes, known)
        with self.lake.open_coded(number) as coded:
            task = self._make_task(number, homes, since, coded)
            again, cut = self._score(number, 0, task)
            if again:
                task = replace(task, since=dict.fromkeys(again, BEGINNING))
                cut |= self._score(number, 1, task)[1]
            if cut:
                self._score_parts(number, 2, task, cut)
        self.lake.finish(RunDocument(number, name, list(files), homes))

    def read_records(self, number: int | None = None) -> DataFrame:
        """Return the rows that the complete runs read, with the number of their run; and those of the run `number`."""
        return self._read("records", number)

    def read_scored(self, number: int | None = None) -> DataFrame:
        """Return the rows that the complete runs scored and no later run replaced."""
        rows = self._read("scored", number)
        later = rows.where(col("kind") == FROM).select(
            col("shelf").alias("of"), col("day").alias("since"), col("run").alias("by")
        )
        is_replaced = (rows.shelf == later.of) & (later.since < rows.day) & (later.by > rows.run)
        return rows.join(broadcast(later), is_replaced, "left_anti")

    def decide(self, days: int) -> DataFrame:
        """Return the incidents and limits of all shelves, over so many days."""
        task = DecidingTask(self.settings.scan, days)

        def decide(key: tuple[pa.Scalar, ...], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            yield from pack_rows(decide_shelf(key[0].as_py(), unpack_rows(batches), task))

        rows = self.read_scored().where(col("kind").isin(CANDIDATES, STANDING)).select(*NAMES)
        return rows.repartition(self._tasks, "shelf").groupBy("shelf").applyInArrow(decide, COLUMNS)

    def _read(self, kind: str, number: int | None) -> DataFrame:
        numbers = [run.number for run in self.lake.runs] + ([] if number is None else [number])
        places = self.lake.list_places(kind, numbers)
        if not places:
            return self._make_frame([]).withColumn("run", lit(0))
        base = str(self.lake.folder / kind)
        reader = self.spark.read.schema(f"{COLUMNS}, run int, part int").option("basePath", base)
        return reader.parquet(*places).select(*NAMES, "run")

    def _make_frame(self, rows: Sequence[LakeRow]) -> DataFrame:
        batches = list(pack_rows(rows)) or [pa.RecordBatch.from_pylist([], SCHEMA)]
        table = pa.Table.from_batches(batches)
        return self.spark.createDataFrame(table, schema=COLUMNS)

    def _decide_homes(self, number: int, organisations: dict[str, int]) -> dict[str, str]:
        """Return the organisations that are another one's domain, from all records so far."""
        rows = self.read_records(number)
        names = rows.where(col("kind") == HOME).select("names").distinct()
        counted = names.groupBy(col("names")[0], col("names")[1]).count().collect()
        counts: dict[str, dict[str, int]] = {}
        for domain, owner, count in counted:
            counts.setdefault(domain, {})[owner] = count
        known = sorted(organisations)
        return {
            name: home for name, home in zip(known, choose_homes(counts, known), strict=True) if name != home
        }

    def _list_organisations(self, number: int) -> dict[str, int]:
        """Return the organisations as records state them, and the first run that read each."""
        rows = self.read_records(number).where(col("kind") == EVENTS)
        named = rows.select(explode("names").alias("name"), "run")
        return dict(named.groupBy("name").agg(least("run")).collect())

    def _plan(self, number: int, homes: dict[str, str], known: dict[str, int]) -> dict[int, int]:
        rows = self.read_records(number).where(col("kind") == EVENTS)
        new = rows.where(col("run") == number).select("names", "day").collect()
        states = self.read_scored().where(col("kind") == STATE).select("shelf", "day").collect()
        before = {name for name, run in known.items() if run < number}
        old = self.lake.runs[-1].homes if self.lake.runs else {}
        changed = {name for name in before if old.get(name, name) != homes.get(name, name)}
        return plan_scoring(
            ((list(names), day) for names, day in new),
            ((shelf, day) for shelf, day in states),
            homes,
            [*(old.get(name, name) for name in changed), *(homes.get(name, name) for name in changed)],
            self.lake.shelves,
        )

    def find_full_files(self, number: int | None = None) -> frozenset[str]:
        """Return the files with as many records as an audit search exports."""
        rows = self.read_records(number).where(col("kind") == COUNTED).select("content")
        most: dict[str, int] = {}
        for (content,) in rows.toLocalIterator():
            for name, counts in msgspec.json.decode(content)["files"].items():
                most[name] = max(most.get(name, 0), counts["highest"])
        return frozenset(name for name, highest in most.items() if highest == EXPORT_RECORDS)

    def _make_task(
        self, number: int, homes: dict[str, str], since: dict[int, int], coded: str
    ) -> ScoringTask:
        events, chosen = self.out / TABLES / "events", self.settings
        private_files.make_folder(events)
        full = self.find_full_files(number)
        return ScoringTask(
            chosen.scan, homes, full, since, str(events), coded, chosen.cut_above, chosen.parts
        )

    def _score(self, number: int, part: int, task: ScoringTask) -> tuple[list[int], dict[int, int]]:
        """Score shelves. Return those that must be scored again from the beginning, and the parts of those that were cut."""

        def score(key: tuple[pa.Scalar, ...], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            yield from pack_rows(score_shelf(key[0].as_py(), unpack_rows(batches), task))

        rows = self._select_events(number, task).unionByName(self._select_kept(task.since))
        marks = self._make_frame([LakeRow(FROM, shelf) for shelf in task.since])
        shelves = rows.unionByName(marks).repartition(self._tasks, "shelf").groupBy("shelf")
        place = self.lake.place("scored", number, part)
        shelves.applyInArrow(score, COLUMNS).write.parquet(place)
        written = self.spark.read.schema(COLUMNS).parquet(place).where(col("kind").isin(REPLAY, CUT))
        found = written.select("kind", "shelf", "rows").collect()
        again = [row.shelf for row in found if row.kind == REPLAY]
        return again, {row.shelf: row.rows for row in found if row.kind == CUT}

    def _score_parts(self, number: int, part: int, task: ScoringTask, cut: dict[int, int]) -> None:
        """Score the parts of shelves that were cut: `cut` has the number of parts of each."""
        shelves = sorted(cut)
        tasks = min(self._tasks, count_slots(self.spark), max(cut.values()))

        def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                for place in batch.column("id").to_pylist():
                    yield from pack_rows(score_parts(place, tasks, shelves, task))

        numbers = self.spark.range(0, tasks, 1, tasks)
        rows = numbers.mapInArrow(score, COLUMNS, barrier=tasks > 1)
        # written by other tasks: what one of these wrote could not be taken back when all run again
        rows.repartition(self._tasks).write.parquet(self.lake.place("scored", number, part))

    def _make_since(self, since: Mapping[int, int]) -> DataFrame:
        table = pa.table(
            {"of": pa.array(list(since), pa.int32()), "since": pa.array(list(since.values()), pa.int32())}
        )
        return broadcast(self.spark.createDataFrame(table))

    def _select_events(self, number: int, task: ScoringTask) -> DataFrame:
        """Return the events to score, on the shelves of their present organisations."""
        rows = self.read_records(number).where(col("kind") == EVENTS)
        homes, since, shelves = task.homes, task.since, self.lake.shelves
        chosen = self._make_since(since)

        def move(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for row in unpack_rows(batches):
                found = move_events(row, homes, shelves)
                yield from pack_rows(
                    one for one in found if one.last_day > since.get(one.shelf, one.last_day)
                )

        settled = rows.where(col("place") == 0)
        settled = settled.join(chosen, (settled.shelf == chosen.of) & (settled.last_day > chosen.since))
        moved = rows.where(col("place") == 1).select(*NAMES).mapInArrow(move, COLUMNS)
        return settled.select(*NAMES).unionByName(moved)

    def _select_kept(self, since: Mapping[int, int]) -> DataFrame:
        """Return the states before the days to score, and the files of the table that hold earlier days."""
        chosen = self._make_since({shelf: day for shelf, day in since.items() if day != BEGINNING})
        rows = self.read_scored().where(col("kind").isin(STATE, FILE, STANDING))
        joined = rows.join(chosen, rows.shelf == chosen.of)
        return joined.where((col("kind") != STATE) | (col("day") == col("since"))).select(*NAMES)
