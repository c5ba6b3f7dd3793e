"""Publish a lake as a Delta table: update its log from the folders, and delete merged parts after an hour.

A reader of an earlier version of the table may still need parts that were merged since. In a published lake, compaction
therefore only marks such parts as retired. The lake's own queries ignore retired parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from seawall.storage.lake import layout, locks, maintenance
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
from seawall.storage.lake.outcomes import PublicationResult

RETIRED_MILLISECONDS = 3_600_000
"""Time after which a retired part is deleted."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """The parts of a lake that publishing needs: root folder, Delta log, cached footers."""

    root: Path
    log: DeltaLog
    footers: Footers

    def publish(self, at: int) -> PublicationResult:
        """Write a new version if the parts have changed; `at` is the current time in microseconds since 1970.

        A part with an unreadable footer is left out, because a Delta reader would fail on it.
        """
        with locks.hold_lock(self.root, "keeping", exclusive=True):
            return self._publish(at)

    def publish_if_free(self, at: int) -> PublicationResult | None:
        """Do the same, but return None at once while another process compacts, prunes, backs up or publishes."""
        with locks.alone(self.root, "keeping") as is_free:
            return self._publish(at) if is_free else None

    def _publish(self, at: int) -> PublicationResult:
        with locks.hold_lock(self.root, "writing"):
            state = self.log.read()
            live, retired = self._list_parts()
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
                    maintenance.discard(file)
        return PublicationResult(state.version, len(state.added), len(added), len(removed))

    def _list_parts(self) -> tuple[dict[str, Path], dict[str, Path]]:
        """Return the current parts and the retired parts, each by its path within the lake."""
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
    """Return whether the newest version names a retired part, or removed it less than an hour ago; `now` is in
    milliseconds.
    """
    removed = state.removed.get(path)
    return path in state.added or (removed is not None and now - removed < RETIRED_MILLISECONDS)


def _by_path(files: list[Path]) -> dict[str, Path]:
    """Return files by their path within the lake: `tenants/<organisation>/<day>/<part>`."""
    return {"/".join(file.parts[-4:]): file for file in files}
