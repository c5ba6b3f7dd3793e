"""Opens what a running watch keeps: the database and the events, made where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seawall.live.settings import LiveSettings
from seawall.store.database import Database
from seawall.store.lake import Lake

DATABASE = "seawall.db"
EVENTS = "events"


@contextmanager
def opened(settings: LiveSettings) -> Iterator[tuple[Database, Lake]]:
    """Yield database and events, closed at the end. Raises what either raises when it cannot be opened."""
    folder = settings.store
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database.open(settings.database or folder / DATABASE, should_migrate=True)
    try:
        lake = _lake(folder / EVENTS)
        try:
            yield database, lake
        finally:
            lake.close()
    finally:
        database.close()


def _lake(root: Path) -> Lake:
    if root.is_dir() and any(root.iterdir()):
        return Lake.open(root)
    return Lake.create(root)
