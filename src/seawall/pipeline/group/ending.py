"""Find out whether a group has nothing more to do, for a worker that ends by itself.

The question is asked of the database, so it does not matter which worker had which partition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from seawall.pipeline.group.describing import partition_of
from seawall.pipeline.group.settings import slot_of
from seawall.storage.database import Database, SlotLease, Transaction
from seawall.storage.database.leases import list_held
from seawall_base.clock import Clock

STEADY_SECONDS: Final = 5.0
"""How long there must be nothing to do: workers report every two seconds."""

DELIVERY_SECONDS: Final = 30.0
"""How long messages to webhooks may keep a worker from ending; what is left is sent at the next start."""

_ALL_TIMES: Final = 1 << 62


@dataclass(slots=True)
class GroupEnd:
    """Whether all messages up to `ends` are stored and scored, and what follows from them is announced.

    With `is_idle`, also the messages that came later. Used by one thread.
    """

    database: Database
    ends: Mapping[int, int]
    clock: Clock
    is_idle: bool = False
    _since: float | None = None

    def is_reached(self) -> bool:
        """Return whether there was nothing to do for some time. Raises errors of the database."""
        now = self.clock.monotonic()
        with self.database.reading() as work:
            is_over, waiting = self._is_over(work), work.outbox.waiting().waiting
        if not is_over:
            self._since = None
            return False
        self._since = now if self._since is None else self._since
        return now - self._since >= (DELIVERY_SECONDS if waiting else STEADY_SECONDS)

    def _is_over(self, work: Transaction) -> bool:
        leases = {partition_of(lease): lease for lease in list_held(work.leases.all())}
        if not all(
            number in leases and self._is_read(leases[number], end) for number, end in self.ends.items()
        ):
            return False
        if not all(lease.report.get("is_complete") for lease in leases.values()):
            return False
        is_handing = any(work.handovers.of(slot_of(number), limit=1) for number in leases)
        return not (is_handing or work.dirty.all() or work.incidents.untold(_ALL_TIMES))

    def _is_read(self, lease: SlotLease, end: int) -> bool:
        stored, lag = lease.report.get("stored"), lease.report.get("lag")
        return isinstance(stored, int) and stored >= end and (not self.is_idle or lag == 0)
