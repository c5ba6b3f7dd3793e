"""Asks part files with DuckDB: values are parameters, it may open nothing outside the lake, and memory has a limit.

Rows that are copies of each other (a record delivered twice, a batch appended twice after a crash) are answered once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import numpy as np
import pyarrow as pa

from seawall.storage.errors import LakeBroken
from seawall.storage.lake import locks
from seawall.storage.lake.layout import INCOMING, moment
from seawall.storage.lake.parts import DIGEST, ORDER, ROW_GROUP, SCHEMA, sound

MEMORY = "256MB"
"""For sorting and joining; what does not fit goes to the lake's own disk."""

THREADS = 2
STRETCH = 100_000
"""Rows that are sorted at once."""

LastRow = tuple[int, int] | None

_ONCE = f"QUALIFY row_number() OVER (PARTITION BY time, {DIGEST} ORDER BY source_file, source_line) = 1"
_COLUMNS = ", ".join(SCHEMA.names)


@dataclass(frozen=True, slots=True)
class RowKey:
    """The place of a row in the order of answers: microseconds since the epoch, digest."""

    time: int
    digest: int


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which rows: from `start` to before `end` (microseconds since the epoch), of an account, a mailbox, a record id."""

    start: int
    end: int
    account: str | None = None
    mailbox: str | None = None
    record: str | None = None
    records: frozenset[str] | None = None
    """Record ids of which one is wanted; with an account or of an organisation's day."""

    accounts: frozenset[str] | None = None
    """Accounts of which one is wanted."""

    is_thorough: bool = False
    """Look for the record id in every row: no Bloom filter, which carries no checksum, may say that it is not there."""

    def condition(self) -> tuple[str, list[Any]]:
        """Return it as SQL with its parameters."""
        texts, values = ["time >= ?", "time < ?"], [moment(self.start), moment(self.end)]
        named = [("account", self.account), ("mailbox", self.mailbox)]
        if self.record is not None and self.is_thorough:
            named.append(("metadata_uid || '!'", f"{self.record}!"))
        else:
            named.append(("metadata_uid", self.record))
        parameters: list[Any] = list(values)
        for column, value in named:
            if value is not None:
                texts.append(f"{column} = ?")
                parameters.append(value)
        if self.records is not None:
            texts.append("metadata_uid IN (SELECT unnest(?::VARCHAR[]))")
            parameters.append(sorted(self.records))
        if self.accounts is not None:
            texts.append("account IN (SELECT unnest(?::VARCHAR[]))")
            parameters.append(sorted(self.accounts))
        return " AND ".join(texts), parameters


