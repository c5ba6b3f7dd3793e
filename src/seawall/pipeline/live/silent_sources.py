"""Notices sources that have fallen silent: learns in which hours of the week each one speaks, and how sure that is.

A silence is an alarm once all that should have been said in it makes it improbable: each hour in which the source
always spoke counts much, an hour in which it never does counts nothing. So a quiet night or weekend is none where nights
and weekends are quiet. Hours are learnt from the events' own times, also of old logs; a silence is measured by a clock that only
goes forward, so that a wall clock that jumps changes nothing.

What it misses: a source of which less than `least_hours` are known, a source that is always so rare that no silence surprises,
and a source that sends less than before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import msgspec

from seawall.events.array_state import StateInvalid
from seawall.pipeline.live.settings import SilenceSettings

HOUR = 3_600_000_000
HOURS = 168
"""Hours of a week; the first begins on Thursday, as the epoch does."""

RECENT = 72
"""Hours that are still open to late events; older ones are learnt."""

MOST_SOURCES = 20_000
_WEEKS = 8.0
"""What was seen of an hour of the week counts half after so many weeks."""

_PRIOR = 2.0
"""Weeks of an hour for which the same hour on other days, and the source as a whole, speak."""

_LONGEST_JUMP = HOURS * 4
"""A source that comes back after a longer silence than four weeks begins anew: it was switched off, or a time was wrong."""

Key = tuple[str, str]
"""Organisation and source."""


def source_name(key: Key) -> str:
    """Return the name of an organisation's source."""
    tenant, kind = key
    return f"{tenant}/{kind}"


class SourceRhythm(msgspec.Struct, forbid_unknown_fields=True):
    """What is known of one source. Hours are counted since the epoch.

    `spoke` and `weeks` say of each hour of the week how often it was heard in it, and how often it could have been. `open_hours`
    are the hours heard lately, `closed` the first that is not learnt yet.
    """

    spoke: list[float] = msgspec.field(default_factory=lambda: [0.0] * HOURS)
    weeks: list[float] = msgspec.field(default_factory=lambda: [0.0] * HOURS)
    open_hours: list[int] = msgspec.field(default_factory=list)
    closed: int = -1
    known: int = 0
    is_silent: bool = False

    def hear(self, hours: list[int]) -> None:
        """Take note of the hours that a batch has events in."""
        if not hours:
            return
        if self.closed < 0 or max(hours) - self.closed > _LONGEST_JUMP:
            self.closed, self.open_hours = min(hours) if self.closed < 0 else max(hours), []
        heard = {hour for hour in (*self.open_hours, *hours) if hour >= self.closed}
        end = max(heard, default=self.closed) - RECENT
        for hour in range(self.closed, end):
            self._learn(hour, hour in heard)
        self.closed = max(self.closed, end)
        self.open_hours = sorted(hour for hour in heard if hour >= self.closed)

    def _learn(self, hour: int, is_heard: bool) -> None:
        at = hour % HOURS
        fade = 0.5 ** (1.0 / _WEEKS)
        self.spoke[at] = self.spoke[at] * fade + is_heard
        self.weeks[at] = self.weeks[at] * fade + 1.0
        self.known += 1

    def chances(self) -> list[float]:
        """Return for each hour of the week how likely the source is heard in it."""
        spoke, weeks = self._with_open()
        whole = (sum(spoke) + 0.5) / (sum(weeks) + 1.0)
        chances = []
        for hour in range(HOURS):
            same = range(hour % 24, HOURS, 24)
            daily_weeks = sum(weeks[other] for other in same)
            daily = (sum(spoke[other] for other in same) + whole) / (daily_weeks + 1.0)
            chances.append((spoke[hour] + _PRIOR * daily) / (weeks[hour] + _PRIOR))
        return chances

    def _with_open(self) -> tuple[list[float], list[float]]:
        """What is learnt, and the hours up to the last one heard, which may still be added to."""
        spoke, weeks = list(self.spoke), list(self.weeks)
        heard = set(self.open_hours)
        for hour in range(self.closed, max(heard, default=self.closed)):
            spoke[hour % HOURS] += hour in heard
            weeks[hour % HOURS] += 1.0
        return spoke, weeks

    def hours_known(self) -> int:
        """Return of how many hours it is known whether it was heard."""
        return self.known + max(max(self.open_hours, default=self.closed) - self.closed, 0)


