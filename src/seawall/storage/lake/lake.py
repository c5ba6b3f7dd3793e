"""The event lake: events of all organisations on disk, by day, for as long as the operator keeps them.

Appending the same events twice changes no answer, so an interrupted writer simply appends again. This module reads no
clock: callers pass days and times.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Self, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.event import ENRICHED_SCHEMA
from seawall.storage.errors import LakeBroken
from seawall.storage.lake import cursors, formats, layout, locks, maintenance, parts
from seawall.storage.lake.account_names import NamesOf, add_ids, name_accounts, no_names
from seawall.storage.lake.accounts import (
    FIELDS,
    NETWORK,
    NO_ACCOUNTS,
    AccountProfile,
    Accounts,
    LakeAccount,
    LakeTimeline,
    ProfileBuilder,
    TimelineBuilder,
    list_accounts,
    sum_accounts,
)
from seawall.storage.lake.appending import UNKNOWN, NewPart, each, shares
from seawall.storage.lake.delta_log import DeltaLog
from seawall.storage.lake.footers import Footers
from seawall.storage.lake.outcomes import (
    AppendResult,
    CompactionResult,
    DamagedPart,
    DaySize,
    EventPage,
    LakePruneResult,
    LakeSize,
    PublicationResult,
)
from seawall.storage.lake.publishing import Publisher
from seawall.storage.lake.query import EventQuery, LakeReader, RowKey, first_line
from seawall.storage.lake.row_selection import is_one_of, read_tables, select_rows
from seawall_base.errors import UsageError

Answer = TypeVar("Answer")

LARGEST_PAGE = 10_000
MOST_SLOTS = 2_000


class Lake:
    """One open lake. Threads may share an instance, and several processes may open one lake.

    `names_of` names the accounts of an organisation's object ids. Events without an organisation are those of `nameless`.
    """

    def __init__(self, root: Path, nameless: str = UNKNOWN) -> None:
        self.root, self.nameless = root, nameless
        self.names_of: NamesOf = no_names
        self._reader = LakeReader(root)
        self._footers = Footers()
        self._accounts = Accounts()
        self._done = maintenance.SettledDays(self._footers)
        self._publisher = Publisher(root, DeltaLog(root), self._footers)

    @classmethod
    def create(cls, root: Path) -> Lake:
        """Make an empty lake in a new or empty folder, readable by this user alone; finish an interrupted `create`."""
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not all(_is_begun(path) for path in root.iterdir()):
                raise LakeBroken(f"{root}: not empty", fix="choose a new folder for the events")
            root.chmod(0o700)
            for name in (layout.TENANTS, layout.INCOMING):
                (root / name).mkdir(mode=0o700, exist_ok=True)
            marker = root / f"{layout.MARKER}.new"
            marker.unlink(missing_ok=True)
            with marker.open("x", encoding="utf-8") as file:
                marker.chmod(0o600)
                json.dump(formats.FORMAT, file)
                file.flush()
                os.fsync(file.fileno())
            marker.replace(root / layout.MARKER)
            parts.settle(root)
        except OSError as error:
            raise layout.unreadable(root, error) from error
        return cls(root)

    @classmethod
    def open(cls, root: Path) -> Lake:
        """Open an existing lake, and remove files of interrupted writers unless a writer is active. Raises `LakeBroken`."""
        formats.check(root)
        maintenance.sweep(root)
        return cls(root)

    def close(self) -> None:
        """Free caches and connections."""
        self._reader.close()
        self._footers.clear()
        self._accounts.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, events: pa.Table) -> AppendResult:
        """Append events (`ENRICHED_SCHEMA`); they are on disk on return.

        A table may span organisations and days; each pair becomes a part. An interruption may leave some parts and not
        others: append the same events again before you record them as ingested.
        """
        rows = parts.as_rows(events)
        kept = copies = known = 0
        fresh: list[NewPart] = []
        with locks.hold_lock(self.root, "writing"):
            for tenant, day, share in shares(rows, self.nameless):
                share, dropped = parts.arrange_rows(share)
                kept, copies = kept + len(share), copies + dropped
                folder, name = layout.day_folder(self.root, tenant, day), parts.content_name(share)
                if (folder / name).is_file():
                    known += 1
                else:
                    fresh.append(NewPart(parts.waiting(self.root), folder, name, tenant, share))
            try:
                each(NewPart.write, fresh)
                with locks.hold_lock(self.root, "reading"):
                    each(NewPart.put, fresh)
            except BaseException:
                for part in fresh:
                    part.file.unlink(missing_ok=True)
                raise
        return AppendResult(kept, copies, len(fresh), known)

    def page(
        self,
        tenant: str,
        wanted: EventQuery,
        *,
        cursor: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> EventPage:
        """Return at most `limit` events of an organisation by time, from the cursor of an earlier page on.

        Raises `UsageError` for a limit outside 1 to 10,000 or an unknown cursor.
        """
        if not 1 <= limit <= LARGEST_PAGE:
            raise UsageError(f"a page has 1 to {LARGEST_PAGE} events, not {limit}")
        after, names = cursors.parse_cursor(cursor), self.names_of(tenant)
        wanted = add_ids(wanted, names)
        keys: list[RowKey] = []
        tables: list[pa.Table] = []
        damaged: list[DamagedPart] = []
        with locks.hold_lock(self.root, "reading"):
            for paths in self._days_of(tenant, wanted, after, newest_first):
                missing = limit - len(keys)
                found, table, bad = self._read_page(paths, wanted, after, missing, newest_first)
                damaged += bad
                keys += found[:missing]
                tables += [table] if table is not None else []
                if len(found) > missing:
                    last = cursors.write_cursor(keys[-1] if keys else after)
                    return EventPage(name_accounts(_join(tables), names), last, tuple(damaged))
        return EventPage(name_accounts(_join(tables), names), None, tuple(damaged))

    def record(
        self, tenant: str, uid: str, *, start: date | None = None, end: date | None = None
    ) -> EventPage:
        """Return the events with a record id, from the day `start` to before `end`; several sources may use one id.

        Without days, the whole lake is searched. The answer has at most 10,000 events.
        """
        wanted = EventQuery(
            layout.start_of(start or layout.EPOCH), layout.start_of(end or date.max), record=uid
        )
        with locks.hold_lock(self.root, "reading"):
            paths = [path for held in self._days_of(tenant, wanted, None, False) for path in held]
            keys, table, damaged = self._read_page(paths, wanted, None, LARGEST_PAGE, False)
            if not keys:
                thorough = replace(wanted, is_thorough=True)
                keys, table, damaged = self._read_page(paths, thorough, None, LARGEST_PAGE, False)
        cursor = cursors.write_cursor(keys[LARGEST_PAGE - 1]) if len(keys) > LARGEST_PAGE else None
        events = name_accounts(_join([] if table is None else [table]), self.names_of(tenant))
        return EventPage(events, cursor, tuple(damaged))

    def timeline(
        self,
        tenant: str,
        account: str,
        start: int,
        end: int,
        *,
        slots: int = 200,
        most_lanes: int = 40,
        marked: Collection[str] = (),
    ) -> LakeTimeline:
        """Return an account's events from `start` to before `end` (microseconds), by slot of time and network.

        `marked` are record ids to count separately; a lane with one of them is never left out. Damaged parts are left out.
        Raises `UsageError` for an empty span or more than 2,000 slots.
        """
        if start >= end or not 1 <= slots <= MOST_SLOTS:
            raise UsageError(f"a timeline has 1 to {MOST_SLOTS} slots of some time")
        lanes, ids = TimelineBuilder(start, end, slots), frozenset(marked)
        columns = [*NETWORK, "metadata_uid"] if ids else list(NETWORK)
        for rows in self.rows_of_days(tenant, EventQuery(start, end, account), columns):
            for table in rows:
                lanes.add(table, is_one_of(table["metadata_uid"], ids) if ids else None)
        return lanes.timeline(most_lanes)

    def profile(self, tenant: str, account: str, start: int, end: int, *, most: int = 50) -> AccountProfile:
        """Return the values an account used from `start` to before `end` (microseconds), up to `most` of each field."""
        habits = ProfileBuilder()
        columns = sorted({name for names in FIELDS.values() for name in names})
        for rows in self.rows_of_days(tenant, EventQuery(start, end, account), columns):
            habits.add_day(rows)
        return habits.profile(most)

    def accounts(
        self, tenant: str, *, text: str = "", after: str | None = None, limit: int = 100
    ) -> list[LakeAccount]:
        """Return up to `limit` accounts of an organisation, ascending, that contain `text` and come after the account
        `after`.
        """
        return list_accounts(self._all_accounts(tenant), text, after, limit)

    def account(self, tenant: str, account: str) -> LakeAccount | None:
        """Return one account, None if it has no events; an object id stands for its account."""
        table, account = self._all_accounts(tenant), self.names_of(tenant).get(account, account)
        found = table.filter(pc.equal(table["account"], account)) if account else table.slice(0, 0)
        return next(iter(list_accounts(found, "", None, 1)), None)

    def _all_accounts(self, tenant: str) -> pa.Table:
        everything = EventQuery(layout.start_of(layout.EPOCH), layout.start_of(date.max))
        with locks.hold_lock(self.root, "reading"):
            paths = [path for held in self._days_of(tenant, everything, None, False) for path in held]
            table, _ = self._without_damage(
                paths, lambda good: self._accounts.of([self._footers.of(path) for path in good])
            )
        shown = NO_ACCOUNTS if table is None else name_accounts(table, self.names_of(tenant))
        return shown if shown is table else sum_accounts(shown)

    def rows_of_days(
        self, tenant: str, wanted: EventQuery, columns: Sequence[str]
    ) -> Iterator[list[pa.Table]]:
        """Yield the wanted rows of each day that has any, without copies and without damaged parts."""
        names = self.names_of(tenant)
        wanted = add_ids(wanted, names)
        with locks.hold_lock(self.root, "reading"):
            for paths in self._days_of(tenant, wanted, None, False):
                rows, _ = self._without_damage(
                    paths,
                    lambda good: list(read_tables([self._footers.of(p) for p in good], wanted, columns)),
                )
                if rows:
                    yield [name_accounts(table, names) for table in rows]

    def day(self, tenant: str, day: date, *, is_named: bool = False) -> Generator[pa.Table]:
        """Yield all events of a day by time (`ENRICHED_SCHEMA`), without copies, 20,000 at a time.

        With `is_named`, names replace object ids; by default events are as they were appended. The generator holds a lock
        against compaction and pruning until it is exhausted or closed. Raises `LakeBroken` for a damaged part.
        """
        with locks.hold_lock(self.root, "reading"):
            paths = layout.parts(layout.day_folder(self.root, tenant, day))
            if paths:
                names = self.names_of(tenant) if is_named else {}
                for table in self._reader.read_in_order(paths):
                    yield name_accounts(parts.as_events(table), names)

    def tenants(self) -> list[str]:
        """Return the organisations that have events, ascending, except those with damaged parts alone."""
        return sorted({day.tenant for day in self.size().days})

    def size(self) -> LakeSize:
        """Return rows and bytes of each day and organisation, from the footers of all parts."""
        days: list[DaySize] = []
        damaged: list[DamagedPart] = []
        with locks.hold_lock(self.root, "reading"):
            for folder in layout.folders(self.root):
                for day, path in layout.days(folder):
                    held, bad = maintenance.measure_day(day, path)
                    days += [held] if held else []
                    damaged += bad
        leftovers = maintenance.leftovers(self.root)
        return LakeSize(tuple(sorted(days, key=lambda d: (d.tenant, d.day))), leftovers, tuple(damaged))

    def check(self) -> list[DamagedPart]:
        """Read every part in full, with checksums, and return the damaged ones."""
        with locks.hold_lock(self.root, "reading"):
            return parts.sound(maintenance.all_parts(self.root))[1]

    def compact(self, before: date) -> CompactionResult:
        """Merge the parts of each day before a day, and drop copies. Answers do not change."""
        return self._compact_days(lambda day: self._done.parts_of(day) if day.day < before else [])

    def tidy(self, most_parts: int = 16) -> CompactionResult:
        """Merge the unmerged parts of each day that has more than `most_parts` of them. Answers do not change."""
        return self._compact_days(lambda day: maintenance.list_appended(day, self._footers, most_parts))

    def _compact_days(self, choose: Callable[[maintenance.LakeDay], list[Path]]) -> CompactionResult:
        total = CompactionResult(0, 0, 0, 0)
        with locks.hold_lock(self.root, "keeping", exclusive=True), locks.hold_lock(self.root, "writing"):
            for folder in layout.folders(self.root):
                for day, path in layout.days(folder):
                    chosen = choose(maintenance.LakeDay(day, path))
                    total = maintenance.merge_parts(self.root, path, chosen, self._reader, total)
        return total

    def prune(self, before: date) -> LakePruneResult:
        """Delete the events of all days before a day."""
        with locks.hold_lock(self.root, "keeping", exclusive=True), locks.hold_lock(self.root, "writing"):
            return maintenance.prune_days(self.root, before)

    def publish(self, at: int) -> PublicationResult:
        """Bring the Delta log up to date with the lake; `at` is the current time in microseconds since 1970."""
        return self._publisher.publish(at)

    def publish_if_free(self, at: int) -> PublicationResult | None:
        """Do the same, but return None at once while another process compacts, prunes, backs up or publishes."""
        return self._publisher.publish_if_free(at)

    def _days_of(
        self, tenant: str, wanted: EventQuery, after: RowKey | None, newest_first: bool
    ) -> Iterator[list[Path]]:
        """Yield the parts of each day that may hold wanted rows after a key."""
        folder = self.root / layout.TENANTS / layout.tenant_folder(tenant)
        found = list(layout.days(folder))
        for day, path in reversed(found) if newest_first else found:
            start = layout.start_of(day)
            if start + layout.DAY_MICROSECONDS <= wanted.start or start >= wanted.end:
                continue
            if after is not None and (
                start > after.time if newest_first else start + layout.DAY_MICROSECONDS <= after.time
            ):
                continue
            paths = layout.parts(path)
            if paths:
                yield paths

    def _read_page(
        self, paths: Sequence[Path], wanted: EventQuery, after: RowKey | None, count: int, newest_first: bool
    ) -> tuple[list[RowKey], pa.Table | None, list[DamagedPart]]:
        """Return up to `count` + 1 keys of a day and the events of the first `count`, without damaged parts."""
        answer, damaged = self._without_damage(
            paths, lambda good: self._answer(good, wanted, after, count, newest_first)
        )
        keys, table = answer or ([], None)
        return keys, table, damaged

    def _answer(
        self, paths: Sequence[Path], wanted: EventQuery, after: RowKey | None, count: int, newest_first: bool
    ) -> tuple[list[RowKey], pa.Table | None]:
        if wanted.is_read_by_groups:
            return select_rows([self._footers.of(p) for p in paths], wanted, after, count, newest_first)
        keys = self._reader.keys(paths, wanted, after, count + 1, newest_first)
        rows = self._reader.rows(paths, wanted, keys[:count], newest_first) if keys[:count] else None
        return keys, None if rows is None else parts.as_events(rows)

    def _without_damage(
        self, paths: Sequence[Path], ask: Callable[[Sequence[Path]], Answer]
    ) -> tuple[Answer | None, list[DamagedPart]]:
        """Call `ask` with the parts, and on an error again with the sound ones; the answer is None if none is sound."""
        damaged: list[DamagedPart] = []
        while paths:
            try:
                return ask(paths), damaged
            except (duckdb.Error, pa.ArrowException, OSError, ValueError) as error:
                paths, bad = parts.sound(paths)
                damaged += bad
                if not bad:
                    raise LakeBroken(
                        f"{self.root}: {first_line(error)}", fix="check memory and the space on the disk"
                    ) from error
        return None, damaged


def _is_begun(path: Path) -> bool:
    """Return whether a killed `Lake.create` may have left this path behind."""
    if path.name in (layout.TENANTS, layout.INCOMING):
        return not path.is_symlink() and path.is_dir() and not any(path.iterdir())
    return path.name == f"{layout.MARKER}.new"


def _join(tables: Sequence[pa.Table]) -> pa.Table:
    whole = pa.concat_tables(tables) if tables else ENRICHED_SCHEMA.empty_table()
    return whole.unify_dictionaries().combine_chunks()
