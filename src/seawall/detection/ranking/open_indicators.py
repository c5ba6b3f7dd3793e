"""Remember what was new in candidates, so that the account's later groups that show it again join their story.

What an intruder did on the first day is known to the account on the second, and is no longer strange. Without this, the
story of an incident would end where the intruder repeats himself. An indicator is a network that was new to the account,
or an application that was new from a network which the account knew.
"""

from __future__ import annotations

import numpy as np

from seawall.detection.behaviour.detector import BehaviourGroups
from seawall.detection.behaviour.fields import DerivedColumns
from seawall.detection.behaviour.surprise import GroupValuePairs
from seawall.detection.ragged import Ragged, collect
from seawall.events.array_state import RestoredState, State, copy_arrays, nest_states
from seawall.events.coded_batch import Bools, Codes, Floats, Keys, pair_keys
from seawall.events.grouping import Rows, distinct, starts

OPEN_DAYS = 14
"""Days after a candidate for which its indicators are remembered."""

MOST_APPLICATIONS = 16
"""Applications of a group that are remembered one by one; if more are new, it is the network that is remembered."""

FIELDS = ("network", "app_network")


class OpenValues:
    """Hold pairs of account and value as sorted keys, uint64 (n,), with the day and score of the candidate that showed each."""

    __slots__ = ("day", "keys", "score")

    def __init__(self) -> None:
        self.keys: Keys = np.empty(0, np.uint64)
        self.day: Codes = np.empty(0, np.int32)
        self.score = np.empty(0, np.float32)

    def find(self, keys: Keys) -> tuple[Rows, Bools]:
        """Return for n keys their positions, (n,), and whether they are held, bool (n,)."""
        if not len(self.keys):
            return np.zeros(len(keys), np.intp), np.zeros(len(keys), bool)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return places, self.keys[places] == keys

    def learn(self, keys: Keys, day: int, score: Floats) -> None:
        """Hold n keys, in any order, from a day on; a key that is held keeps its day and score. `score` is (n,)."""
        order = np.lexsort((-score, keys))
        order = order[starts(keys[order])]
        order = order[~self.find(keys[order])[1]]
        places = np.searchsorted(self.keys, keys[order])
        self.keys = np.insert(self.keys, places, keys[order])
        self.day = np.insert(self.day, places, np.int32(day))
        self.score = np.insert(self.score, places, score[order].astype(np.float32))

    def forget(self, before: int) -> None:
        """Forget the keys of days before the given one."""
        kept = self.day >= before
        self.keys, self.day, self.score = self.keys[kept], self.day[kept], self.score[kept]

    def nbytes(self) -> int:
        """Return the size of the arrays in bytes."""
        return int(self.keys.nbytes + self.day.nbytes + self.score.nbytes)

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return copy_arrays(self, {"keys": np.uint64, "day": np.int32, "score": np.float32})

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self.keys = saved.keys("keys")
        self.day = saved.array("day", np.int32, len(self.keys))
        self.score = saved.array("score", np.float32, len(self.keys))


class OpenIndicators:
    """Hold the indicators of each account's candidates for as long as groups may join their incidents.

    An indicator takes 16 bytes. Its number is bounded by that of candidates, and so by the accounts of an organisation.
    """

    def __init__(self) -> None:
        self._open = {name: OpenValues() for name in FIELDS}

    def find_origins(self, groups: BehaviourGroups) -> tuple[Ragged, Floats]:
        """Return for each group the days, int32, on which the indicators that it shows again were new, as lists.

        Also return the highest score of the candidates in which they were new, float64 (g,); -inf if there is none.
        """
        found, highest = [np.empty(0, np.int64)], np.full(len(groups), -np.inf)
        oldest = groups.day.number - OPEN_DAYS
        for name, values in self._open.items():
            pairs = groups.pairs[name]
            places, is_open = values.find(_pair_keys(groups, pairs))
            since = values.day[places[is_open]]
            is_near = since >= oldest
            np.maximum.at(highest, pairs.group[is_open][is_near], values.score[places[is_open]][is_near])
            found.append((pairs.group[is_open][is_near].astype(np.int64) << 32) | since[is_near])
        both = distinct(np.concatenate(found))
        return collect(both >> 32, (both & 0xFFFFFFFF).astype(np.int32), len(groups)), highest

    def mark(self, groups: BehaviourGroups, members: Ragged, derived: DerivedColumns) -> Bools:
        """Return which of the groups' events show an indicator again, bool (m,), from the m values of `members`.

        `groups` must have the events of the day.
        """
        day, rows = groups.day, members.values
        actor, shows = day.batch.actor[rows], np.zeros(len(rows), bool)
        network = day.columns["network"][rows]
        pair = derived.pair("app_network", day.columns["app_uid"][rows], network)
        columns = {"network": network, "app_network": pair}
        for name, values in self._open.items():
            column = columns[name]
            shows |= (column >= 0) & values.find(pair_keys(actor, column))[1]
        return shows

    def learn(self, groups: BehaviourGroups, rows: Rows, score: Floats) -> None:
        """Remember what is new in the groups `rows`, the candidates of a day. `score` is (g,)."""
        day = groups.day
        for values in self._open.values():
            values.forget(day.number - OPEN_DAYS)
        is_candidate = np.zeros(len(groups), bool)
        is_candidate[rows] = True
        network, applications = groups.pairs["network"], groups.pairs["app_network"]
        is_new = {name: _is_new(groups.pairs[name]) for name in FIELDS}
        fresh = np.bincount(applications.group[is_new["app_network"]], minlength=len(groups))
        takes_network = fresh > MOST_APPLICATIONS
        takes_network[network.group[is_new["network"]]] = True
        for name, pairs in (("network", network), ("app_network", applications)):
            by_network = takes_network[pairs.group]
            wanted = is_candidate[pairs.group]
            wanted &= by_network if name == "network" else is_new[name] & ~by_network
            self._open[name].learn(_pair_keys(groups, pairs)[wanted], day.number, score[pairs.group[wanted]])

    def nbytes(self) -> int:
        """Return the size of the arrays in bytes."""
        return sum(values.nbytes() for values in self._open.values())

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return nest_states(**{name: values.state() for name, values in self._open.items()})

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        for name, values in self._open.items():
            values.restore(saved.part(name))


def _pair_keys(groups: BehaviourGroups, pairs: GroupValuePairs) -> Keys:
    return pair_keys(groups.day.actor[pairs.group], pairs.value)


def _is_new(pairs: GroupValuePairs) -> Bools:
    return np.asarray(pairs.looked.seen == 0)
