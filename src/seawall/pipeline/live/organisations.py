"""Which organisations are scored together: each belongs to one shard, and what comes late for it concerns that one alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from seawall.events.array_state import RestoredState, State, nest_states, pack_texts
from seawall.events.coded_batch import Times
from seawall.events.coder import Marks, Meanings
from seawall.pipeline.live.duplicates import Fingerprints
from seawall.storage import Coder
from seawall.storage.joined_names import names_state

SHARDS = 16
"""Organisations are spread over so many: of fewer each is scored by itself, of more the small ones share."""

NAMELESS = "unknown"
"""Where the lake keeps events that state no organisation; whose they are is seen when they are coded."""

NOT_SCORED = "unmapped"
"""The one text that nothing looks at: it stays in the lake."""

PRINT = "fingerprint"
"""The column of coded events that tells copies, see `DuplicateFilter`."""

_DAY = 86_400_000_000
_NEVER = np.iinfo(np.int64).max


class Organisations:
    """One coder for all events, which only grows, and the shard of each organisation.

    An organisation that is new goes to the shard that has least to do. Which one that is changes no result:
    organisations are independent. `tenants` are the names that the lake keeps events under, `seen` the codes
    and days of events that were read from it.
    """

    def __init__(self, marks: Marks | None = None) -> None:
        """`marks` is asked which rules hit each event."""
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
        self._fingerprints = Fingerprints()

    def encode(self, events: pa.Table) -> pa.Table:
        """Return enriched events in codes, without the text that nothing looks at, and with a fingerprint each."""
        self.tenants |= {name or NAMELESS for name in events["org_uid"].unique().to_pylist()}
        coded = self.coder.encode(events)
        self._meanings = None
        self._note_days(coded)
        self._notice()
        place = coded.column_names.index(NOT_SCORED)
        coded = coded.set_column(place, NOT_SCORED, pa.nulls(len(coded), pa.string()))
        return coded.append_column(PRINT, pa.array(self._fingerprints.of(coded)))

    def split(self, coded: pa.Table) -> dict[int, pa.Table]:
        """Return coded events by the shard that their organisation belongs to just now."""
        codes = coded["org_uid"].to_numpy()
        found, place, counts = np.unique(codes, return_inverse=True, return_counts=True)
        homes = self._homes
        # The largest first: small ones then go where there is less to do.
        shards = np.zeros(len(found), np.int64)
        for at in np.argsort(-counts, kind="stable").tolist():
            shards[at] = self.shard(homes[found[at]])
            self._load[shards[at]] += int(counts[at])
        if len(set(shards.tolist())) == 1:
            return {int(shards[0]): coded}
        of_row = shards[place.reshape(-1)]
        return {shard: coded.filter(pa.array(of_row == shard)) for shard in np.unique(of_row).tolist()}

    def shard(self, organisation: str) -> int:
        """Return an organisation's shard; one that is new gets one."""
        known = self._shards.get(organisation)
        if known is None:
            known = self._shards[organisation] = self._load.index(min(self._load))
            self._load[known] += 1
        return known

    def homes(self) -> list[str]:
        """Return for each organisation, by code, the one that it is just now."""
        return self.coder.homes()

    def _notice(self) -> None:
        """Note which codes mean another organisation than before: what came for them was put elsewhere."""
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
        """Return what changes with each pair and each account that is learnt."""
        return self.coder.object_ids.revision, len(self.coder.vocabularies["account"])

    def _note_days(self, coded: pa.Table) -> None:
        """Note the first day of each account."""
        account = coded["account"].to_numpy()
        more = len(self.coder.vocabularies["account"]) - len(self._first_days)
        self._first_days = np.append(self._first_days, np.full(more, _NEVER))
        rows = np.flatnonzero(account >= 0)
        np.minimum.at(self._first_days, account[rows], coded["time"].to_numpy()[rows] // _DAY)

    def _notice_joins(self) -> None:
        """Note which object ids mean another account than before, and from which day on there are records of each."""
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
        """Return whose the object ids are, as plain arrays; None where that was returned already."""
        if self._named == self._joins:
            return None
        self._named = self._joins
        organisations, accounts = (self.coder.vocabularies[name] for name in ("org_uid", "account"))
        return names_state(
            (organisations.text(key >> 32), accounts.text(key & 0xFFFFFFFF), accounts.text(name))
            for key, name in self._joins.items()
        )

    def rejoined(self) -> list[tuple[int, int]]:
        """Return whose object ids came to mean other accounts: each code of such an organisation, and the first day concerned."""
        found, self._rejoined = self._rejoined, {}
        organisations = self.coder.vocabularies["org_uid"]
        days = {organisations.text(code): day for code, day in found.items()}
        return [(code, days[home]) for code, home in enumerate(self._homes) if home in days]

    def moved(self) -> list[tuple[int, int, int]]:
        """Return the codes that came to mean another organisation: a shard that it was of, and the one that it is of."""
        moves, self._moves = self._moves, {}
        return [
            (code, was, self.shard_of(code))
            for code, shards in sorted(moves.items())
            for was in sorted(shards)
        ]

    def shard_of(self, code: int) -> int:
        """Return the shard of the organisation that a code means just now."""
        return self.shard(self._homes[code])

    def of_shard(self, shard: int) -> list[str]:
        """Return the names that the lake may keep events of a shard under."""
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
        """Return what codes mean just now."""
        if self._meanings is None:
            self._meanings = self.coder.meanings()
        return self._meanings

    @property
    def known(self) -> int:
        """How many organisations have a shard."""
        return len(self._shards)

    def shards_state(self) -> State:
        """Return who belongs to which shard, as plain arrays."""
        names = sorted(self._shards)
        shards = np.array([self._shards[name] for name in names], np.int64)
        return {**pack_texts("names", names), "shards": shards, "load": np.array(self._load, np.int64)}

    def restore_shards(self, state: Mapping[str, np.ndarray]) -> None:
        """Know who belongs to which shard. Raises `StateInvalid`."""
        saved = RestoredState(state)
        shards = saved.array("shards", np.int64, None)
        names = saved.texts("names", len(shards))
        if ((shards < 0) | (shards >= SHARDS)).any() or len(set(names)) != len(names):
            raise saved.invalid("shards", "names what there is not")
        self._load = saved.array("load", np.int64, SHARDS).tolist()
        self._shards = dict(zip(names, shards.tolist(), strict=True))

    def state(self) -> State:
        """Return the codes, as plain arrays."""
        return {
            **nest_states(coder=self.coder.state()),
            **pack_texts("homes", self._homes),
            "first_days": self._first_days.copy(),
        }

    def restore(self, state: State) -> None:
        """Know the codes that were kept. Raises `StateInvalid`."""
        part = "coder."
        self.coder.restore({name[len(part) :]: one for name, one in state.items() if name.startswith(part)})
        self._homes, self._moves = RestoredState(state).texts("homes"), {}
        accounts = len(self.coder.vocabularies["account"])
        self._first_days = RestoredState(state).array("first_days", np.int64, accounts)
        self._meanings, self._rejoined = None, {}
        self._joins, self._learnt = self._present_joins(), self._list_known_ids()
