"""The followed files: recognise them by inode and content, and track their states."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seawall.events.formats.containers import is_container
from seawall.events.formats.files import name_of
from seawall.events.formats.growing_text import first_place, is_complete
from seawall.events.formats.json_records import HEAD
from seawall.events.readers import Limits
from seawall.pipeline.tail.checkpoint import FileState, continues, heads_of, learn, restore_state, shares_head
from seawall.pipeline.tail.handles import FileHandleCache
from seawall.pipeline.tail.timing import TailTiming
from seawall_base.regular_files import open_regular

Inode = tuple[int, int]


@dataclass(slots=True)
class FollowedFile:
    """A followed file in memory: its state, its path, and how it last looked.

    `look` is (size, modification time in ns), unchanged since `since`. `is_idle`: nothing to do until it changes. `absent`
    is the time since which it has no path.
    """

    key: str
    state: FileState
    path: Path
    look: tuple[int, int] = (-1, -1)
    since: float = 0.0
    is_idle: bool = False
    absent: float | None = None

    @property
    def grows(self) -> bool:
        """Return whether it is read as it grows."""
        return self.state.place is not None and self.state.place.shape != "whole"

    def see(self, size: int, changed_ns: int, now: float) -> None:
        """Note the file's present size and modification time."""
        if self.look != (size, changed_ns):
            self.look, self.since, self.is_idle = (size, changed_ns), now, False