@dataclass(frozen=True, slots=True)
class SilenceChange:
    """A source that has fallen silent, or speaks again. `since` is when it was last heard, in microseconds."""

    key: Key
    is_silent: bool
    since: int


@dataclass(slots=True)
class _Heard:
    """When a source was last heard: by the clock that only goes forward, and by the wall clock as it was then."""

    at: float
    wall: int


@dataclass(slots=True)
class SilenceDetector:
    """All sources. `now` is in seconds of a clock that only goes forward, `wall` microseconds since the epoch.

    After a start every silence begins anew: what was sent while nobody listened is still to come.
    """

    silences: SilenceSettings
    habits: dict[Key, SourceRhythm] = field(default_factory=dict)
    _heard: dict[Key, _Heard] = field(default_factory=dict)

    def hear(self, key: Key, hours: list[int], now: float, wall: int) -> SilenceChange | None:
        """Take note of the hours in which a batch has events; the change when the source was silent."""
        habit = self.habits.get(key)
        if habit is None:
            if len(self.habits) >= MOST_SOURCES:
                return None
            habit = self.habits[key] = SourceRhythm()
        habit.hear(hours)
        self._heard[key] = _Heard(now, wall)
        if habit.is_silent:
            habit.is_silent = False
            return SilenceChange(key, False, wall)
        return None

    def fallen_silent(self, now: float, wall: int) -> list[SilenceChange]:
        """Return the sources whose silence has become an alarm since the last time; each once."""
        changes = []
        for key, habit in self.habits.items():
            heard = self._heard.setdefault(key, _Heard(now, wall))
            if not habit.is_silent and self._is_alarming(habit, heard, now):
                habit.is_silent = True
                changes.append(SilenceChange(key, True, heard.wall))
        return changes

    def _is_alarming(self, habit: SourceRhythm, heard: _Heard, now: float) -> bool:
        silent = now - heard.at
        if silent < self.silences.least_seconds or habit.hours_known() < self.silences.least_hours:
            return False
        return _surprise(habit.chances(), heard.wall, silent) >= math.log(self.silences.odds)

    def typical_gap(self, key: Key, wall: int) -> float | None:
        """Return how many seconds of silence from this hour of the week on are still usual, None where that is not known:
        until the first hour in which the source is more likely heard than not."""
        habit = self.habits.get(key)
        if habit is None or habit.hours_known() < self.silences.least_hours:
            return None
        chances = habit.chances()
        at = wall // HOUR
        for gap in range(1, HOURS + 1):
            if chances[(at + gap) % HOURS] > 0.5:
                return gap * 3600.0
        return HOURS * 3600.0

    def is_silent(self, key: Key) -> bool:
        """Whether the source's silence is an alarm."""
        habit = self.habits.get(key)
        return habit is not None and habit.is_silent

    def state(self) -> bytes:
        """Return what was learnt, as bytes."""
        return msgspec.msgpack.encode([(*key, habit) for key, habit in sorted(self.habits.items())])

    def restore(self, state: bytes) -> None:
        """Know what was kept. Raises `StateInvalid`."""
        try:
            found = msgspec.msgpack.decode(state, type=list[tuple[str, str, SourceRhythm]])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StateInvalid(
                "what was learnt of silent sources is damaged", fix="restore the store from a backup"
            ) from error
        if any(len(habit.spoke) != HOURS or len(habit.weeks) != HOURS for _, _, habit in found):
            raise StateInvalid(
                "what was learnt of silent sources is damaged", fix="restore the store from a backup"
            )
        self.habits = {(tenant, source): habit for tenant, source, habit in found}
        self._heard = {}


def _surprise(chances: list[float], since: int, seconds: float) -> float:
    """Return how improbable, in nats, a silence of that length is that began at a time."""
    end = since + round(seconds * 1_000_000)
    total = 0.0
    first, last = since // HOUR, end // HOUR
    if last - first >= HOURS * 2:
        first = last - HOURS * 2
    for hour in range(first, last + 1):
        start, stop = max(hour * HOUR, since), min((hour + 1) * HOUR, end)
        total -= math.log1p(-min(chances[hour % HOURS], 0.995)) * (stop - start) / HOUR
    return total
