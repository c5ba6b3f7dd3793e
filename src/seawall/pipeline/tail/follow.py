"""Follow files and folders by polling: read added data once.

A file is identified by device, inode and first bytes, whatever its path. A rotated log is therefore read to its end under
its new name, and the file that replaces it is a new one. A file that shrank or begins otherwise was rewritten. Its old
content is remembered, so that a copy of it continues where the original was left. A deleted or moved file is read to its
end if it was open.

Not detected: data that was written and removed between two polls, or while nothing followed. Neither is a file that was
emptied and grew again with exactly the same content up to the offset.

Some data is read again, and later stages drop the duplicates: a whole file (array, archive) that changed or was compressed
anew, and a copy whose original is not emptied soon after. The same holds for a copy made before all data read of the original
had been written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from seawall.events.event_table import empty_events
from seawall.events.failures import file_failure
from seawall.events.formats.files import name_of, walk
from seawall.events.formats.growing_text import first_place, is_complete, read_piece
from seawall.events.formats.json_records import HEAD
from seawall.events.masked_excerpts import file_problem
from seawall.events.problem import Problem
from seawall.events.read_files import read_opened
from seawall.events.readers import EventBatch, Limits
from seawall.pipeline.tail.checkpoint import FileState, continues, learn
from seawall.pipeline.tail.delivery import TailDelivery, of_problem
from seawall.pipeline.tail.known import FollowedFile, KnownFiles
from seawall.pipeline.tail.timing import TailTiming
from seawall_base.regular_files import open_regular

_MOST_REPORTED = 10_000


class Follower:
    """Read data that is added to files and folders, for one consumer at a time.

    `checkpoint` is the sum of the changes of all earlier deliveries. Raises `CheckpointInvalid` if it is damaged.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        checkpoint: Mapping[str, Mapping[str, Any]] | None = None,
        limits: Limits = Limits(),  # noqa: B008
        patience: TailTiming = TailTiming(),  # noqa: B008
    ) -> None:
        self._paths = tuple(Path(path) for path in paths)
        self._limits, self._patience = limits, patience
        self._known = KnownFiles(checkpoint or {}, limits, patience)
        self._reported: set[Problem] = set()
        self.unread = 0
        """Unread bytes at the start of the last poll."""

    def close(self) -> None:
        """Close the open files."""
        self._known.handles.close()

    @property
    def is_idle(self) -> bool:
        """Return whether everything seen by the last poll was read."""
        return self._known.is_idle

    def poll(self, now: float) -> Iterator[TailDelivery]:
        """Yield deliveries of all data that can be read now. `now` is in seconds of a monotonic clock.

        A consumer may stop half-way: the rest comes with the next poll. A consumer that failed to store a delivery must
        continue with a new follower and its stored checkpoint.
        """
        present: list[tuple[Path, os.stat_result]] = []
        for found in walk(self._paths):
            if isinstance(found, Problem):
                yield from self._report(found)
            else:
                try:
                    present.append((found, found.stat()))
                except OSError:
                    continue
        self.unread = self._known.count_unread_bytes(
            ((status.st_dev, status.st_ino), status.st_size) for _, status in present
        )
        absent = self._known.absent([(status.st_dev, status.st_ino) for _, status in present], now)
        busy: list[FollowedFile] = []
        yield from self._look_at(present, busy, now)
        yield from self._read_growing([file for file in [*absent, *busy] if file.grows], now)
        for file in absent:
            yield from self._let_go(file, now)
        for file in busy:
            if not file.grows:
                yield from self._read_whole(file, now)
        if changes := self._known.changes():
            yield TailDelivery((), changes)

    def _report(self, problem: Problem) -> Iterator[TailDelivery]:
        """Yield a delivery of a problem, once for each problem, and never for a path that has just disappeared."""
        path = Path(problem.source_file)
        is_gone = problem.code == "unreadable" and path not in self._paths and not os.path.lexists(path)
        if problem in self._reported or is_gone:
            return
        if len(self._reported) < _MOST_REPORTED:
            self._reported.add(problem)
        yield of_problem(problem, self._known.changes())

    def _look_at(
        self, present: list[tuple[Path, os.stat_result]], busy: list[FollowedFile], now: float
    ) -> Iterator[TailDelivery]:
        """Find the files with new data. Known files come first: a new file may be the copy of an emptied one."""
        unknown = []
        for path, status in present:
            try:
                file = self._known.recognise(path, status, now)
            except Exception as error:  # noqa: BLE001 - last resort
                yield from self._report(_unreadable(path, error))
                continue
            if file is None:
                unknown.append((path, status))
            elif not file.is_idle:
                busy.append(file)
        for path, status in unknown:
            try:
                file = self._known.meet(path, status, now)
            except Exception as error:  # noqa: BLE001 - last resort
                yield from self._report(_unreadable(path, error))
                continue
            if file is not None:
                busy.append(file)

    def _read_growing(self, files: list[FollowedFile], now: float) -> Iterator[TailDelivery]:
        """Read a piece of each file in turn, so that a large file does not delay others."""
        sizes: dict[str, int] = {}
        while files:
            rest = []
            for file in files:
                try:
                    batches = self._next_piece(file, sizes, now)
                except Exception as error:  # noqa: BLE001 - last resort
                    yield from self._report(_unreadable(file.path, error))
                    continue
                if batches is not None:
                    rest.append(file)
                    yield TailDelivery(tuple(batches), self._known.changes())
            files = rest

    def _next_piece(self, file: FollowedFile, sizes: dict[str, int], now: float) -> list[EventBatch] | None:
        """Read a file's next piece, up to its present size; return None if nothing is left."""
        place = file.state.place
        if place is None or (file.absent is not None and file.key not in self._known.handles):
            return None
        descriptor = self._known.handles.get(file.key, file.path)
        status = os.fstat(descriptor)
        if (status.st_dev, status.st_ino) != (file.state.device, file.state.inode):
            self._known.handles.drop(file.key)
            return None
        file.see(status.st_size, status.st_mtime_ns, now)
        size = min(sizes.setdefault(file.key, status.st_size), status.st_size)
        wanted = self._patience.piece_bytes
        while place.offset < size:
            data = _read_at(descriptor, min(wanted, size - place.offset), place.offset)
            if not data or not continues(file.state, descriptor, status.st_size):
                # emptied or rewritten since the last look, which the next look will notice
                file.look = (-1, -1)
                return None
            reaches_end = place.offset + len(data) >= status.st_size
            is_end = reaches_end and self._is_over(file, data, now)
            batches, after = read_piece(data, place, name_of(file.path), self._limits, is_end=is_end)
            if after != place:
                self._known.set(file, learn(replace(file.state, place=after), descriptor, status.st_size))
                return batches
            if place.offset + len(data) >= size:
                break
            wanted *= 2
        if place.offset > status.st_size:
            file.look = (-1, -1)
            return None
        file.is_idle = place.offset == status.st_size or now - file.since >= self._patience.finish
        return None

    def _is_over(self, file: FollowedFile, data: bytes, now: float) -> bool:
        """Return whether the end of the file is the end of its last record."""
        if file.absent is not None:
            return self._is_abandoned(file, now)
        if now - file.since < self._patience.finish:
            return False
        is_table = file.state.place is not None and file.state.place.shape == "table"
        return is_table or is_complete(data[data.rfind(b"\n") + 1 :], self._limits)

    def _is_abandoned(self, file: FollowedFile, now: float) -> bool:
        """Return whether a file without a path was not written to for a while."""
        return file.absent is not None and now - max(file.absent, file.since) >= self._patience.settle

    def _let_go(self, file: FollowedFile, now: float) -> Iterator[TailDelivery]:
        """Stop following a file without a path once nobody writes to it."""
        if file.key in self._known.handles:
            if not self._is_abandoned(file, now):
                return
        elif file.grows and file.look[0] > file.state.offset:
            reason = "the file was deleted or moved away before it was read to its end"
            problem = file_problem(name_of(file.path), "unreadable", reason)
            self._known.leave(file)
            yield of_problem(problem, self._known.changes())
            return
        self._known.leave(file)

    def _read_whole(self, file: FollowedFile, now: float) -> Iterator[TailDelivery]:
        state = file.state
        is_same = (state.size, state.changed_ns) == file.look
        if is_same and state.is_done:
            file.is_idle = True
            return
        try:
            if not is_same:
                self._judge_again(file, now)
            if now - file.since >= self._patience.settle and not file.grows:
                for batch, state in read_whole(file.path, file.state, self._limits):
                    self._known.set(file, state)
                    yield TailDelivery(() if batch is None else (batch,), self._known.changes())
        except Exception as error:  # noqa: BLE001 - last resort
            yield from self._report(_unreadable(file.path, error))

    def _judge_again(self, file: FollowedFile, now: float) -> None:
        """Determine the format of a changed file again: from the next look on, it may be read as it grows."""
        descriptor = open_regular(file.path)
        try:
            head, size = os.pread(descriptor, HEAD, 0), os.fstat(descriptor).st_size
            is_settled = self._known.is_settled(file, head, now)
            place = first_place(head, self._limits, is_settled=is_settled)
            if place is not None and size and place.shape != "whole":
                fresh = FileState(file.state.path, file.state.device, file.state.inode, place)
                self._known.set(file, learn(fresh, descriptor, size))
        finally:
            os.close(descriptor)


