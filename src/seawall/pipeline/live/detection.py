"""Score arriving events: organisations are split into shards, and a shard is scored when events arrive for it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.ranking.engine import layout
from seawall.detection.ranking.ranker import load
from seawall.detection.rules.sigma.load import load_builtin_rules
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.array_state import RestoredState, State
from seawall.pipeline.live.days import DAY, EPOCH, ShardDays
from seawall.pipeline.live.organisations import SHARDS, Organisations
from seawall.pipeline.live.rows import rows_by_day, rows_of
from seawall.pipeline.live.shard import DayResult, Shard
from seawall.storage import pack
from seawall.storage.joined_names import OBJECT_IDS
from seawall.storage.lake import Lake


@dataclass(frozen=True, slots=True)
class DayScoring:
    """The results of one scoring: scored days, and states to store or delete by name.

    `days` are by (day, shard). `rows` counts the records that arrived for each of these days, and for days that received
    only copies. `done` are the days that wait in no shard any more, including those too late to be scored. `notes` are the
    coverage notes of the last 44 days, or of all days from `notes_from` on if earlier coverage is kept
    (`LiveDetection.keep_coverage`). `scored_until` is the last day with current results, None if there is none.
    """

    days: dict[tuple[int, int], DayResult] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)
    done: frozenset[int] = frozenset()
    dropped_snapshots: tuple[str, ...] = ()
    kept_snapshots: dict[str, State] = field(default_factory=dict)
    notes: list[CoverageNote] = field(default_factory=list)
    notes_from: int | None = None
    scored_until: int | None = None

    def pack_states(self, prefix: str) -> dict[str, bytes | None]:
        """Return the states to store by name with a prefix, None to delete one."""
        kept = {prefix + name: pack(state) for name, state in self.kept_snapshots.items()}
        return kept | dict.fromkeys((prefix + name for name in self.dropped_snapshots), None)


class LiveDetection:
    """Score days as their events arrive. The state is serialisable; days outside the spool are read from the lake.

    Equal events give equal results, whatever their order, batches, number of copies, and stops in between. A day cannot be
    scored again if the lake has lost days around it. An event that arrives for such a day is reported by a note with code
    `late`.
    """

    def __init__(
        self, lake: Lake, *, learnt: bool = True, scratch: Path | None = None, rules: RuleSet | None = None
    ) -> None:
        """Set up an empty detection. `rules` are the Sigma rules, by default those shipped with Seawall.

        `scratch` is a folder private to this process, which is emptied; by default a temporary one.
        """
        ranker = load() if learnt else None
        rules = load_builtin_rules() if rules is None else rules
        self.layout = layout(rules, ranker)
        self._folder = _Scratch(scratch)
        days, states = self._folder.inner("days"), self._folder.inner("states")
        self._lake, self._organisations = lake, Organisations(rules.mark)
        self._organisations.tenants |= set(lake.tenants())
        self._shards = [
            Shard(
                ShardDays(number, self._organisations, lake, days / str(number)),
                ranker,
                states / str(number),
                rules,
            )
            for number in range(SHARDS)
        ]
        self._known = 0
        self._rows: dict[int, int] = {}
        self._copied: set[int] = set()

    def keep_coverage(self, is_kept: bool) -> None:
        """Set whether the coverage of days before the last 44 is kept, as ranking over a longer span needs."""
        for shard in self._shards:
            shard.keeps_coverage = is_kept

    def close(self) -> None:
        """Remove the private files of this process."""
        self._folder.close()

    @property
    def dirty(self) -> frozenset[int]:
        """The days that wait for scoring in some shard."""
        return frozenset(day for shard in self._shards for day in shard.dirty)

    @property
    def unsettled_days(self) -> frozenset[int]:
        """The days that received anything since the last scoring, copies included."""
        return self.dirty | self._copied

    def waiting(self) -> list[int]:
        """Return the shards with days that wait, the one with the fewest records first."""
        self._catch_up()
        return sorted(
            (number for number, shard in enumerate(self._shards) if shard.dirty),
            key=lambda number: (self._shards[number].burden, number),
        )

    def _catch_up(self) -> None:
        """Read the lake's events of marked days, until each event is in the shard of its organisation.

        The organisation of an event may become known only when other events are read.
        """
        is_changed = True
        while is_changed:
            for shard in self._shards:
                shard.catch_up()
            for code, was, now in self._organisations.take_moved_codes():
                self._shards[was].give(code, self._shards[now])
            self._rejoin()
            seen, self._organisations.seen = self._organisations.seen, set()
            is_changed = False
            for code, day in sorted(seen):
                shard = self._shards[self._organisations.shard_of(code)]
                if not shard.days.holds(code, day):
                    shard.days.receive(code, {day})
                    shard.mark({day})
                    is_changed = True

    def _rejoin(self) -> None:
        """Mark days for scoring again whose object ids now belong to other accounts."""
        for code, first in self._organisations.take_rejoined_codes():
            shard = self._shards[self._organisations.shard_of(code)]
            shard.relearn({day for day in shard.days.days_of(code) if day >= first})

    def is_dirty(self, shard: int) -> bool:
        """Return whether days of a shard wait."""
        return bool(self._shards[shard].dirty)

    def is_late(self, shard: int) -> bool:
        """Return whether days before a shard's newest one wait."""
        newest = self._shards[shard].newest
        return min(self._shards[shard].dirty, default=newest) < newest

    def newest(self, shard: int) -> tuple[int, int]:
        """Return the newest day of a shard, and the number of records it has taken."""
        return self._shards[shard].newest, self._shards[shard].days.taken

    def take(self, events: pa.Table) -> frozenset[int]:
        """Take enriched events that are in the lake already; return their days.

        Days that received only copies need not be scored again, and most late events are copies.
        """
        found = rows_by_day(events)
        for day, count in found.items():
            self._rows[day] = self._rows.get(day, 0) + count
        self._copied |= found.keys()
        for number, coded in self._organisations.split(self._organisations.encode(events)).items():
            days = self._shards[number].days.take(coded)
            self._shards[number].dirty |= days
        return frozenset(found)

    def mark(self, days: Iterable[int]) -> None:
        """Mark days whose events in the lake may not be scored."""
        days = set(days)
        for shard in self._shards:
            shard.mark(days)

    def score(self, deadline: Callable[[], bool] | None = None) -> DayScoring:
        """Score all shards from their first waiting day on. `deadline` may stop it after a day.

        Unfinished days stay dirty, and earlier results stay valid for them. If it raises, all days are dirty again.
        """
        results: dict[tuple[int, int], DayResult] = {}
        chosen = self.waiting()
        before = {number: set(self._shards[number].dirty) for number in chosen}
        days = self.dirty
        try:
            for number in chosen:
                results |= self.bring_up(number, deadline)
                if results and deadline is not None and deadline():
                    break
            return self.finish(results, days)
        except BaseException:
            for number, waiting in before.items():
                self._shards[number].dirty |= waiting
            raise

    def bring_up(
        self, shard: int, deadline: Callable[[], bool] | None = None
    ) -> dict[tuple[int, int], DayResult]:
        """Score one shard; `finished` then returns what to store."""
        return {(day, shard): result for day, result in self._shards[shard].score(deadline).items()}

    def glimpse(self, shard: int) -> dict[tuple[int, int], DayResult] | None:
        """Score only a shard's newest day, although earlier days wait; see `Shard.glimpse`."""
        result = self._shards[shard].glimpse()
        return None if result is None else {(result.day, shard): result}

    def finish(
        self, results: dict[tuple[int, int], DayResult], before: frozenset[int], *, is_keeping: bool = True
    ) -> DayScoring:
        """Return what to store of results; `before` are the days that were dirty before.

        With `is_keeping` false, states after settled days are not stored: these days are scored again after a restart.
        """
        self._rejoin()  # object ids in days that were just read from the lake
        for number, shard in enumerate(self._shards):
            shard.scored_since(day for day, at in results if at == number)
        states: dict[str, State] = {
            f"{number}/meter/{day}": self._shards[number].meter(day)
            for (day, number), result in results.items()
            if result.events
        }
        gone = [f"{number}/meter/{day}" for (day, number), result in results.items() if not result.events]
        for number, shard in enumerate(self._shards):
            fresh, outdated = shard.fresh_states() if is_keeping else ({}, shard.outdated_states())
            states |= {f"{number}/{name}": state for name, state in fresh.items()}
            gone += [f"{number}/{name}" for name in outdated]
            gone += [f"{number}/meter/{day}" for day in shard.forget_coverage()]
        if any("/engine/" in name for name in states):
            states |= self._codes()
        states["ledger"] = self.ledger()
        if (shards := self.shards()) is not None:
            states["shards"] = shards
        if (names := self._organisations.fresh_names()) is not None:
            states[OBJECT_IDS] = names
        copied, self._copied = self._copied - self.dirty, self._copied & self.dirty
        rows = {day: self._rows.get(day, 0) for day in {day for day, _ in results} | copied}
        done = (before | copied) - self.dirty
        known = (shard.coverage_from for shard in self._shards)
        notes_from = min((day for day in known if day is not None), default=None)
        return DayScoring(
            results, rows, done, tuple(gone), states, self._notes(), notes_from, self._last_current_day()
        )

    def _codes(self) -> dict[str, State]:
        """Return the vocabularies of codes, and all state in codes."""
        days = {f"{number}/days": shard.days.state() for number, shard in enumerate(self._shards)}
        return {"coder": self._organisations.state(), **days}

    def ledger(self) -> State:
        """Return the state that changes with every batch, to be stored as `ledger`, with the layout of the engine that scored."""
        days = [(at, day) for at, shard in enumerate(self._shards) for day in shard.days.known]
        events = [(at, *item) for at, shard in enumerate(self._shards) for item in shard.events.items()]
        late = [(at, day) for at, shard in enumerate(self._shards) for day in shard.late]
        return {
            "layout": self.layout,
            "rows": np.array(sorted(self._rows.items()), np.int64).reshape(-1, 2),
            "days": np.array(sorted(days), np.int64).reshape(-1, 2),
            "events": np.array(sorted(events), np.int64).reshape(-1, 3),
            "late": np.array(sorted(late), np.int64).reshape(-1, 2),
        }

    def shards(self) -> State | None:
        """Return the shard of each organisation, to be stored as `shards`; None if there is no new organisation."""
        if self._known == self._organisations.organisation_count:
            return None
        self._known = self._organisations.organisation_count
        return self._organisations.shards_state()

    def state(self) -> dict[str, State]:
        """Return the whole state as arrays by name; names of a shard begin with its number."""
        each = [(number, shard.state()) for number, shard in enumerate(self._shards)]
        return {
            "shards": self._organisations.shards_state(),
            "ledger": self.ledger(),
            "coder": self._organisations.state(),
            **{f"{number}/{name}": state for number, states in each for name, state in states.items()},
        }

    def restore(self, states: Mapping[str, State]) -> None:
        """Replace everything by a stored state; days after a shard's last snapshot are dirty. Raises `StateInvalid`."""
        if "shards" in states:
            self._organisations.restore_shards(states["shards"])
        self._known = self._organisations.organisation_count
        if "coder" in states:
            self._organisations.restore(states["coder"])
        ledger = RestoredState(states["ledger"] if "ledger" in states else _nothing())
        self._rows = rows_of(states) or dict(ledger.array("rows", np.int64, None, 2).tolist())
        days, late = (_by_shard(ledger.array(name, np.int64, None, 2)) for name in ("days", "late"))
        events = ledger.array("events", np.int64, None, 3)
        present = {(size.day - EPOCH).days for size in self._lake.size().days} if days else set()
        for number, shard in enumerate(self._shards):
            own = f"{number}/"
            kept = {name[len(own) :]: state for name, state in states.items() if name.startswith(own)}
            shard.events = dict(events[events[:, 0] == number, 1:].tolist())
            shard.late = late[number]
            shard.restore(kept, days[number], present)

    def _last_current_day(self) -> int | None:
        dirty = min(self.dirty, default=None)
        days = (day for shard in self._shards for day in shard.events)
        return max((day for day in days if dirty is None or day < dirty), default=None)

    def _notes(self) -> list[CoverageNote]:
        newest = max(shard.newest_meter for shard in self._shards)
        late = [
            CoverageNote(
                "", "all", "late", day * DAY, (day + 1) * DAY,
                f"Events of {EPOCH + timedelta(days=day)} came when that day could no longer be scored: they are kept, "
                "and were not looked at.",
            )
            for day in {day for shard in self._shards for day in shard.late}
        ]  # fmt: skip
        return sorted(
            [*late, *(note for shard in self._shards for note in shard.notes(newest))],
            key=lambda note: (note.tenant, note.start, note.source, note.code, note.account, note.text),
        )


