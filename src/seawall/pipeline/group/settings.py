"""Settings of a worker of a group, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from seawall.storage.database.leases import LONGEST_LEASE
from seawall_base.errors import UsageError

LEASE_SECONDS = 30.0
"""Usual length of a lease: how long the partitions of a worker that died wait at least."""

SHORTEST_LEASE = 1.0
LEAST_PATIENCE = 15.0
"""Seconds for which the database may be away in any case before a worker leaves the group: it may only be restarted."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Settings of one worker. `kafka` is the configuration of librdkafka, secrets included: never write it to a log.

    `group` is the consumer group, `worker` the name of this worker for people. A lease lasts `lease_seconds` after the last
    renewal. The file `heartbeat` is touched every few seconds as long as the worker takes part in the group.
    """

    group: str
    worker: str
    topic: str
    kafka: Mapping[str, Any]
    lease_seconds: float = LEASE_SECONDS
    heartbeat: Path | None = None

    def __post_init__(self) -> None:
        """Raise `UsageError` for invalid values."""
        if not SHORTEST_LEASE <= self.lease_seconds <= LONGEST_LEASE:
            raise UsageError(
                f"a lease of {self.lease_seconds:g} s is too {'long' if self.lease_seconds > LONGEST_LEASE else 'short'}",
                fix=f"give {SHORTEST_LEASE:g} to {LONGEST_LEASE:g} seconds",
            )

    @property
    def patience(self) -> float:
        """Seconds without the database after which the worker leaves the group, so that others get its partitions."""
        return max(2 * self.lease_seconds, LEAST_PATIENCE)

    def make_holder(self) -> str:
        """Return a name that this process has and no other, now or later."""
        return f"{self.worker}/{uuid4().hex}"


def slot_of(partition: int) -> int:
    """Return the slot of a partition: slot 0 is that of a watch that is alone."""
    return partition + 1
