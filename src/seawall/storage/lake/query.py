"""Query parts with DuckDB: values are parameters, no file outside the lake can be opened, and memory is limited.

Answers contain each row once, even if a record was delivered twice or a batch was appended again after a crash.
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
from seawall.storage.lake.row_filter import RowFilter

MEMORY = "256MB"
"""Memory limit for sorting and joining; beyond it, DuckDB uses temporary files on the lake's disk."""

THREADS = 2
STRETCH = 100_000
"""Rows that are sorted at once."""

LastRow = tuple[int, int] | None

_ONCE = f"QUALIFY row_number() OVER (PARTITION BY time, {DIGEST} ORDER BY source_file, source_line) = 1"
_COLUMNS = ", ".join(SCHEMA.names)


@dataclass(frozen=True, slots=True)
class RowKey:
    """The position of a row in the order of answers: microseconds since 1970, digest."""

    time: int
    digest: int


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Select rows from `start` to before `end` (microseconds since 1970), and optionally of an account, mailbox or record
    id.
    """

    start: int
    end: int
    account: str | None = None
    mailbox: str | None = None
    record: str | None = None
    records: frozenset[str] | None = None
    """Select rows with one of these record ids. Requires `account`, or a query for one day."""

    accounts: frozenset[str] | None = None
    """Select rows of one of these accounts."""

    is_thorough: bool = False
    """Search every row for the record id without Bloom filters: they have no checksum, so that damage could hide a row."""

    only: RowFilter | None = None
    """Select rows that this filter chooses; they are read from the row groups, not by SQL."""

    @property
    def is_read_by_groups(self) -> bool:
        """Return whether row groups answer the query faster than SQL, or alone can."""
        return (
            self.only is not None
            or self.account is not None
            or (self.record is None and self.mailbox is None)
        )

    def condition(self) -> tuple[str, list[Any]]:
        """Return the condition as SQL with its parameters."""
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
    """A DuckDB connection for a lake. Threads may share an instance.

    After its first query it holds the lock `writing`, because temporary files lie under `incoming`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._held = ExitStack()

    def close(self) -> None:
        """Close the connection, and free memory and temporary files."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            self._held.close()

    def keys(
        self, paths: Sequence[Path], wanted: EventQuery, after: RowKey | None, count: int, newest_first: bool
    ) -> list[RowKey]:
        """Return the first `count` distinct keys after a key, by time."""
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
        # so many copies that `count` distinct keys may be missing: have DuckDB drop copies, which is
        # slower
        if len(distinct) < count and len(keys) == found:
            return self._keys(f"SELECT * FROM (SELECT DISTINCT * FROM ({source})) {order}", [*asked, count])
        return distinct[:count]

    def _keys(self, query: str, parameters: list[Any]) -> list[RowKey]:
        table = self._table(f"SELECT epoch_us(time), {DIGEST} FROM ({query})", parameters)
        return [RowKey(*row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]

    def rows(
        self, paths: Sequence[Path], wanted: EventQuery, keys: Sequence[RowKey], newest_first: bool
    ) -> pa.Table:
        """Return the rows of these keys (`SCHEMA`) without copies, by time."""
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

    def read_in_order(self, paths: Sequence[Path]) -> Iterator[pa.Table]:
        """Yield all rows of the parts by time, without copies, one stretch at a time, so that memory stays bounded."""
        order = ", ".join(ORDER[1:])
        try:
            for condition, parameters in self._stretches(paths):
                relation = self._relation(paths, condition, parameters, order)
                last: LastRow = None
                for batch in relation.to_arrow_reader(ROW_GROUP):
                    table, last, _ = _without_copies(pa.Table.from_batches([batch]).cast(SCHEMA), last)
                    yield table
        except duckdb.Error as error:
            raise self._make_error(paths, error) from error

    def slices(self, paths: Sequence[Path]) -> Iterator[tuple[pa.Table, int]]:
        """Yield (rows, copies dropped) by stretches of time, the rows of a stretch in the order of parts."""
        order = ", ".join(ORDER)
        try:
            for condition, parameters in self._stretches(paths):
                rows = self._relation(paths, condition, parameters, order).to_arrow_table().cast(SCHEMA)
                table, _, dropped = _without_copies(rows, None)
                if len(rows):
                    yield table, dropped
        except duckdb.Error as error:
            raise self._make_error(paths, error) from error

    def _relation(
        self, paths: Sequence[Path], condition: str, parameters: list[Any], order: str
    ) -> duckdb.DuckDBPyRelation:
        query = f"SELECT {_COLUMNS} FROM read_parquet(?) WHERE {condition} ORDER BY {order}"
        return self._cursor().sql(query, params=[_names(paths), *parameters])

    def _stretches(self, paths: Sequence[Path]) -> Iterator[tuple[str, list[Any]]]:
        """Yield SQL conditions on time, ascending, that match about `STRETCH` rows each; equal times share a condition."""
        cuts = [moment(time) for time in self._cuts(paths)]
        for low, high in zip([None, *cuts], [*cuts, None], strict=True):
            bounds = [("time >= ?", low), ("time < ?", high)]
            kept = [(text, value) for text, value in bounds if value is not None]
            yield " AND ".join(text for text, _ in kept) or "TRUE", [value for _, value in kept]

    def _cuts(self, paths: Sequence[Path]) -> list[int]:
        """Return the times at which to split the rows, estimated from a sample."""
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

    def _make_error(self, paths: Sequence[Path], error: duckdb.Error) -> LakeBroken:
        _, bad = sound(paths)
        if bad:
            return LakeBroken(
                f"{bad[0].path}: {bad[0].reason}", fix="restore a backup, or move the damaged part away"
            )
        return LakeBroken(f"{self._root}: {first_line(error)}", fix="check memory and the space on the disk")


def _without_copies(table: pa.Table, last: LastRow) -> tuple[pa.Table, LastRow, int]:
    """Return ordered rows without copies of the row before, the key of the last row, and the number of copies."""
    if not table.num_rows:
        return table, last, 0
    time, digest = table["time"].cast(pa.int64()).to_numpy(), table[DIGEST].to_numpy()
    first = np.ones(len(time), bool)
    first[1:] = (time[1:] != time[:-1]) | (digest[1:] != digest[:-1])
    first[0] = (int(time[0]), int(digest[0])) != last
    last = (int(time[-1]), int(digest[-1]))
    return table.filter(pa.array(first)), last, len(time) - int(first.sum())


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, at most 300 characters."""
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
        raise LakeBroken(
            f"{root}: {first_line(error)}", fix="move the store to a path without special characters"
        ) from error
    return connection


def _quote(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _names(paths: Sequence[Path]) -> list[str]:
    return [str(path) for path in paths]