Layout = npt.NDArray[np.uint8]

OUTDATED: Final = "the stored results are of other rules, patterns or another ranker than this version has"


def is_outdated(states: Mapping[str, State], layout: Layout) -> bool:
    """Return whether what is stored is of another layout (`LiveDetection.layout`), or older than joined object ids.

    A layout is that of rules, fields, patterns and ranker. Versions that kept none in the ledger may have had any.
    """
    own = layout.tobytes()
    kept = [state.get("layout") for name, state in states.items() if "/engine/" in name or name == "ledger"]
    is_unjoined = "first_days" not in states.get("coder", {"first_days": None})
    return is_unjoined or any(one is None or one.tobytes() != own for one in kept)


def _nothing() -> State:
    widths = {"rows": 2, "days": 2, "events": 3, "late": 2}
    return {name: np.zeros((0, width), np.int64) for name, width in widths.items()}


def _by_shard(rows: np.ndarray) -> defaultdict[int, set[int]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    for shard, day in rows.tolist():
        found[shard].add(day)
    return found


class _Scratch:
    """A folder private to this process; a temporary one is removed when it is no longer used."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder or Path(tempfile.mkdtemp(prefix="seawall-"))
        self.close: Callable[[], object] = self._empty
        if folder is None:
            self.close = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def inner(self, name: str) -> Path:
        """Return an empty subfolder."""
        inner = self._folder / name
        shutil.rmtree(inner, ignore_errors=True)
        inner.mkdir(mode=0o700, parents=True)
        return inner

    def _empty(self) -> None:
        for inner in self._folder.iterdir():
            shutil.rmtree(inner, ignore_errors=True)
