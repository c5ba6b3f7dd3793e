"""Opens what a running watch keeps: the store's folder, made where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from seawall.pipeline.live.settings import LiveSettings
from seawall.storage.database import Database
from seawall.storage.lake import Lake
from seawall.storage.location import open_store


@contextmanager
def open_watch_store(settings: LiveSettings) -> Iterator[tuple[Database, Lake]]:
    """Yield database and events, closed at the end. Raises what either raises when it cannot be opened."""
    with open_store(settings.store, settings.database, make=True) as store:
        yield store.database, store.lake
