"""Measure when an account is active: its usual hours, and activity in two places at once."""

from __future__ import annotations

import numpy as np

from seawall.detection.behaviour.day import GroupedDay
from seawall.events.array_state import RestoredState, State, copy_arrays, trim_rows
from seawall.events.coded_batch import MISSING, Codes, Floats
from seawall.events.grouping import Rows, distinct, stable_order, starts

ESTABLISHED_DAYS = 2.5
"""Decayed days after which a network counts as the account's own."""

FAR_MINUTES = 720.0
"""Longest gap to usual activity that still matters, in minutes."""

NEAR_MINUTES = 30.0
"""Longest time in minutes between uses of two networks that counts as being in both."""

SWITCH_MINUTES = 60
"""Longest pause in minutes over which a change of network counts as switching."""

LONGEST_IDLE = 30 * 24.0
"""Longest time without use of an own network that is told apart, in hours."""

_DAY_MINUTES = 1440.0
_MINUTE = 60_000_000
_KERNEL = np.array([0.1, 0.2, 0.4, 0.2, 0.1])


class ActiveHours:
    """Count an account's active days per hour of day (UTC), weekdays and weekends apart: 48 numbers for each account.

    Misses: accounts that are active at all hours, and a weekend that starts on Friday.
    """

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts = np.zeros((0, 48), np.float32)

    def features(self, day: GroupedDay) -> Floats:
        """Return −ln of the smoothed share of the account's activity in the group's rarest hour, float64 (g,)."""
        self._reserve(day)
        group, slot = self._slots(day)
        result = np.zeros(len(day.actor))
        if not len(group):
            return result
        weekend = int(slot[0] >= 24)
        is_next = starts(day.actor)  # groups are in order of account
        own = self._counts[day.actor[is_next], 24 * weekend : 24 * weekend + 24].astype(np.float64)
        own = _smooth(own)
        total = own.sum(axis=1) + 6.0
        account = (np.cumsum(is_next) - 1)[group]
        share = (own[account, slot % 24] + 0.25) / total[account]
        np.maximum.at(result, group, -np.log(share))
        return result

    def learn(self, day: GroupedDay) -> None:
        """Count each (account, hour) of the day once."""
        group, slot = self._slots(day)
        pairs = distinct(day.actor[group].astype(np.int64) * 48 + slot)
        self._counts[pairs // 48, pairs % 48] += 1

    def _slots(self, day: GroupedDay) -> tuple[Codes, Codes]:
        rows = np.flatnonzero(day.group != MISSING)
        hour = (day.batch.time[rows] // (60 * _MINUTE)) % 24
        weekend = (day.number + 3) % 7 >= 5  # day 0 of the epoch was a Thursday
        is_used = np.zeros((len(day.actor), 24), bool)
        is_used[day.group[rows], hour] = True
        group, slot = np.nonzero(is_used)
        return group.astype(np.int32), slot.astype(np.int32) + np.int32(24 * weekend)

    def _reserve(self, day: GroupedDay) -> None:
        size = int(day.actor.max(initial=-1)) + 1
        if size > len(self._counts):
            extra = max(size, 2 * len(self._counts)) - len(self._counts)
            self._counts = np.concatenate([self._counts, np.zeros((extra, 48), np.float32)])

    def nbytes(self) -> int:
        """Return the size of the array in bytes."""
        return int(self._counts.nbytes)

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return trim_rows(copy_arrays(self, {"_counts": np.float32}), {"counts": 0})

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self._counts = saved.array("counts", np.float32, None, 48)


def _smooth(counts: Floats) -> Floats:
    return np.asarray(
        sum(
            weight * np.roll(counts, shift, axis=1)
            for weight, shift in zip(_KERNEL, range(-2, 3), strict=True)
        )
    )


def order_by_account(day: GroupedDay) -> Rows:
    """Return the events that belong to groups, ordered by account and time."""
    rows = np.flatnonzero(day.group != MISSING)
    return rows[stable_order(day.batch.actor[rows])]


def measure_simultaneity(day: GroupedDay, established: np.ndarray, rows: Rows) -> dict[str, Floats]:
    """Measure how close in time each group is to the account's use of an established, different network.

    `established` is bool (g,): whether the group's network is the account's own. `rows` are those of `order_by_account`.
    Returns float64 (g,):

    - `usual_gap`: minutes to the nearest event on an established network, 720 if none is nearer;
    - `usual_gap_abroad`: the same, for such events in another country;
    - `usual_inside`: ln(1 + number of such events between the group's first and last event);
    - `usual_overlap`: share of the group's events within half an hour of such an event, 0 on an own network;
    - `usual_switches`: ln(1 + changes between the group's and an established network, each within an hour).

    Misses: accounts without an established network, and use of the account's own network by an attacker.
    """
    size = len(day.actor)
    gap, abroad, inside = np.full(size, FAR_MINUTES), np.full(size, FAR_MINUTES), np.zeros(size)
    overlap = np.zeros(size)
    is_usual = established[day.group[rows]]
    usual, other = rows[is_usual], rows[~is_usual]
    if len(usual) and len(other):
        usual_keys = _keys(day, usual)
        keys = _keys(day, other)
        after = np.searchsorted(usual_keys, keys)
        country = day.columns["src_location"]
        nearest = np.full(len(other), FAR_MINUTES)
        for place in (after - 1, after):
            valid = (place >= 0) & (place < len(usual))
            place = np.clip(place, 0, len(usual) - 1)
            valid &= day.batch.actor[usual[place]] == day.batch.actor[other]
            minutes = np.abs(day.batch.time[usual[place]] - day.batch.time[other]) / _MINUTE
            differs = (
                (country[usual[place]] != country[other])
                & (country[other] != MISSING)
                & (country[usual[place]] != MISSING)
            )
            nearest[valid] = np.minimum(nearest[valid], minutes[valid])
            np.minimum.at(abroad, day.group[other[valid & differs]], minutes[valid & differs])
        np.minimum.at(gap, day.group[other], nearest)
        near = np.bincount(day.group[other], nearest <= NEAR_MINUTES, size)
        overlap = near / np.maximum(np.bincount(day.group[other], minlength=size), 1)
        base = day.actor.astype(np.int64) << 40
        offset = day.number * 86_400
        first = base + day.first // 1_000_000 - offset
        last = base + day.last // 1_000_000 - offset
        inside = (
            np.searchsorted(usual_keys, last, side="right") - np.searchsorted(usual_keys, first)
        ) * ~established
    return {
        "usual_gap": np.minimum(gap, FAR_MINUTES),
        "usual_gap_abroad": np.minimum(abroad, FAR_MINUTES),
        "usual_inside": np.log1p(inside.astype(np.float64)),
        "usual_overlap": overlap,
        "usual_switches": np.log1p(_count_switches(day, rows, is_usual)),
    }


def _count_switches(day: GroupedDay, rows: Rows, is_usual: np.ndarray) -> Floats:
    """Return how often the account changes between an established network and each other group within an hour, (g,).

    `rows` are events, ordered by account and time.
    """
    earlier, later = rows[:-1], rows[1:]
    switches = (is_usual[:-1] != is_usual[1:]) & (day.batch.actor[earlier] == day.batch.actor[later])
    switches &= day.batch.time[later] - day.batch.time[earlier] <= SWITCH_MINUTES * _MINUTE
    away = np.where(is_usual[:-1], later, earlier)[switches]
    return np.bincount(day.group[away], minlength=len(day.actor)).astype(np.float64)


class UsualNetworkUse:
    """Keep when each account last used a network of its own, to tell who left it from who is in two places.

    Misses: accounts without an established network.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = np.zeros(0, np.int64)

    def features(self, day: GroupedDay, established: np.ndarray, rows: Rows) -> dict[str, Floats]:
        """Return for each group how the account uses networks of its own around it, float64 (g,).

        The arguments are those of `measure_simultaneity`.

        - `usual_idle`: ln(1 + hours) from the last use of one to the group's first event, -1 if none is known; at most 30 days;
        - `usual_return`: ln(1 + minutes) from the group's last event to the next use that day; ln(1 + 1440) if there is none.

        Both are 0 for a group on an own network.
        """
        self._reserve(day)
        usual = rows[established[day.group[rows]]]
        actor, time = day.batch.actor[usual], day.batch.time[usual]
        packed = (actor.astype(np.int64) << 40) + (time // 1000 - day.number * 86_400_000)
        base = day.actor.astype(np.int64) << 40
        begin = np.searchsorted(packed, base + (day.first // 1000 - day.number * 86_400_000)) - 1
        end = np.searchsorted(packed, base + (day.last // 1000 - day.number * 86_400_000), side="right")
        before = np.where(self._is_of(actor, begin, day), _pick(time, begin), self._last[day.actor])
        idle = np.log1p(np.clip((day.first - before) / (60 * _MINUTE), 0.0, LONGEST_IDLE))
        away = np.where(before > 0, idle, -1.0)
        minutes = np.clip((_pick(time, end) - day.last) / _MINUTE, 0.0, _DAY_MINUTES)
        back = np.log1p(np.where(self._is_of(actor, end, day), minutes, _DAY_MINUTES))
        return {
            "usual_idle": np.where(established, 0.0, away),
            "usual_return": np.where(established, 0.0, back),
        }

    @staticmethod
    def _is_of(actor: Codes, place: Rows, day: GroupedDay) -> np.ndarray:
        inside = (place >= 0) & (place < len(actor))
        return np.asarray(inside & (_pick(actor, place) == day.actor))

    def learn(self, day: GroupedDay, established: np.ndarray) -> None:
        """Note the last use of an established network of each account."""
        np.maximum.at(self._last, day.actor[established], day.last[established])

    def _reserve(self, day: GroupedDay) -> None:
        size = int(day.actor.max(initial=-1)) + 1
        if size > len(self._last):
            extra = max(size, 2 * len(self._last)) - len(self._last)
            self._last = np.concatenate([self._last, np.zeros(extra, np.int64)])

    def nbytes(self) -> int:
        """Return the size of the array in bytes."""
        return int(self._last.nbytes)

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return trim_rows(copy_arrays(self, {"_last": np.int64}), {"last": 0})

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self._last = saved.array("last", np.int64, None)


def _pick(values: np.ndarray, place: Rows) -> np.ndarray:
    """Return the values at the given places; those of places outside are arbitrary."""
    if not len(values):
        return np.zeros(len(place), values.dtype)
    return np.asarray(values[np.clip(place, 0, len(values) - 1)])


def _keys(day: GroupedDay, rows: np.ndarray) -> np.ndarray:
    seconds = day.batch.time[rows] // 1_000_000 - day.number * 86_400
    return np.asarray((day.batch.actor[rows].astype(np.int64) << 40) + seconds)
