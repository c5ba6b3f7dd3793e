"""Processes that start a new store at the same time: one makes it, and all of them open it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from seawall.storage.lake import Lake, parts
from seawall.storage.location import MAKING, MARKER, open_store

STARTING = 6


def test_all_that_start_a_new_store_at_once_open_it(place: str, tmp_path: Path) -> None:
    database = place if "://" in place else None
    for attempt in range(5):
        folder, together = tmp_path / f"store-{attempt}", Barrier(STARTING)

        def start(folder: Path = folder, together: Barrier = together) -> list[str]:
            together.wait()
            with open_store(folder, database, make=True) as store:
                return store.lake.tenants()

        with ThreadPoolExecutor(STARTING) as threads:
            starts = [threads.submit(start) for _ in range(STARTING)]
        assert [one.result() for one in starts] == [[]] * STARTING
        assert json.loads((folder / MARKER).read_bytes())["format"] == "seawall-store"
        assert not list(folder.rglob("*.new"))
        assert not (folder / MAKING).exists()


def test_a_start_that_ends_half_way_stops_nobody(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = place if "://" in place else None

    def fail(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(parts, "settle", fail)
        with pytest.raises(KeyboardInterrupt):
            open_store(tmp_path, database, make=True)
    assert not (tmp_path / MARKER).exists()
    with open_store(tmp_path, database, make=True) as store:
        assert isinstance(store.lake, Lake)
