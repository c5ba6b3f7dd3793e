"""A worker of a group that reaches the cluster and not the database: it leaves the group, and comes back."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from seawall.pipeline.group import settings
from seawall.pipeline.group.member import GroupWorker
from seawall.pipeline.live.opening import open_watch_store
from tests.collection.kafka_mock import Cluster
from tests.pipeline.group.grouping import Proxy, until
from tests.pipeline.group.working import TOPIC, Plan
from tests.storage.database.postgresql import Server


def test_a_worker_without_the_database_leaves_the_group_and_comes_back(
    server: Server, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "LEAST_PATIENCE", 2.0)
    cluster.make(TOPIC, 1)
    proxy = Proxy(tmp_path / "proxy", server.folder)
    url = proxy.url(server.schema(), server.folder)
    plan = Plan(url, str(tmp_path / "store"), cluster.servers, "", "w", lease=1.0)
    stop = threading.Event()
    with open_watch_store(plan.settings(), print) as (database, lake):
        worker = GroupWorker(plan.settings(), plan.worker_settings(), database, lake)
        thread = threading.Thread(target=worker.run, args=(stop,), daemon=True)
        thread.start()
        try:
            until(lambda: [one.state for one in worker.status()] == ["working"])
            proxy.cut()
            until(lambda: worker.fault.startswith("left the group until the database answers"))
            assert worker.status() == []
            proxy.mend()
            until(lambda: [one.state for one in worker.status()] == ["working"])
            assert not worker.fault.startswith("left the group")
        finally:
            stop.set()
            thread.join(60)
    assert not thread.is_alive()
    proxy.close()
