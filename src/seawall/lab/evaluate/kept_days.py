"""Keep a world's coded days, so that an idea is tried without reading its logs again.

A folder holds one Arrow file for each day, `vocabularies.arrow`, and `kept.json` with what the days depend on. Nothing in it is
executed when it is read.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.coded_batch import CodedBatch, Vocabulary
from seawall.events.coder import NUMBERS, TEXTS
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.storage import Coder, Spool
from seawall_base.errors import InputUnreadable
from seawall_base.read_ahead import read_ahead

ABOUT = "kept.json"
VOCABULARIES = "vocabularies.arrow"
FORMAT = 1


def ensure_kept(logs: Path, folder: Path, rules: RuleSet) -> KeptDays:
    """Return the coded days of a folder of logs; code and keep them in `folder` unless they are there.

    Raises `InputUnreadable` if other rules or columns coded them: delete the folder then.
    """
    if not (folder / ABOUT).exists():
        _keep(logs, folder, rules)
    return KeptDays(folder, rules)


def _keep(logs: Path, folder: Path, rules: RuleSet) -> None:
    coder, networks, events = Coder(marks=rules.mark), Networks.load(), 0
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".spool-", dir=folder) as scratch:
        spool = Spool(Path(scratch))
        for part in read_ahead(read([logs])):
            if part.events.num_rows:
                spool.add(coder.encode(enrich(part.events, networks)))
        spool.settle(*coder.settle())
        for day in spool.days():
            batch, _ = spool.load(day)
            events += len(batch)
            _write(folder / f"day-{day}.arrow", _as_table(batch))
        names = dict(spool.vocabularies)
    columns = {
        name: pa.array([vocabulary.values], pa.list_(pa.string())) for name, vocabulary in names.items()
    }
    _write(folder / VOCABULARIES, pa.table(columns))
    about = {"format": FORMAT, "events": events, "columns": _columns(), "rules": _digests(rules)}
    (folder / ABOUT).write_text(json.dumps(about), encoding="utf-8")


class KeptDays:
    """The coded days of one world. `events` is their number of events, `vocabularies` what codes mean, by column."""

    def __init__(self, folder: Path, rules: RuleSet) -> None:
        """Open a folder. Raises `InputUnreadable` if other rules or columns coded it."""
        about: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        expected = {"format": FORMAT, "columns": _columns(), "rules": _digests(rules)}
        if any(about.get(name) != value for name, value in expected.items()):
            raise InputUnreadable(
                f"the coded days in {folder} are of other rules or columns",
                fix="delete the folder, and they are coded again",
            )
        self.events = int(about["events"])
        self._folder = folder
        row = _read(folder / VOCABULARIES)
        self.vocabularies = {name: Vocabulary(row[name][0].values) for name in row.schema.names}

    def load(self) -> Iterator[tuple[int, CodedBatch]]:
        """Yield each day's number and events, in order."""
        days = sorted(int(path.stem.removeprefix("day-")) for path in self._folder.glob("day-*.arrow"))
        for day in days:
            yield day, self._as_batch(_read(self._folder / f"day-{day}.arrow"))

    def _as_batch(self, rows: pa.RecordBatch) -> CodedBatch:
        return CodedBatch(
            rows["time"].to_numpy(),
            {name: rows[f"code {name}"].to_numpy() for name in self.vocabularies},
            {name: rows[f"number {name}"].to_numpy() for name in NUMBERS},
            {name: rows[f"text {name}"] for name in TEXTS},
            rows["actor"].to_numpy(),
            self.vocabularies,
        )


def _as_table(batch: CodedBatch) -> pa.Table:
    everything = np.arange(len(batch))
    columns: dict[str, Any] = {"time": batch.time, "actor": batch.actor}
    columns |= {f"code {name}": column for name, column in batch.codes.items()}
    columns |= {f"number {name}": column for name, column in batch.numbers.items()}
    columns |= {f"text {name}": column.take(pa.array(everything)) for name, column in batch.texts.items()}
    return pa.table(columns)


def _columns() -> list[str]:
    return [*NUMBERS, *TEXTS]


def _digests(rules: RuleSet) -> list[list[str]]:
    return [[about.id, str(about.digest)] for about in rules.abouts]


def _write(path: Path, table: pa.Table) -> None:
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table.combine_chunks())


def _read(path: Path) -> pa.RecordBatch:
    with pa.memory_map(str(path), "rb") as source:
        table = pa.ipc.open_file(source).read_all()
    return table.combine_chunks().to_batches()[0]
