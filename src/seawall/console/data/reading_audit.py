"""Record who read whose records: one audit entry for each user, account and hour.

Records show whom somebody wrote to and when, so each look at them must be traceable. No record is sent before the
entry is stored. Further pages count as the same reading.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext
    from seawall.console.endpoint import ApiCall

ACTION: Final = "records-read"
HOUR: Final = 3_600_000_000
MOST_KNOWN: Final = 100_000
"""Readings of one hour that are cached; further ones are recorded again."""


class _Readings:
    """The readings of this hour that are in the trail. A restart forgets them and records them again."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._hour = 0
        self._known: set[tuple[str, str, str]] = set()

    def list_readings(self, now: int) -> set[tuple[str, str, str]]:
        """Return the known readings of a time's hour."""
        if self._hour != now // HOUR or len(self._known) >= MOST_KNOWN:
            self._hour, self._known = now // HOUR, set()
        return self._known


def audit_reading(call: ApiCall, tenant: str, account: str, **details: Any) -> None:
    """Record that the visitor read an account's records, unless the trail has this hour's entry.

    `details` describe the first access. Raises what the database raises; the request then fails too.
    """
    audit_readings(call, [(tenant, account)], **details)


def audit_readings(call: ApiCall, accounts: Sequence[tuple[str, str]], **details: Any) -> None:
    """Do the same for several accounts, given as (organisation, account), in one transaction."""
    readings = _readings(call.context)
    keys = {(call.who.name, tenant, account): None for tenant, account in accounts}
    with (
        readings.lock
    ):  # of several simultaneous requests, one writes and the others wait until the entry is stored
        known = readings.list_readings(call.now)
        fresh = [key for key in keys if key not in known]
        if not fresh:
            return
        with call.context.database.writing() as work:
            for _, tenant, account in fresh:
                call.note(work, ACTION, account, organisation=tenant, **details)
        known.update(fresh)


def _readings(context: ConsoleContext) -> _Readings:
    found: _Readings = context.notes.setdefault("readings", _Readings())
    return found
