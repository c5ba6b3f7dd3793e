"""A console over a store that a watch has filled, an intruder's markup among its logs, and a source that fell silent."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest

from seawall.lab.worlds import make_world
from seawall.lab.worlds.world_settings import WorldSettings
from seawall.storage.database import Database, StoredSource
from tests.console.browser.conftest import Visit, Visiting, serving
from tests.console.browser.markup import MARK, TAG, broken, twin
from tests.once import make_once

FAMILIES = ("forged_token", "bec_forwarding", "mfa_fatigue", "password_spray")
START = date(2026, 3, 3)
DAYS = 16
"""On these days the staged attacks are plain enough for `critical`: how bad they look depends on their weekdays."""


@dataclass(frozen=True, slots=True)
class Living:
    """A running console. `victim` was attacked, `intruder` is the twin of markup, `tenant` their organisation."""

    address: str
    tenant: str
    victim: str
    intruder: str

    def get(self, path: str, **query: str) -> dict[str, object]:
        """An answer of the API to whoever sits at this machine."""
        answer = httpx.get(f"{self.address}{path}", params=query, timeout=30)
        answer.raise_for_status()
        document: dict[str, object] = answer.json()
        return document


def made(folder: Path) -> None:
    """Logs of sixteen fixed days, their twin, and what a watch makes of them."""
    settings = WorldSettings(
        1,
        accounts=24,
        days=DAYS,
        attacks=len(FAMILIES),
        families=FAMILIES,
        density=0.5,
        difficulty="easy",
        start=START,
    )
    make_world(settings, folder / "world")
    logs = folder / "world" / "logs"
    truth = json.loads((folder / "world" / "truth.json").read_text(encoding="utf-8"))
    attack = next(one for one in truth["attacks"] if one["family"] == "forged_token")
    victim = attack["accounts"][0]
    intruder = f"eve{MARK}@{victim.partition('@')[2]}"
    assert twin(logs, victim, intruder)
    broken(logs)
    store = folder / "store"
    command = [sys.executable, "-m", "seawall.cli.main", "watch", str(logs), "--store", str(store)]
    subprocess.run([*command, "--once", "--settle", "0", "--quiet"], check=True, capture_output=True)
    assert "critical" in severities(store), (
        "no incident of the fixture is critical: the tests of the pages need one"
    )
    silent(store, attack["tenant"])
    known = {"tenant": attack["tenant"], "victim": victim, "intruder": intruder}
    (folder / "known.json").write_text(json.dumps(known), encoding="utf-8")


def severities(store: Path) -> dict[str, int]:
    """How many incidents of each severity a store has."""
    database = Database.open(store / "seawall.db")
    try:
        with database.reading() as work:
            return work.incidents.severities()
    finally:
        database.close()


def silent(store: Path, tenant: str) -> None:
    """A source whose name is markup, and which has been silent for a day."""
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    day, hour = 86_400_000_000, 3_600_000_000
    database = Database.open(store / "seawall.db")
    try:
        with database.writing() as work:
            source = StoredSource(
                f"collector {TAG}",
                "m365_audit",
                tenant,
                1_200,
                3,
                now - 9 * day,
                now - day,
                now - day,
                hour,
                now - 20 * hour,
            )
            work.sources.put([source])
    finally:
        database.close()


@pytest.fixture(scope="session")
def living(tmp_path_factory: pytest.TempPathFactory, pages_built: None) -> Iterator[Living]:
    shared = make_once(tmp_path_factory, "living", made)
    place = tmp_path_factory.mktemp("living") / "store"
    shutil.copytree(shared / "store", place)
    place.chmod(0o700)
    known = json.loads((shared / "known.json").read_text(encoding="utf-8"))
    with serving(place, "--no-watch") as address:
        yield Living(address, **known)


@pytest.fixture
def look(visit: Visiting, living: Living) -> Callable[..., Visit]:
    """Open a page of that console."""

    def opened(path: str, **more: object) -> Visit:
        return visit(path, address=living.address, **more)

    return opened
