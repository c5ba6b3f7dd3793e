"""The Delta log of a lake: `_delta_log/<version>.json` lists the parts that a version adds and removes, for Delta readers.

The lake itself reads its folders and not this log. A damaged log is deleted and written anew. Each file of the log is on
disk before it gets its name. Only one process may write: callers hold the lock `keeping`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from seawall.storage.errors import LakeBroken
from seawall.storage.lake.delta_actions import Action
from seawall.storage.lake.layout import INCOMING, unreadable
from seawall.storage.lake.parts import settle

LOG = "_delta_log"
CHECKPOINT = 100
"""Number of versions after which a checkpoint, a Parquet file, sums up all earlier versions."""

_VERSION = re.compile(r"([0-9]{20})\.json")
_CHECKPOINT = re.compile(r"([0-9]{20})\.checkpoint\.parquet")
_TEXTS = pa.map_(pa.string(), pa.string())
_ADD = pa.struct(
    [
        ("path", pa.string()),
        ("partitionValues", _TEXTS),
        ("size", pa.int64()),
        ("modificationTime", pa.int64()),
        ("dataChange", pa.bool_()),
        ("stats", pa.string()),
    ]
)
_REMOVE = pa.struct([("path", pa.string()), ("deletionTimestamp", pa.int64()), ("dataChange", pa.bool_())])
_METADATA = pa.struct(
    [
        ("id", pa.string()),
        ("name", pa.string()),
        ("format", pa.struct([("provider", pa.string()), ("options", _TEXTS)])),
        ("schemaString", pa.string()),
        ("partitionColumns", pa.list_(pa.string())),
        ("configuration", _TEXTS),
        ("createdTime", pa.int64()),
    ]
)
_PROTOCOL = pa.struct(
    [
        ("minReaderVersion", pa.int32()),
        ("minWriterVersion", pa.int32()),
        ("writerFeatures", pa.list_(pa.string())),
    ]
)
_CHECKPOINT_SCHEMA = pa.schema(
    [("protocol", _PROTOCOL), ("metaData", _METADATA), ("add", _ADD), ("remove", _REMOVE)]
)


@dataclass(slots=True)
class TableState:
    """The table after all versions: newest version (-1 for none), schema, current parts, and removed parts with time (ms)."""

    version: int = -1
    schema: str = ""
    added: set[str] = field(default_factory=set)
    removed: dict[str, int] = field(default_factory=dict)

    def apply(self, actions: Sequence[Action]) -> None:
        """Apply the actions of one version. Raises `KeyError`, `TypeError` or `ValueError` for malformed actions."""
        for action in actions:
            if "add" in action:
                path = action["add"]["path"]
                self.added.add(path)
                self.removed.pop(path, None)
            elif "remove" in action:
                path = action["remove"]["path"]
                self.added.discard(path)
                self.removed[path] = int(action["remove"]["deletionTimestamp"])
            elif "metaData" in action:
                self.schema = action["metaData"]["schemaString"]


class DeltaLog:
    """The Delta log of one lake. It caches the state it read until a later version appears."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / LOG
        self._state = TableState()
        self._identity: tuple[int, int] | None = None

    def read(self) -> TableState:
        """Return the state of the table; version -1 if there is no log or it is damaged."""
        state = self._state
        if state.version < 0 or not self._is_newest(state.version):
            self._state = state = self._read()
            self._identity = self._identity_of(state.version)
        return state

    def clear(self) -> None:
        """Delete the log, so that the next version is the first."""
        self._state = TableState()
        try:
            for path in sorted(self._list_files(), reverse=True):
                path.unlink()
        except OSError as error:
            raise unreadable(self._folder, error) from error

    def commit(self, actions: Sequence[Action], forget_before: int) -> int:
        """Write the next version and return its number; the version is on disk on return.

        Every `CHECKPOINT` versions it also writes a checkpoint, without parts that were removed before `forget_before`
        (ms).
        """
        state = self.read()
        version = state.version + 1
        path = self._folder / f"{version:020d}.json"
        try:
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700)
                settle(self._root)
            if os.path.lexists(path):
                raise LakeBroken(
                    f"{path}: written by another program",
                    fix="stop the other program; only Seawall may write the events",
                )
            self._put(path, "".join(json.dumps(action) + "\n" for action in actions).encode())
            state.apply(actions)
            state.version = version
            self._identity = self._identity_of(version)
            if version % CHECKPOINT == 0 and version:
                self._write_checkpoint(version, forget_before)
        except OSError as error:
            self._state = TableState()
            raise unreadable(path, error) from error
        return version

    def _is_newest(self, version: int) -> bool:
        """Return whether no later version exists and the file of this version is unchanged since it was read or written."""
        following = self._folder / f"{version + 1:020d}.json"
        return not following.exists() and self._identity_of(version) == self._identity is not None

    def _identity_of(self, version: int) -> tuple[int, int] | None:
        try:
            status = (self._folder / f"{version:020d}.json").stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

    def _list_files(self) -> list[Path]:
        try:
            return list(self._folder.iterdir())
        except FileNotFoundError:
            return []

    def _read(self) -> TableState:
        state = TableState()
        try:
            for version, actions in self._versions():
                state.apply(actions)
                state.version = version
        except (ValueError, KeyError, TypeError, AttributeError, pa.ArrowException):
            self.clear()
            return TableState()
        except OSError as error:
            raise unreadable(self._folder, error) from error
        return state

    def _versions(self) -> Iterator[tuple[int, list[Action]]]:
        """Yield (version, actions) of the newest checkpoint and of each later version. Raises `ValueError` if one is
        damaged or missing.
        """
        names = [path.name for path in self._list_files()]
        start = max((int(found[1]) for name in names if (found := _CHECKPOINT.fullmatch(name))), default=-1)
        if start >= 0:
            yield start, self._read_checkpoint(start)
        later = sorted(int(found[1]) for name in names if (found := _VERSION.fullmatch(name)))
        later = [version for version in later if version > start]
        if later != list(range(start + 1, start + 1 + len(later))):
            raise ValueError("versions are missing")
        for version in later:
            lines = (self._folder / f"{version:020d}.json").read_text("utf-8").splitlines()
            yield version, [json.loads(line) for line in lines]

    def _read_checkpoint(self, version: int) -> list[Action]:
        with (self._folder / f"{version:020d}.checkpoint.parquet").open("rb") as file:
            rows = pq.read_table(file, schema=_CHECKPOINT_SCHEMA).to_pylist(maps_as_pydicts="strict")
        return [{name: value for name, value in row.items() if value is not None} for row in rows]

    def _write_checkpoint(self, version: int, forget_before: int) -> None:
        """Write a checkpoint of a version and the pointer to it, and delete the files before the previous checkpoint."""
        rows = self._in_force(forget_before)
        sink = pa.BufferOutputStream()
        with pq.ParquetWriter(sink, _CHECKPOINT_SCHEMA, compression="snappy") as writer:
            writer.write_table(pa.Table.from_pylist(rows, schema=_CHECKPOINT_SCHEMA))
        self._put(self._folder / f"{version:020d}.checkpoint.parquet", sink.getvalue().to_pybytes())
        self._put(
            self._folder / "_last_checkpoint", json.dumps({"version": version, "size": len(rows)}).encode()
        )
        oldest = f"{version - CHECKPOINT:020d}"
        for path in self._list_files():
            is_ours = _VERSION.fullmatch(path.name) or _CHECKPOINT.fullmatch(path.name)
            if is_ours and path.name[:20] < oldest:
                path.unlink(missing_ok=True)

    def _in_force(self, forget_before: int) -> list[Action]:
        parts: dict[str, Action] = {}
        others: dict[str, Action] = {}
        for _, actions in self._versions():
            for action in actions:
                [(kind, values)] = action.items()
                if kind in ("add", "remove"):
                    parts[values["path"]] = action
                elif kind in ("protocol", "metaData"):
                    others[kind] = action
        self._state.removed = {
            path: time for path, time in self._state.removed.items() if time >= forget_before
        }
        kept = [action for path, action in parts.items() if "add" in action or path in self._state.removed]
        return [*others.values(), *kept]

    def _put(self, path: Path, content: bytes) -> None:
        """Write a file atomically and durably, with permissions for this user alone."""
        waiting = self._root / INCOMING / f"{uuid4().hex}.log"
        try:
            descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            waiting.replace(path)
            settle(path.parent)
        finally:
            with suppress(OSError):
                waiting.unlink(missing_ok=True)
