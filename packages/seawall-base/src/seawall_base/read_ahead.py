"""Make the next item of an iterator in another thread, while the caller works on this one."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
_END = object()


def read_ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """Yield the items. At most one is ready ahead; what making one raises is raised in its place."""
    with ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(next, items, _END)
        while (item := ahead.result()) is not _END:
            ahead = reader.submit(next, items, _END)
            yield item  # type: ignore[misc]  # not the end
            del item
