"""A small organisation with intruders, and what a scan says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.lab.worlds import make_world
from seawall.lab.worlds.world_settings import WorldSettings
from seawall.pipeline.scan import scan
from tests.once import make_once
from tests.pipeline.live.stored import Stored, scanned


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of logs, some thousand records of nine days, late, repeated and broken ones among them."""

    def make(folder: Path) -> None:
        make_world(WorldSettings(58, accounts=20, days=9, attacks=3, quiet_days=5), folder / "world")
        scan([folder / "world" / "logs"], folder / "scan", budget=2.0)

    return make_once(tmp_path_factory, "nine-days", make) / "world" / "logs"


@pytest.fixture(scope="session")
def expected(logs: Path) -> Stored:
    """What a scan finds in these logs."""
    return scanned(logs.parents[1] / "scan")
