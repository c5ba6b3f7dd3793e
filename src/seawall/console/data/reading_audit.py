"""Who read whose records: one entry of the audit trail for each person, account and hour.

Records say whom somebody wrote to and when. Who looks at them must be seen later, so nothing is answered before the entry is
kept. Scrolling on is the same reading.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext
    from seawall.console.endpoint import ApiCall

ACTION: Final = "records-read"
HOUR: Final = 3_600_000_000
MOST_KNOWN: Final = 100_000
"""Readings of one hour that are known in memory; beyond them, some are written down again."""


class _Readings:
    """The readings of this hour that are in the trail. A new start writes them down again."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._hour = 0
        self._known: set[tuple[str, str, str]] = set()

    def known(self, now: int) -> set[tuple[str, str, str]]:
        """Those of the hour of a time."""
        if self._hour != now // HOUR or len(self._known) >= MOST_KNOWN:
            self._hour, self._known = now // HOUR, set()
        return self._known


def audit_reading(call: ApiCall, tenant: str, account: str, **details: Any) -> None:
    """Write down that whoever asks has read records of an account, unless the trail has it for this hour.

    `details` say which way was taken first. Raises what the database raises: then there is no answer either.
    """
    readings = _readings(call.context)
    key = (call.who.name, tenant, account)
    with readings.lock:  # of several requests at once, one writes and the others wait until it is kept
        known = readings.known(call.now)
        if key in known:
            return
        with call.context.database.writing() as work:
            call.note(work, ACTION, account, organisation=tenant, **details)
        known.add(key)


def _readings(context: ConsoleContext) -> _Readings:
    found: _Readings = context.notes.setdefault("readings", _Readings())
    return found
