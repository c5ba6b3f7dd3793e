"""Let the tasks that score the parts of a shelf exchange what their accounts share, through files of the lake.

All tasks of a barrier stage run at the same time, and if one fails, Spark runs all of them again. So a task may wait for what
another one writes. The barrier that Spark itself offers takes a second each time, and a day has eight rounds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from seawall.detection.tallies import Exchange, merge_exchanges
from seawall.spark.part_files import PartFiles

_SHORTEST, _LONGEST = 0.002, 0.2
"""Seconds between looks for a file that is not there yet, at first and later."""

_PATIENCE: Final = 6 * 3600.0
"""Seconds after which a task no longer waits for another one: Spark would have ended both long before."""


@dataclass(frozen=True, slots=True)
class FileExchange:
    """Exchange between so many tasks, of which this is `number`. One task needs no files."""

    folder: Path
    number: int
    tasks: int

    def merge(self, name: str, own: Iterable[Exchange]) -> Exchange:
        """Return what all tasks told under a name, which is used once; `own` is what the parts of this task tell."""
        mine = merge_exchanges(own)
        if self.tasks == 1:
            return mine
        files = PartFiles(self.folder / name)
        files.write(str(self.number), mine.pack())
        _wait(files.folder, {str(one) for one in range(self.tasks)})
        others = [Exchange.unpack(files.read(str(one))) for one in range(self.tasks) if one != self.number]
        return merge_exchanges([mine, *others])


def _wait(folder: Path, names: set[str]) -> None:
    """Wait until files are there. A look reads the folder anew: of single names, network file systems remember the lack."""
    started, pause, parent = time.monotonic(), _SHORTEST, os.getppid()
    while not names.issubset(path.name for path in folder.iterdir()):
        if time.monotonic() - started > _PATIENCE:
            raise TimeoutError(f"{folder}: another task of this stage does not answer")
        if os.getppid() != parent:
            raise TimeoutError("the executor of this task has ended")
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST)