class KnownFiles:
    """Followed files by key and by inode."""

    def __init__(
        self, checkpoint: Mapping[str, Mapping[str, Any]], limits: Limits, patience: TailTiming
    ) -> None:
        self._limits, self._patience = limits, patience
        self._files: dict[str, FollowedFile] = {}
        self._by_inode: dict[Inode, FollowedFile] = {}
        self._unknown: dict[Inode, FollowedFile] = {}
        self._by_head: dict[str, set[str]] = {}
        self._changes: dict[str, dict[str, Any] | None] = {}
        self.handles = FileHandleCache(patience.open_files)
        for key, value in checkpoint.items():
            file = FollowedFile(key, state := restore_state(value), Path(state.path))
            self._files[key] = file
            self._index(file)
            if not state.gone:
                self._by_inode[state.device, state.inode] = file

    def _unindex(self, file: FollowedFile) -> None:
        for head in file.state.heads[:1]:
            self._by_head.get(head, set()).discard(file.key)

    def changes(self) -> dict[str, dict[str, Any] | None]:
        """Return the changed states since the last call."""
        changes, self._changes = self._changes, {}
        return changes

    def set(self, file: FollowedFile, state: FileState) -> None:
        """Set a new state of a file."""
        if state != file.state or file.key not in self._files:
            self._files[file.key] = file
            if state.heads[:1] != file.state.heads[:1]:
                self._unindex(file)
            file.state = state
            self._index(file)
            self._changes[file.key] = state.plain()

    def _index(self, file: FollowedFile) -> None:
        for head in file.state.heads[:1]:
            self._by_head.setdefault(head, set()).add(file.key)

    def count_unread_bytes(self, present: Iterable[tuple[Inode, int]]) -> int:
        """Return the number of unread bytes of the files with these inodes and sizes, as far as known."""
        left = 0
        for inode, size in present:
            file = self._by_inode.get(inode)
            if file is None:
                left += size
            elif file.grows:
                left += max(size - file.state.offset, 0)
            elif not (file.state.is_done and file.state.size == size):
                left += size
        return left

    @property
    def is_idle(self) -> bool:
        """Return whether there is nothing to do until a file changes."""
        return all(file.is_idle for file in self._by_inode.values()) and not any(
            file.look[0] for file in self._unknown.values()
        )

    def absent(self, present: Iterable[Inode], now: float) -> list[FollowedFile]:
        """Return the files that have no path any more."""
        missing = [self._by_inode[inode] for inode in self._by_inode.keys() - set(present)]
        for file in missing:
            file.absent = now if file.absent is None else file.absent
        self._unknown = {inode: file for inode, file in self._unknown.items() if inode in set(present)}
        return sorted(missing, key=lambda file: file.state.path)

    def recognise(self, path: Path, status: os.stat_result, now: float) -> FollowedFile | None:
        """Return the known file of this inode, None if its content was replaced. Raises `OSError`."""
        file = self._by_inode.get((status.st_dev, status.st_ino))
        if file is None:
            return None
        file.see(status.st_size, status.st_mtime_ns, now)
        file.absent, file.path = None, path
        if file.state.path != name_of(path):
            self.set(file, replace(file.state, path=name_of(path)))
        if file.is_idle or not file.grows:
            return file
        descriptor = self.handles.get(file.key, path)
        now_open = os.fstat(descriptor)
        if (now_open.st_dev, now_open.st_ino) != (file.state.device, file.state.inode):
            # replaced since the last look: from the next look on it is another file
            self.handles.drop(file.key)
            return file
        if continues(file.state, descriptor, now_open.st_size):
            return file
        self.leave(file)
        return None

    def meet(self, path: Path, status: os.stat_result, now: float) -> FollowedFile | None:
        """Return the file of an unknown inode, None while its format cannot be determined. Raises `OSError`."""
        inode = status.st_dev, status.st_ino
        file = self._unknown.setdefault(inode, FollowedFile("", FileState(name_of(path), *inode), path))
        file.see(status.st_size, status.st_mtime_ns, now)
        file.path = path
        if status.st_size == 0:
            return None
        descriptor = open_regular(path)
        try:
            opened = os.fstat(descriptor)
            if (opened.st_dev, opened.st_ino) != inode:
                return None
            head = os.pread(descriptor, HEAD, 0)
            is_settled = self.is_settled(file, head, now)
            found = self._identify(file, descriptor, head, opened.st_size, is_settled=is_settled)
        finally:
            os.close(descriptor)
        if found is not None:
            found.look, found.since, found.path = file.look, file.since, path
            found.is_idle, found.absent = False, None
            self._by_inode[inode] = found
            del self._unknown[inode]
        return found

    def is_settled(self, file: FollowedFile, head: bytes, now: float) -> bool:
        """Return whether a file with this beginning was unchanged long enough to determine its format.

        A single line that is no complete document may still be incomplete, and waits longer.
        """
        is_half = len(head) < HEAD and b"\n" not in head and not is_container(head)
        is_half = is_half and not is_complete(head, self._limits)
        return now - file.since >= (self._patience.finish if is_half else self._patience.settle)

    def _identify(
        self, file: FollowedFile, descriptor: int, head: bytes, size: int, *, is_settled: bool
    ) -> FollowedFile | None:
        """Return the known file that disappeared and came back, or a new one."""
        state = replace(file.state, path=name_of(file.path), heads=heads_of(descriptor, size))
        near = sorted(self._by_head.get(state.heads[0], ())) if state.heads else []
        alike = [self._files[key] for key in near if shares_head(self._files[key].state.heads, state.heads)]
        for known in sorted(alike, key=lambda known: -known.state.offset):
            old = known.state
            is_same_whole = old.is_done and (old.size, old.changed_ns) == file.look
            if old.gone and (is_same_whole or (old.offset and continues(old, descriptor, size))):
                self.set(known, replace(old, path=state.path, device=state.device, inode=state.inode, gone=0))
                return known
        if not is_settled and (alike or not state.heads):
            # perhaps an unfinished copy of a file that is about to be emptied
            return None
        place = first_place(head, self._limits, is_settled=is_settled)
        if place is None:
            return None
        fresh = FollowedFile(self._fresh_key(state), state, file.path)
        self.set(fresh, learn(replace(state, place=place), descriptor, size))
        return fresh

    def _fresh_key(self, state: FileState) -> str:
        number = 1
        while (key := f"{state.device:x}-{state.inode:x}-{number}") in self._files:
            number += 1
        return key

    def leave(self, file: FollowedFile) -> None:
        """Stop following a file that disappeared. Its state is remembered for a while, in case it comes back."""
        self.handles.drop(file.key)
        self._by_inode.pop((file.state.device, file.state.inode), None)
        if not file.state.offset and not file.state.is_done:
            self._drop(file.key)
            return
        gone = {known.state.gone: key for key, known in self._files.items() if known.state.gone}
        self.set(file, replace(file.state, gone=max(gone, default=0) + 1))
        for number in sorted(gone)[: max(len(gone) + 1 - self._patience.gone, 0)]:
            self._drop(gone[number])

    def _drop(self, key: str) -> None:
        file = self._files.pop(key, None)
        if file is not None:
            self._unindex(file)
            self._changes[key] = None