def _unreadable(path: Path, error: Exception) -> Problem:
    if not isinstance(error, OSError):
        return file_failure(name_of(path), error)
    return file_problem(name_of(path), "unreadable", error.strerror or str(error))


def _read_at(descriptor: int, size: int, offset: int) -> bytes:
    """Return up to `size` bytes of a file from an offset, fewer at its end."""
    parts = []
    while size > 0 and (data := os.pread(descriptor, size, offset)):
        parts.append(data)
        size, offset = size - len(data), offset + len(data)
    return b"".join(parts)


_CHANGED = "the file changed while it was read; it is read anew"


def read_whole(path: Path, state: FileState, limits: Limits) -> Iterator[tuple[EventBatch | None, FileState]]:
    """Yield (batch, state after it) for batches not delivered yet, finally (None, state). Raises `OSError`.

    Equal content gives equal batches, so that skipping by count works; the number of records before is compared.
    """
    with open(path, "rb", opener=lambda name, _: open_regular(Path(name))) as raw:
        before = os.fstat(raw.fileno())
        look = before.st_size, before.st_mtime_ns
        if look != (state.size, state.changed_ns):
            state = replace(state, size=look[0], changed_ns=look[1], batches=0, records=0, is_done=False)
        skipped, number, records = state.batches, 0, 0
        for batch in read_opened(raw, path, limits):
            if number == skipped and records != state.records:
                break
            number, records = number + 1, records + batch.records
            if number > skipped:
                state = replace(state, batches=number, records=records)
                yield batch, state
        after = os.fstat(raw.fileno())
    if (after.st_size, after.st_mtime_ns) == look and (number, records) == (state.batches, state.records):
        yield None, replace(state, is_done=True)
        return
    # a size that no file has, so that the next look sees the file as changed
    problem = file_problem(name_of(path), "unreadable", _CHANGED)
    again = replace(state, size=0, changed_ns=0, batches=0, records=0, is_done=False)
    yield EventBatch(empty_events(), (problem,), 0, 0), again
