"""A folder that collectors write to, and a consumer that keeps batches and checkpoint together."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from seawall.events.problem import Problem
from seawall.events.readers import Limits
from seawall.pipeline.tail import Follower, TailDelivery, TailTiming
from tests.events.support import check, mail_read

PATIENCE = TailTiming(settle=5, finish=60, piece_bytes=700)
LIMITS = Limits(record_bytes=20_000)
KEPT = ("Id", "CreationTime", "Operation", "OrganizationId", "RecordType", "UserId", "Workload", "UserKey")


def small(number: int) -> dict[str, Any]:
    """A short record with the number in its id."""
    return {key: value for key, value in mail_read(number).items() if key in KEPT}


def line(number: int) -> bytes:
    """The record as a line of more than 64 bytes."""
    return json.dumps(small(number)).encode() + b"\n"


class Consumer:
    """Keeps deliveries one by one; `crash` loses everything since the last one that was kept."""

    def __init__(self, *paths: Path, patience: TailTiming = PATIENCE, limits: Limits = LIMITS) -> None:
        self.paths, self.patience, self.limits = paths, patience, limits
        self.checkpoint: dict[str, Any] = {}
        self.ids: Counter[str] = Counter()
        self.rows: list[dict[str, Any]] = []
        self.problems: list[Problem] = []
        self.records = 0
        self.now = 0.0
        self.follower = self._start()

    def _start(self) -> Follower:
        kept = json.loads(json.dumps(self.checkpoint))
        return Follower(self.paths, kept, self.limits, self.patience)

    def crash(self) -> None:
        """The process dies and starts again from what was kept."""
        self.follower.close()
        self.follower = self._start()

    def poll(self, after: float = 1.0, crash_at: int | None = None) -> None:
        """Look once, some seconds later. Dies before the delivery with the number is kept."""
        self.now += after
        for number, delivery in enumerate(self.follower.poll(self.now)):
            if number == crash_at:
                self.crash()
                return
            self.keep(delivery)

    def keep(self, delivery: TailDelivery) -> None:
        """What a transaction keeps."""
        for batch in delivery.batches:
            check(batch)
            self.records += batch.records
            self.problems += batch.problems
            self.rows += batch.events.to_pylist()
            self.ids.update(batch.events.column("metadata_uid").to_pylist())
        for key, value in delivery.changes.items():
            if value is None:
                self.checkpoint.pop(key, None)
            else:
                self.checkpoint[key] = dict(value)

    def settle(self) -> None:
        """Look until everything that can be concluded has been."""
        for after in (1, 10, 10, 100, 10):
            self.poll(after)

    def numbers(self) -> list[int]:
        """The numbers of the records that came, as often as they came."""
        return sorted(int(uid.rsplit("-", 1)[1]) for uid in self.ids.elements())
