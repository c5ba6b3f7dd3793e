"""How long a process that ended waits before it starts again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RestartDelays:
    """Pauses in seconds that double from `first` to `longest`, and begin anew once a process has run for `steady` seconds."""

    first: float = 1.0
    longest: float = 300.0
    steady: float = 120.0
    failures: int = 0

    def after(self, ran: float) -> float:
        """Return the pause in seconds after a process that ran for `ran` seconds has ended."""
        self.failures = 1 if ran >= self.steady else self.failures + 1
        return min(self.first * 2.0 ** min(self.failures - 1, 30), self.longest)
