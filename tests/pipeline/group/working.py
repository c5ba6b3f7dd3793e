"""A worker in a process of its own: `python -m tests.pipeline.group.working JSON`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from seawall.pipeline.group.member import GroupWorker
from seawall.pipeline.group.settings import WorkerSettings
from seawall.pipeline.live.opening import open_watch_store
from seawall.pipeline.live.settings import LiveSettings
from seawall.pipeline.tail import BatchSizes
from seawall_base.webhook import Webhook

TOPIC = "logs"
GROUP = "seawall"


@dataclass(frozen=True)
class Plan:
    """What a worker needs to know. With `fatal`, it kills itself at that step."""

    url: str
    store: str
    servers: str
    hook: str
    worker: str
    lease: float = 2.0
    session: int = 2_500
    fatal: str = ""

    def kafka(self) -> dict[str, object]:
        return {
            "bootstrap.servers": self.servers,
            "group.id": GROUP,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "session.timeout.ms": self.session,
            "heartbeat.interval.ms": 300,
            "fetch.wait.max.ms": 50,
            "reconnect.backoff.max.ms": 500,
            "topic.metadata.refresh.interval.ms": 1_000,
        }

    def settings(self) -> LiveSettings:
        return LiveSettings(
            Path(self.store),
            self.url,
            budget=2.0,
            webhooks=(Webhook(self.hook),) if self.hook else (),
            sizes=BatchSizes(records=1_500, seconds=0.05),
            score_seconds=0.2,
            coverage_seconds=0.0,
        )

    def worker_settings(self) -> WorkerSettings:
        return WorkerSettings(GROUP, self.worker, TOPIC, self.kafka(), self.lease)

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.pipeline.group.working", json.dumps(asdict(self))]


def main(plan: Plan) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def step(name: str) -> None:
        if name == plan.fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = plan.settings()
    with open_watch_store(settings, print) as (database, lake):
        GroupWorker(settings, plan.worker_settings(), database, lake, step=step).run(stop)


if __name__ == "__main__":
    main(Plan(**json.loads(sys.argv[1])))
