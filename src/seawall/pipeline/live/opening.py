"""Open the store of a running watch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from seawall.pipeline.live.settings import LiveSettings
from seawall.storage.database import Database
from seawall.storage.lake import Lake
from seawall.storage.location import open_store


@contextmanager
def open_watch_store(settings: LiveSettings) -> Iterator[tuple[Database, Lake]]:
    """Open or create the store for a `with` block; yield database and lake. Raises as `open_store`."""
    with open_store(settings.store, settings.database, make=True) as store:
        yield store.database, store.lake
