"""Publishes a lake as a Delta table: brings its log to what the folders hold, and deletes merged parts an hour later.

Whoever opened an earlier version of the table may still read the parts that it names. Compaction therefore marks a merged
part as retired where the lake is published. Questions to the lake leave retired parts out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from seawall.storage.lake import keeping, layout, locks
from seawall.storage.lake.delta_actions import (
    PROTOCOL,
    Action,
    add_part,
    describe_commit,
    describe_table,
    remove_part,
    schema_text,
)
from seawall.storage.lake.delta_log import DeltaLog, TableState
from seawall.storage.lake.footers import Footers
from seawall.storage.lake.outcomes import Published

RETIRED_MILLISECONDS = 3_600_000
"""How long a merged part stays for those who read an earlier version."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """What publishing needs of a lake: its folder, its log, and the footers it remembers."""

    root: Path
    log: DeltaLog
    footers: Footers

    def publish(self, at: int) -> Published:
        """Write a version of what the folders hold, if that changed; `at` is the time now in microseconds.

        A part whose footer cannot be read is left out, for a Delta reader would fail on it.
        """
        with locks.hold_lock(self.root, "keeping", exclusive=True):
            return self._publish(at)

    def publish_if_free(self, at: int) -> Published | None:
        """Do the same unless somebody compacts, prunes, backs up or publishes just now: then return None at once."""
        with locks.alone(self.root, "keeping") as is_free:
            return self._publish(at) if is_free else None

    def _publish(self, at: int) -> Published:
        with locks.hold_lock(self.root, "writing"):
            state = self.log.read()
            live, retired = self._listed()
            added = [
                action
                for path in sorted(live.keys() - state.added)
                if (action := self._add(path, live[path])) is not None
            ]
            removed = [remove_part(path, at) for path in sorted(state.added - live.keys())]
            described = [] if state.schema == schema_text() else [PROTOCOL, describe_table(at)]
            if described or added or removed:
                actions = [describe_commit(at), *described, *removed, *added]
                self.log.commit(actions, at // 1000 - RETIRED_MILLISECONDS)
            state = self.log.read()
            for path, file in retired.items():
                if not _is_still_read(path, state, at // 1000):
                    keeping.discard(file)
        return Published(state.version, len(state.added), len(added), len(removed))

    def _listed(self) -> tuple[dict[str, Path], dict[str, Path]]:
        """Return the parts that count, and those that are retired, each by its path in the lake."""
        live: list[Path] = []
        retired: list[Path] = []
        for folder in layout.folders(self.root):
            for _, day in layout.days(folder):
                here, gone = layout.contents(day)
                live += here
                retired += gone
        return _by_path(live), _by_path(retired)

    def _add(self, path: str, file: Path) -> Action | None:
        try:
            return add_part(path, self.footers.of(file))
        except (OSError, pa.ArrowException, ValueError):
            return None


def _is_still_read(path: str, state: TableState, now: int) -> bool:
    """Whether a version names a retired part, or did less than an hour ago; `now` in milliseconds."""
    removed = state.removed.get(path)
    return path in state.added or (removed is not None and now - removed < RETIRED_MILLISECONDS)


def _by_path(files: list[Path]) -> dict[str, Path]:
    """Return files by their paths in the lake: folder of parts, organisation, day, name."""
    return {"/".join(file.parts[-4:]): file for file in files}
