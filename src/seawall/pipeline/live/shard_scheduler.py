"""Choose which shards to score now: current days come before late ones."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from seawall.pipeline.live.detection import LiveDetection
from seawall.pipeline.live.shard import DayResult
from seawall_base.clock import Clock

LATE_SECONDS = 2.0
LATE_BURST = 3.0
"""Least pause between scorings of late days in a shard: so many seconds, or times the duration of the last one."""

LATE_AT_ONCE = 0.6
"""Seconds of one scoring that late days may take; shards that need more are scored one after another."""

Way = Literal["whole", "newest"]


class ShardScheduler:
    """Scheduling state of each shard."""

    def __init__(self) -> None:
        self._next_late: dict[int, float] = defaultdict(lambda: -math.inf)
        self._took: dict[int, float] = defaultdict(float)
        self._seen: dict[int, tuple[int, int]] = {}
        self._behind: set[int] = set()
        self._is_reading = True

    @property
    def are_behind(self) -> bool:
        """Return whether some shard is not up to date since much was unread, so that its incidents may outrank present
        ones.
        """
        return bool(self._behind)

    def plan(self, detection: LiveDetection, now: float, *, is_settled: bool) -> Iterator[tuple[int, Way]]:
        """Yield (shard, way): score all waiting days, or only the newest while late days wait.

        While much is unread (`is_settled` false), and until each shard has caught up after that, all days are scored.
        """
        waiting = detection.waiting()
        if self._is_reading or not is_settled:  # what was read last is not scored yet either
            self._behind = set(waiting)
        self._behind &= set(waiting)
        self._is_reading = not is_settled
        late = {shard for shard in waiting if not self._behind and detection.is_late(shard)}
        chosen = self._choose(late, now)
        for shard in [*(one for one in waiting if one not in chosen), *chosen]:
            if shard in late - set(chosen):
                if self._seen.get(shard) != detection.newest(shard):
                    yield shard, "newest"
            else:
                yield shard, "whole"

    def score_due(
        self, detection: LiveDetection, clock: Clock, deadline: Callable[[], bool], *, is_settled: bool
    ) -> dict[tuple[int, int], DayResult]:
        """Score the shards that are due; return the results by day and shard. `deadline` may stop it after a day."""
        results: dict[tuple[int, int], DayResult] = {}
        for shard, way in list(self.plan(detection, clock.monotonic(), is_settled=is_settled)):
            began = clock.monotonic()
            found = detection.glimpse(shard) if way == "newest" else None
            results |= detection.bring_up(shard, deadline) if found is None else found
            self.note(shard, detection, way, began, clock.monotonic())
            if results and deadline():
                break
        return results

    def note(self, shard: int, detection: LiveDetection, way: Way, began: float, ended: float) -> None:
        """Record that a shard was scored."""
        self._seen[shard] = detection.newest(shard)
        if way == "whole":
            if not detection.is_dirty(shard):
                self._behind.discard(shard)
            self._took[shard] = ended - began
            self._next_late[shard] = ended + max(LATE_SECONDS, LATE_BURST * (ended - began))

    def _choose(self, late: set[int], now: float) -> Sequence[int]:
        """Return the shards whose late days are due: those that wait longest, as many as fit the time."""
        chosen: list[int] = []
        left = LATE_AT_ONCE
        for shard in sorted(late, key=lambda one: (self._next_late[one], one)):
            if self._next_late[shard] > now or (chosen and self._took[shard] > left):
                break
            chosen.append(shard)
            left -= self._took[shard]
        return chosen
