"""Three organisations, what a scan says of them, a cluster and a PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.lab.worlds import make_world
from seawall.lab.worlds.world_settings import WorldSettings
from seawall.pipeline.scan import scan
from tests.collection.kafka_mock import Cluster, kafka
from tests.pipeline.group.grouping import messages_of
from tests.pipeline.live.stored import Stored, scanned
from tests.storage.database.postgresql import Server, programs

World = tuple[dict[int, list[bytes]], Stored]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    found = programs()
    if found is None:
        pytest.skip("there is no PostgreSQL here (tools/ensure_postgresql.sh installs it where it can)")
    running = Server(found)
    yield running
    running.remove()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with kafka() as found:
        yield found


def make(folder: Path, settings: WorldSettings) -> World:
    """The messages of each partition, one for each organisation, and what a scan finds in the same records."""
    make_world(settings, folder / "world")
    messages = messages_of(folder / "world" / "logs")
    (folder / "logs").mkdir()
    for number, records in enumerate(messages.values()):
        (folder / "logs" / f"{number}.jsonl").write_bytes(b"\n".join(records) + b"\n")
    scan([folder / "logs"], folder / "scan", budget=2.0)
    return dict(enumerate(messages.values())), scanned(folder / "scan")


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make(
        tmp_path_factory.mktemp("small"),
        WorldSettings(58, tenants=2, accounts=5, days=4, attacks=2, quiet_days=2),
    )


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make(
        tmp_path_factory.mktemp("world"),
        WorldSettings(58, tenants=3, accounts=8, days=7, attacks=4, quiet_days=3),
    )
