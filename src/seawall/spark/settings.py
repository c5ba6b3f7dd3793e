"""The options of a scan on Spark."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from seawall.pipeline.scan import ScanSettings

FILES_UP_TO = 5_000_000
"""Events up to which a scan on Spark writes the files of a scan that grow with the events."""

CUT_ABOVE, PARTS = 50_000, 8
"""Accounts of a shelf above which it is cut by account, and into how many parts."""

_FEWEST, _MOST, _FOR_EACH = 8, 1 << 12, 4
"""Shelves without a choice: for each task so many, within these bounds. Each costs a fixed time a day, however empty."""


@dataclass(frozen=True, slots=True)
class SparkSettings:
    """Options of a scan on Spark.

    `scan` are those of a scan on one machine. `shelves` is the number of parts into which organisations are divided, None for
    four to a task; it is fixed when a lake is made, since an organisation is on one shelf for ever. `partitions` is the number
    of tasks of a stage, None for what the cluster has cores for. `piece_bytes` is the size of files that one task reads, about.
    Up to `files_up_to` events, the driver also writes `events.parquet` and `raw-records.parquet`, as a scan does.
    A shelf that has had more than `cut_above` accounts is cut into `parts`, which are scored at the same time; their number
    then stays.
    """

    scan: ScanSettings = field(default_factory=ScanSettings)
    shelves: int | None = None
    partitions: int | None = None
    piece_bytes: int = 64 << 20
    files_up_to: int = FILES_UP_TO
    cut_above: int = CUT_ABOVE
    parts: int = PARTS

    def choose_shelves(self, tasks: int) -> int:
        """Return the number of shelves of a new lake, for stages of so many tasks."""
        return self.shelves or min(max(_FOR_EACH * tasks, _FEWEST), _MOST)

    def with_absolute_paths(self) -> Self:
        """Return the settings with paths that mean the same files to executors, whose working folders are others."""
        mmdb = tuple(path.absolute() for path in self.scan.mmdb)
        rules = tuple(path.absolute() for path in self.scan.rules)
        return replace(self, scan=replace(self.scan, mmdb=mmdb, rules=rules))
