"""Opens what a running watch keeps: the store's folder, made where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from seawall.live.settings import LiveSettings
from seawall.store.database import Database
from seawall.store.lake import Lake
from seawall.store.place import open_store


@contextmanager
def opened(settings: LiveSettings) -> Iterator[tuple[Database, Lake]]:
    """Yield database and events, closed at the end. Raises what either raises when it cannot be opened."""
    with open_store(settings.store, settings.database, make=True) as store:
        yield store.database, store.lake