class LakeReader:
    """One DuckDB for a lake. Threads may share it.

    From its first question on it counts as a writer, because what does not fit in memory lies under `incoming`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._held = ExitStack()

    def close(self) -> None:
        """Give memory and files back."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            self._held.close()

    def keys(
        self, paths: Sequence[Path], wanted: EventQuery, after: RowKey | None, count: int, newest_first: bool
    ) -> list[RowKey]:
        """Return the keys of the first rows after a key, each once, in order of time."""
        condition, parameters = wanted.condition()
        direction, beyond = ("DESC", "<") if newest_first else ("ASC", ">")
        if after is not None:
            condition += f" AND (time {beyond} ? OR (time = ? AND {DIGEST} {beyond} ?))"
            parameters += [moment(after.time), moment(after.time), after.digest]
        order = f"ORDER BY time {direction}, {DIGEST} {direction} LIMIT ?"
        asked, found = [_names(paths), *parameters], 2 * count
        source = f"SELECT time, {DIGEST} FROM read_parquet(?) WHERE {condition}"
        keys = self._keys(f"{source} {order}", [*asked, found])
        distinct = list(dict.fromkeys(keys))
        if len(distinct) < count and len(keys) == found:  # many copies: sorting them out takes longer
            return self._keys(f"SELECT * FROM (SELECT DISTINCT * FROM ({source})) {order}", [*asked, count])
        return distinct[:count]

    def _keys(self, query: str, parameters: list[Any]) -> list[RowKey]:
        table = self._table(f"SELECT epoch_us(time), {DIGEST} FROM ({query})", parameters)
        return [RowKey(*row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]

    def rows(
        self, paths: Sequence[Path], wanted: EventQuery, keys: Sequence[RowKey], newest_first: bool
    ) -> pa.Table:
        """Return the rows of these keys (`SCHEMA`), each once, in order of time."""
        condition, parameters = wanted.condition()
        direction = "DESC" if newest_first else "ASC"
        query = f"""SELECT {_COLUMNS} FROM read_parquet(?)
            WHERE {condition} AND time BETWEEN ? AND ? AND {DIGEST} IN (SELECT unnest(?::UBIGINT[])) {_ONCE}
            ORDER BY time {direction}, {DIGEST} {direction}"""
        times = [key.time for key in keys]
        span = [moment(min(times)), moment(max(times))]
        return self._table(query, [_names(paths), *parameters, *span, [key.digest for key in keys]]).cast(
            SCHEMA
        )

    def ordered(self, paths: Sequence[Path]) -> Iterator[pa.Table]:
        """Yield all rows of the parts in order of time, each once, a stretch at a time: memory does not grow with the day."""
        order = ", ".join(ORDER[1:])
        try:
            for condition, parameters in self._stretches(paths):
                relation = self._relation(paths, condition, parameters, order)
                last: LastRow = None
                for batch in relation.to_arrow_reader(ROW_GROUP):
                    table, last, _ = _without_copies(pa.Table.from_batches([batch]).cast(SCHEMA), last)
                    yield table
        except duckdb.Error as error:
            raise self._broken(paths, error) from error

    def slices(self, paths: Sequence[Path]) -> Iterator[tuple[pa.Table, int]]:
        """Yield the rows of the parts by stretches of time, each in the order of parts, copies dropped, and how many."""
        order = ", ".join(ORDER)
        try:
            for condition, parameters in self._stretches(paths):
                rows = self._relation(paths, condition, parameters, order).to_arrow_table().cast(SCHEMA)
                table, _, dropped = _without_copies(rows, None)
                if len(rows):
                    yield table, dropped
        except duckdb.Error as error:
            raise self._broken(paths, error) from error

    def _relation(
        self, paths: Sequence[Path], condition: str, parameters: list[Any], order: str
    ) -> duckdb.DuckDBPyRelation:
        query = f"SELECT {_COLUMNS} FROM read_parquet(?) WHERE {condition} ORDER BY {order}"
        return self._cursor().sql(query, params=[_names(paths), *parameters])

    def _stretches(self, paths: Sequence[Path]) -> Iterator[tuple[str, list[Any]]]:
        """Yield conditions, in order of time, each of which about `STRETCH` rows meet; copies meet the same one."""
        cuts = [moment(time) for time in self._cuts(paths)]
        for low, high in zip([None, *cuts], [*cuts, None], strict=True):
            bounds = [("time >= ?", low), ("time < ?", high)]
            kept = [(text, value) for text, value in bounds if value is not None]
            yield " AND ".join(text for text, _ in kept) or "TRUE", [value for _, value in kept]

    def _cuts(self, paths: Sequence[Path]) -> list[int]:
        """Return the times where to cut the rows, by a sample of theirs."""
        source = "FROM read_parquet(?)"
        count = self._table(f"SELECT count(*) {source}", [_names(paths)]).column(0)[0].as_py()
        pieces = -(-count // STRETCH)
        if pieces < 2:
            return []
        sample = f"SELECT t FROM (SELECT time {source}) s(t) USING SAMPLE reservoir({100 * pieces} ROWS)"
        found = self._table(f"SELECT epoch_us(t) FROM ({sample}) ORDER BY t", [_names(paths)]).column(0)
        return sorted({found[piece * len(found) // pieces].as_py() for piece in range(1, pieces)})

    def _table(self, query: str, parameters: list[Any]) -> pa.Table:
        return self._cursor().sql(query, params=parameters).to_arrow_table()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._connection is None:
                with ExitStack() as held:
                    held.enter_context(locks.hold_lock(self._root, "writing"))
                    self._connection = _connect(self._root)
                    self._held = held.pop_all()
            return self._connection.cursor()

    def _broken(self, paths: Sequence[Path], error: duckdb.Error) -> LakeBroken:
        _, bad = sound(paths)
        if bad:
            return LakeBroken(
                f"{bad[0].path}: {bad[0].reason}", fix="restore a backup, or move the damaged part away"
            )
        return LakeBroken(f"{self._root}: {first_line(error)}", fix="check memory and the space on the disk")


def _without_copies(table: pa.Table, last: LastRow) -> tuple[pa.Table, LastRow, int]:
    """Return rows in order without those that are copies of the one before, the last row's key, and how many went."""
    if not table.num_rows:
        return table, last, 0
    time, digest = table["time"].cast(pa.int64()).to_numpy(), table[DIGEST].to_numpy()
    first = np.ones(len(time), bool)
    first[1:] = (time[1:] != time[:-1]) | (digest[1:] != digest[:-1])
    first[0] = (int(time[0]), int(digest[0])) != last
    last = (int(time[-1]), int(digest[-1]))
    return table.filter(pa.array(first)), last, len(time) - int(first.sum())


def first_line(error: Exception) -> str:
    """Return what a library says, without its further lines."""
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


def _connect(root: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        config={"threads": THREADS, "autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    folder = str(root.resolve())
    try:
        connection.execute(f"SET memory_limit='{MEMORY}'")
        connection.execute(f"SET temp_directory={_quote(f'{folder}/{INCOMING}/{uuid4().hex}.spill')}")
        connection.execute(f"SET allowed_directories=[{_quote(folder)}]")
        connection.execute("SET TimeZone='UTC'")
        connection.execute("SET parquet_metadata_cache=true")
        connection.execute("SET enable_external_access=false")
        connection.execute("SET lock_configuration=true")
    except (duckdb.Error, UnicodeError) as error:
        connection.close()
        raise LakeBroken(f"{root}: {first_line(error)}", fix="keep the events under another path") from error
    return connection


def _quote(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _names(paths: Sequence[Path]) -> list[str]:
    return [str(path) for path in paths]
