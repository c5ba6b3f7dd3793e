"""Choose the incidents to store after a scoring; those of which only the coverage sentences changed may wait.

A coverage sentence counts the records of the whole live window, so that nearly every batch changes the sentences of nearly
all incidents. Storing all of them each time would cost more than scoring, and would tell every reader to load them again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from seawall.detection.incident import Incident


class IncidentChanges:
    """The incidents that wait to be stored. `seconds` is the longest that they wait."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._waiting: dict[str, Incident] = {}
        self._stored_at = -math.inf

    def due_at(self) -> float | None:
        """Return when waiting incidents are due, None if none waits."""
        return self._stored_at + self.seconds if self._waiting else None

    def choose(
        self, before: Mapping[str, Incident], incidents: Iterable[Incident], now: float
    ) -> list[Incident]:
        """Return the incidents to store now, given the stored ones by id."""
        chosen: list[Incident] = []
        is_due = now >= self._stored_at + self.seconds
        for one in incidents:
            known = before.get(one.id)
            self._waiting.pop(one.id, None)
            if one == known:
                continue
            if not is_due and known is not None and replace(one, coverage=known.coverage) == known:
                self._waiting[one.id] = one
            else:
                chosen.append(one)
        if is_due:
            chosen += self._waiting.values()
            self._waiting, self._stored_at = {}, now
        return chosen

    def forget(self, ids: Iterable[str]) -> None:
        """Forget incidents that were deleted, renamed or stored otherwise."""
        for id_ in ids:
            self._waiting.pop(id_, None)
