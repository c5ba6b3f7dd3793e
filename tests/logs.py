"""Logs that a test reads whole: of made-up organisations, and of a recorded one where the shared data is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import seawall
from seawall.lab.worlds import WorldSettings, make_world
from tests.once import make_once

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def world(seed: int, **changes: Any) -> Callable[[Path], Path]:
    """Make an organisation of 16 accounts and 14 days in a folder; the folder of its logs."""

    def made(folder: Path) -> Path:
        wanted = {"accounts": 16, "days": 14, "attacks": 4, "density": 0.3, **changes}
        make_world(WorldSettings(seed=seed, **wanted), folder)
        return folder / "logs"

    return made


def recorded(_: Path) -> Path:
    """The folder of a recorded organisation's logs; skips where it is not here."""
    logs = SHARED / "m365-tenant-2021"
    if not logs.exists():
        pytest.skip("m365-tenant-2021 is not here: the shared data is not part of the project")
    return logs


def scanned_recorded(factory: pytest.TempPathFactory) -> Path:
    """The results of a scan of that organisation, which nobody may change; skips where its logs are not here."""
    logs = recorded(Path())
    return make_once(factory, "recorded", lambda place: seawall.scan(logs, place / "out")) / "out"
