"""Detect sources that have fallen silent, from the hours of the week in which each usually sends.

A silence raises an alarm once it is improbable: hours in which the source always sends count much, hours in which it never
does count nothing. A quiet night or weekend is therefore no alarm for sources that are usually quiet then. Hours are learnt
from event times, also of old logs. A silence is measured by a monotonic clock, so that jumps of the wall clock do no harm.

Not detected: a source with less than `least_hours` of history, and a source so rare that no silence is improbable. A source
that merely sends less than before is not detected either.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import msgspec

from seawall.events.array_state import StateInvalid
from seawall.pipeline.live.settings import SilenceSettings

HOUR = 3_600_000_000
HOURS = 168
"""Hours of a week. The week starts on Thursday, like 1 January 1970."""

RECENT = 72
"""Hours that late events may still change; older ones are learnt."""

MOST_SOURCES = 20_000
_WEEKS = 8.0
"""Half-life in weeks of an observation of an hour of the week."""

_PRIOR = 2.0
"""Weight, in weeks, of the prior for an hour: the same hour on other days, and the source's mean."""

_LONGEST_JUMP = HOURS * 4
"""Hours of silence after which a returning source is learnt anew: it was switched off, or a time was wrong."""

Key = tuple[str, str]
"""Organisation and source."""


def source_name(key: Key) -> str:
    """Return the name of an organisation's source."""
    tenant, kind = key
    return f"{tenant}/{kind}"


class SourceRhythm(msgspec.Struct, forbid_unknown_fields=True):
    """The learnt rhythm of one source. Hours are hours since 1970.

    `spoke` and `weeks` count, for each hour of the week, how often events came and how often they could have come.
    `open_hours` are recent hours with events; `closed` is the first hour that is not learnt yet.
    """

    spoke: list[float] = msgspec.field(default_factory=lambda: [0.0] * HOURS)
    weeks: list[float] = msgspec.field(default_factory=lambda: [0.0] * HOURS)
    open_hours: list[int] = msgspec.field(default_factory=list)
    closed: int = -1
    known: int = 0
    is_silent: bool = False

    def hear(self, hours: list[int]) -> None:
        """Add the hours in which a batch has events."""
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
        """Return the probability of events for each hour of the week."""
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
        """Return the learnt counts with the open hours up to the last one with events."""
        spoke, weeks = list(self.spoke), list(self.weeks)
        heard = set(self.open_hours)
        for hour in range(self.closed, max(heard, default=self.closed)):
            spoke[hour % HOURS] += hour in heard
            weeks[hour % HOURS] += 1.0
        return spoke, weeks

    def hours_known(self) -> int:
        """Return the number of hours that are known, with or without events."""
        return self.known + max(max(self.open_hours, default=self.closed) - self.closed, 0)


@dataclass(frozen=True, slots=True)
class SilenceChange:
    """A source that has fallen silent or sends again. `since` is the time of its last events, in microseconds."""

    key: Key
    is_silent: bool
    since: int


@dataclass(slots=True)
class _Heard:
    """The time of a source's last events, by the monotonic clock and by the wall clock."""

    at: float
    wall: int


@dataclass(slots=True)
class SilenceDetector:
    """The rhythms of all sources. `now` is in seconds of a monotonic clock, `wall` in microseconds since 1970.

    After a restart every silence is measured anew: events sent meanwhile may still arrive.
    """

    silences: SilenceSettings
    habits: dict[Key, SourceRhythm] = field(default_factory=dict)
    _heard: dict[Key, _Heard] = field(default_factory=dict)

    def hear(self, key: Key, hours: list[int], now: float, wall: int) -> SilenceChange | None:
        """Add the hours in which a batch has events; return the change if the source was silent."""
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
        """Return the sources that raised an alarm since the last call."""
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
        """Return the usual seconds of silence from this hour of the week on, None if unknown.

        That is the time until the next hour in which events are more likely than not.
        """
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
        """Return whether the source is silent beyond the alarm threshold."""
        habit = self.habits.get(key)
        return habit is not None and habit.is_silent

    def state(self) -> bytes:
        """Return the learnt rhythms as bytes."""
        return msgspec.msgpack.encode([(*key, habit) for key, habit in sorted(self.habits.items())])

    def restore(self, state: bytes) -> None:
        """Restore rhythms from bytes. Raises `StateInvalid`."""
        try:
            found = msgspec.msgpack.decode(state, type=list[tuple[str, str, SourceRhythm]])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StateInvalid(
                "the stored state of silent sources is damaged", fix="restore the store from a backup"
            ) from error
        if any(len(habit.spoke) != HOURS or len(habit.weeks) != HOURS for _, _, habit in found):
            raise StateInvalid(
                "the stored state of silent sources is damaged", fix="restore the store from a backup"
            )
        self.habits = {(tenant, source): habit for tenant, source, habit in found}
        self._heard = {}


def _surprise(chances: list[float], since: int, seconds: float) -> float:
    """Return the improbability, in nats, of a silence that began at `since` and lasts so many seconds."""
    end = since + round(seconds * 1_000_000)
    total = 0.0
    first, last = since // HOUR, end // HOUR
    if last - first >= HOURS * 2:
        first = last - HOURS * 2
    for hour in range(first, last + 1):
        start, stop = max(hour * HOUR, since), min((hour + 1) * HOUR, end)
        total -= math.log1p(-min(chances[hour % HOURS], 0.995)) * (stop - start) / HOUR
    return total
