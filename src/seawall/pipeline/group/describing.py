"""Say in sentences who holds which partition of a group, and how much is unread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from seawall.storage.database import SlotLease
from seawall.storage.database.leases import list_held
from seawall_base.plurals import plural

MOST_LINES = 50


def describe_partitions(leases: Sequence[SlotLease]) -> list[str]:
    """Return a sentence for each worker, for the partitions that nobody scores, and for each fault; none without a group."""
    held = list_held(leases)
    by_worker: dict[str, list[SlotLease]] = defaultdict(list)
    for lease in held:
        by_worker[lease.worker].append(lease)
    lines = []
    orphans = [lease for lease in leases if lease not in held]
    if orphans:
        lines.append(f"no worker scores {name_partitions(orphans)}")
    for worker, mine in sorted(by_worker.items()):
        lag = sum(_number(lease.report.get("lag")) for lease in mine)
        lines.append(f"worker {worker} scores {name_partitions(mine)}; {plural(lag, 'message')} to read")
    lines += [
        f"partition {partition_of(lease)}: {fault}" for lease in held if (fault := lease.report.get("fault"))
    ]
    return lines[:MOST_LINES]


def partition_of(lease: SlotLease) -> int:
    """Return the partition of a lease."""
    return lease.slot - 1


def measure_lags(leases: Iterable[SlotLease]) -> dict[int, int]:
    """Return the number of messages to read by partition, as its last holder stated it."""
    return {partition_of(lease): _number(lease.report.get("lag")) for lease in leases}


def name_partitions(leases: Sequence[SlotLease]) -> str:
    """Return `partition 3`, or `partitions 0, 2`."""
    numbers = ", ".join(str(number) for number in sorted(map(partition_of, leases)))
    return f"partition {numbers}" if len(leases) == 1 else f"partitions {numbers}"


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
