"""Make the next item of an iterator in another thread, while the caller works on this one."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def read_ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """Yield the items. At most one is ready ahead; what making one raises is raised in its place."""
    with ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(_take_one, items)
        while item := ahead.result():
            ahead = reader.submit(_take_one, items)
            yield item.pop()


def _take_one(items: Iterator[Item]) -> list[Item]:
    """Return a list with the next item, empty at the end."""
    return list(islice(items, 1))
