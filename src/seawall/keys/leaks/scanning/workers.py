"""Search on all cores: processes get files and ranges of large files, and return totals."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from seawall.keys.leaks.findings import SearchTotals
from seawall.keys.leaks.scanning import files
from seawall.keys.leaks.scanning.files import FileRange
from seawall.keys.leaks.scanning.stream_search import LeakSearchEngine
from seawall.keys.leaks.scanning.walk import FoundFile

STRETCH = 64 << 20
"""Bytes of a large file that one process searches at a time."""
BATCH_BYTES = 16 << 20
BATCH_FILES = 256
"""Small files sent to a process together."""
WAITING = 4
"""Batches running or waiting, for each process, so that memory does not grow with the number of files."""

Batch = list[FileRange]
MakeEngine = Callable[[], LeakSearchEngine]

_engine: LeakSearchEngine | None = None


def batches(entries: Iterable[FoundFile]) -> Iterator[Batch]:
    """Divide large files and group small ones, in order."""
    batch: Batch = []
    size = 0
    for entry in entries:
        if entry.size > STRETCH and files.is_divisible(entry):
            for start in range(0, entry.size, STRETCH):
                yield [FileRange(entry, start, min(start + STRETCH, entry.size))]
            continue
        batch.append(FileRange(entry))
        size += entry.size
        if size >= BATCH_BYTES or len(batch) >= BATCH_FILES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def run(work: Iterable[Batch], make: MakeEngine, jobs: int) -> Iterator[tuple[int, SearchTotals]]:
    """Search batches; yield each batch's bytes and totals, in any order.

    Uses no other process if `jobs` is 1. If a process dies, all files of its batch count as skipped.
    """
    if jobs == 1:
        engine = make()
        for batch in work:
            yield _size(batch), _search(batch, engine)
        return
    yield from _pool(iter(work), make, jobs)


def _pool(work: Iterator[Batch], make: MakeEngine, jobs: int) -> Iterator[tuple[int, SearchTotals]]:
    under_way: dict[Future[SearchTotals], Batch] = {}
    pool = _start(make, jobs)
    try:
        is_over = False
        while not is_over or under_way:
            while not is_over and len(under_way) < jobs * WAITING:
                batch = next(work, None)
                if batch is None:
                    is_over = True
                else:
                    under_way[pool.submit(_task, batch)] = batch
            if not under_way:
                break
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            broken = False
            for future in done:
                batch = under_way.pop(future)
                error = future.exception()
                broken |= isinstance(error, BrokenProcessPool)
                yield _size(batch), future.result() if error is None else _all_failed(batch, error)
            if broken:
                for batch in under_way.values():
                    yield _size(batch), _all_failed(batch, BrokenProcessPool())
                under_way.clear()
                pool = _start(make, jobs)
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(make: MakeEngine, jobs: int) -> ProcessPoolExecutor:
    # spawn, not fork: the parent may draw a progress bar in a thread
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(make,))


def _begin(make: MakeEngine) -> None:
    global _engine  # noqa: PLW0603 - the one thing that a process of the pool keeps between batches
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    _engine = make()


def _task(batch: Batch) -> SearchTotals:
    assert _engine is not None  # noqa: S101
    return _search(batch, _engine)


def _search(batch: Batch, engine: LeakSearchEngine) -> SearchTotals:
    account = SearchTotals()
    for stretch in batch:
        try:
            account.add(files.search(stretch, engine))
        except Exception as error:  # record a file that breaks the search, and search the others
            if os.environ.get("SEAWALL_DEBUG") == "1":
                raise
            account.add(files.describe_failure(stretch, error))
    return account


def _all_failed(batch: Batch, error: BaseException) -> SearchTotals:
    account = SearchTotals()
    for stretch in batch:
        account.add(files.describe_failure(stretch, error))
    return account


def _size(batch: Batch) -> int:
    return sum(stretch.size for stretch in batch)
