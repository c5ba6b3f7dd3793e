"""Open the store of a running watch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from seawall.pipeline.live.settings import LiveSettings
from seawall.storage.database import Database
from seawall.storage.lake import Lake
from seawall.storage.location import open_store


@contextmanager
def open_watch_store(
    settings: LiveSettings, tell: Callable[[str], object]
) -> Iterator[tuple[Database, Lake]]:
    """Open or create the store for a `with` block; yield database and lake. Raises as `open_store`.

    `tell` gets a sentence if the database was migrated.
    """
    with open_store(settings.store, settings.database, make=True) as store:
        if store.upgraded is not None:
            tell(store.upgraded.describe())
        yield store.database, store.lake
