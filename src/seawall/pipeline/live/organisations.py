"""Assign organisations to shards, so that late events of one organisation cause scoring of one shard only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from seawall.events.array_state import RestoredState, State, nest_states, pack_texts
from seawall.events.coded_batch import MISSING, Times, pair_keys
from seawall.events.coder import Marks, Meanings
from seawall.pipeline.live.duplicates import RecordHasher
from seawall.storage import Coder
from seawall.storage.joined_names import names_state

SHARDS = 16
"""Number of shards. With fewer organisations each has its own; with more, small ones share."""

NAMELESS = "unknown"
"""The lake's organisation of events that state none; coding may reveal the organisation."""

NOT_SCORED = "unmapped"
"""A text column that no detector reads; it stays in the lake."""

PRINT = "fingerprint"
"""The column of coded events with fingerprints, see `DuplicateFilter`."""

_DAY = 86_400_000_000
_NEVER = np.iinfo(np.int64).max


class Organisations:
    """The coder of all events, whose vocabularies only grow, and the shard of each organisation.

    A new organisation goes to the shard with the least load. The choice changes no result, because organisations are
    independent. `tenants` are the organisations in the lake, `seen` the (code, day) pairs of events read from it.
    """

    def __init__(self, marks: Marks | None = None) -> None:
        """Set up without organisations; `marks` returns the rules that match each event."""
        self.coder = Coder(unseen=False, marks=marks)
        self.tenants: set[str] = set()
        self.seen: set[tuple[int, int]] = set()
        self._shards: dict[str, int] = {}
        self._load = [0] * SHARDS
        self._homes: list[str] = []
        self._moves: dict[int, set[int]] = {}
        self._meanings: Meanings | None = None
        self._joins: dict[int, int] = {}
        self._named: dict[int, int] | None = None
        self._learnt = (0, 0)
        self._first_days: Times = np.empty(0, np.int64)
        self._rejoined: dict[int, int] = {}
        self._hasher = RecordHasher()

    def encode(self, events: pa.Table) -> pa.Table:
        """Return enriched events in codes, without `NOT_SCORED` and with fingerprints."""
        self.tenants |= {name or NAMELESS for name in events["org_uid"].unique().to_pylist()}
        coded = self.coder.encode(events)
        self._meanings = None
        self._note_days(coded)
        self._notice()
        place = coded.column_names.index(NOT_SCORED)
        coded = coded.set_column(place, NOT_SCORED, pa.nulls(len(coded), pa.string()))
        return coded.append_column(PRINT, pa.array(self._hasher.hash_records(coded)))

    def split(self, coded: pa.Table) -> dict[int, pa.Table]:
        """Return coded events by the present shard of their organisation."""
        codes = coded["org_uid"].to_numpy()
        found, place, counts = np.unique(codes, return_inverse=True, return_counts=True)
        homes = self._homes
        # largest first, so that small ones balance the load
        shards = np.zeros(len(found), np.int64)
        for at in np.argsort(-counts, kind="stable").tolist():
            shards[at] = self.shard(homes[found[at]])
            self._load[shards[at]] += int(counts[at])
        if len(set(shards.tolist())) == 1:
            return {int(shards[0]): coded}
        of_row = shards[place.reshape(-1)]
        return {shard: coded.filter(pa.array(of_row == shard)) for shard in np.unique(of_row).tolist()}

    def shard(self, organisation: str) -> int:
        """Return an organisation's shard; assign one if the organisation is new."""
        known = self._shards.get(organisation)
        if known is None:
            known = self._shards[organisation] = self._load.index(min(self._load))
            self._load[known] += 1
        return known

    def homes(self) -> list[str]:
        """Return the present organisation of each code."""
        return self.coder.homes()

    def _notice(self) -> None:
        """Note the codes that now mean another organisation: their events are in the wrong shard."""
        homes = self.homes()
        if homes[: len(self._homes)] != self._homes:
            for code, (was, now) in enumerate(zip(self._homes, homes, strict=False)):
                if was != now:
                    self._moves.setdefault(code, set()).add(self.shard(was))
            self._learnt = (-1, -1)
        self._homes = homes
        if self._learnt != self._list_known_ids():
            self._notice_joins()

    def _list_known_ids(self) -> tuple[int, int]:
        """Return a pair of numbers that changes with each learnt object id or account."""
        return self.coder.object_ids.revision, len(self.coder.vocabularies["account"])

    def _note_days(self, coded: pa.Table) -> None:
        """Note the first day of each account."""
        account = coded["account"].to_numpy()
        more = len(self.coder.vocabularies["account"]) - len(self._first_days)
        self._first_days = np.append(self._first_days, np.full(more, _NEVER))
        rows = np.flatnonzero(account >= 0)
        np.minimum.at(self._first_days, account[rows], coded["time"].to_numpy()[rows] // _DAY)

    def _notice_joins(self) -> None:
        """Note which object ids now mean another account, and the first day with records of each."""
        self._learnt, before = self._list_known_ids(), self._joins
        self._joins = self._present_joins()
        for key in before.keys() | self._joins.keys():
            if before.get(key) != self._joins.get(key):
                day = int(self._first_days[key & 0xFFFFFFFF])
                self._rejoined[key >> 32] = min(day, self._rejoined.get(key >> 32, day))

    def _present_joins(self) -> dict[int, int]:
        joins = self.coder.meanings()[2]
        return dict(zip(joins.keys.tolist(), joins.names.tolist(), strict=True))

    def fresh_names(self) -> State | None:
        """Return the account of each object id as arrays, None if unchanged since the last call."""
        if self._named == self._joins:
            return None
        self._named = self._joins
        organisations, accounts = (self.coder.vocabularies[name] for name in ("org_uid", "account"))
        return names_state(
            (organisations.text(key >> 32), accounts.text(key & 0xFFFFFFFF), accounts.text(name))
            for key, name in self._joins.items()
        )

    def take_rejoined_codes(self) -> list[tuple[int, int]]:
        """Return (organisation's code, first affected day) for organisations whose object ids now mean other accounts."""
        found, self._rejoined = self._rejoined, {}
        organisations = self.coder.vocabularies["org_uid"]
        days = {organisations.text(code): day for code, day in found.items()}
        return [(code, days[home]) for code, home in enumerate(self._homes) if home in days]

    def take_moved_codes(self) -> list[tuple[int, int, int]]:
        """Return (code, old shard, new shard) of the codes that now mean another organisation."""
        moves, self._moves = self._moves, {}
        return [
            (code, was, self.shard_of(code))
            for code, shards in sorted(moves.items())
            for was in sorted(shards)
        ]

    def shard_of(self, code: int) -> int:
        """Return the shard of the organisation that a code means now."""
        return self.shard(self._homes[code])

    def of_shard(self, shard: int) -> list[str]:
        """Return the names under which the lake may hold events of a shard."""
        organisations = self.coder.vocabularies["org_uid"]
        for name in sorted(self.tenants - {NAMELESS}):
            organisations.learn(name)
        self._notice()
        homes = self._homes
        return sorted(
            name
            for name in self.tenants
            if name == NAMELESS or self.shard(homes[organisations.code(name)]) == shard
        )

    def meanings(self) -> Meanings:
        """Return the present meanings of codes."""
        if self._meanings is None:
            self._meanings = self.coder.meanings()
        return self._meanings

    def find_actor(self, organisation: str, account: str) -> int | None:
        """Return the code of an account, None if it is unknown."""
        names = self.coder.vocabularies
        codes = [np.array([names["org_uid"].code(organisation)]), np.array([names["account"].code(account)])]
        if MISSING in (*codes[0], *codes[1]):
            return None
        actor = int(self.coder.actors.look_up(pair_keys(*codes))[0])
        return None if actor == MISSING else actor

    @property
    def organisation_count(self) -> int:
        """Number of organisations with a shard."""
        return len(self._shards)

    def shards_state(self) -> State:
        """Return the shard of each organisation, as arrays."""
        names = sorted(self._shards)
        shards = np.array([self._shards[name] for name in names], np.int64)
        return {**pack_texts("names", names), "shards": shards, "load": np.array(self._load, np.int64)}

    def restore_shards(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore the shards of organisations. Raises `StateInvalid`."""
        saved = RestoredState(state)
        shards = saved.array("shards", np.int64, None)
        names = saved.texts("names", len(shards))
        if ((shards < 0) | (shards >= SHARDS)).any() or len(set(names)) != len(names):
            raise saved.invalid("shards", "names what there is not")
        self._load = saved.array("load", np.int64, SHARDS).tolist()
        self._shards = dict(zip(names, shards.tolist(), strict=True))

    def state(self) -> State:
        """Return the vocabularies, as arrays."""
        return {
            **nest_states(coder=self.coder.state()),
            **pack_texts("homes", self._homes),
            "first_days": self._first_days.copy(),
        }

    def restore(self, state: State) -> None:
        """Restore the vocabularies. Raises `StateInvalid`."""
        part = "coder."
        self.coder.restore({name[len(part) :]: one for name, one in state.items() if name.startswith(part)})
        self._homes, self._moves = RestoredState(state).texts("homes"), {}
        accounts = len(self.coder.vocabularies["account"])
        self._first_days = RestoredState(state).array("first_days", np.int64, accounts)
        self._meanings, self._rejoined = None, {}
        self._joins, self._learnt = self._present_joins(), self._list_known_ids()
