"""Settings of a world."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

Difficulty = Literal["easy", "mixed", "medium", "hard"]
SystemsChoice = Literal["microsoft", "google", "okta", "mixed"]
HabitsChoice = Literal["plain", "broad"]


@dataclass(frozen=True)
class WorldSettings:
    """Settings of a world. Equal settings give equal bytes.

    `accounts` is the number of people in each organisation, without shared mailboxes and applications. `days` is the length
    of logs. `attacks` is the number of attacks in the whole world, staged after `quiet_days`. `families` and `confusers`
    are names; None allows all, at random rates. `density` multiplies the acts of an ordinary day (1: about 15 to 25 records
    for each account and day). `mess`: late, repeated, broken and differently spelt records, as in real exports. `systems`:
    Microsoft 365, Google Workspace, Okta alone, or Okta in front of one of the suites. `campaigns`: number of actors that
    attack several organisations. `habits` broad: each organisation's laws of work, roaming, sessions, losses and attackers'
    manners are drawn from wide families, for training; plain: one law each.
    """

    seed: int
    tenants: int = 1
    accounts: int = 300
    days: int = 42
    attacks: float = 8
    families: tuple[str, ...] | None = None
    confusers: tuple[str, ...] | None = None
    difficulty: Difficulty = "mixed"
    mess: bool = True
    start: date | None = None
    quiet_days: int | None = None
    density: float = 1.0
    systems: SystemsChoice = "microsoft"
    campaigns: int = 0
    habits: HabitsChoice = "plain"

    def first_day(self) -> float:
        """Return midnight UTC of the first day, in seconds since 1970."""
        first = self.start or date(2024, 1, 1)
        days = 0 if self.start else self.seed * 37 % 730
        return datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp() + 86400 * days

    def quiet(self) -> int:
        """Return the number of days before the first attack: 14 to 21, fewer only in very short worlds."""
        if self.quiet_days is not None:
            return self.quiet_days
        return min(14 + self.seed % 8, max(1, self.days * 2 // 3))

    def document(self) -> dict[str, Any]:
        """Return the settings as values that JSON can hold."""
        values = asdict(self)
        values["start"] = self.start.isoformat() if self.start else None
        # worlds that were made before other systems existed must not change
        if self.systems == "microsoft":
            del values["systems"]
        if not self.campaigns:
            del values["campaigns"]
        if self.habits == "plain":
            del values["habits"]
        return values
