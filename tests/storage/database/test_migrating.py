"""What tests migrate quickly is what Alembic migrates."""

from __future__ import annotations

import inspect
import sqlite3
from pathlib import Path

import pytest
from alembic import command

from seawall.storage.database import Database


def dump(place: Path) -> list[str]:
    Database.open(place, should_migrate=True).close()
    connection = sqlite3.connect(place)
    try:
        return [*connection.iterdump(), *map(str, connection.execute("PRAGMA application_id"))]
    finally:
        connection.close()


def test_it_is_what_alembic_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert inspect.unwrap(command.upgrade) is not command.upgrade
    first, again = (dump(tmp_path / f"{name}.db") for name in ("first", "again"))
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", inspect.unwrap(command.upgrade))
        real = dump(tmp_path / "real.db")
    assert len(real) > 20
    assert first == real
    assert again == real
