"""Load the records to search: the columns of an events file with account, mailbox, place and token.

They live in an on-disk DuckDB database of the search, which may open nothing else. Values reach it only as
parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from seawall.response.scope.search_bounds import DAY, MANY
from seawall.storage.files.events_place import list_events_files
from seawall_base.errors import InputUnreadable, OutputUnwritable

_MEMORY = "512MB"

COLUMNS = {
    "metadata_uid": "uid", "time": "time", "source": "source", "kind": "kind", "status": "status",
    "activity_name": "activity", "org_uid": "tenant", "account": "account", "account_type": "account_type",
    "mailbox": "mailbox", "app_uid": "app", "user_agent": "user_agent", "client": "client", "device_uid": "device",
    "src_ip": "address", "src_prefix": "prefix", "src_asn": "network", "src_asn_name": "network_name",
    "src_network_class": "class", "session_uid": "session", "token_uid": "token", "key_uid": "key",
    "access_type": "access", "item_count": "items", "folder": "folder", "is_throttled": "throttled",
    "parameters": "parameters", "source_file": "file",
    "source_line": "line",
}  # fmt: skip
"""Columns of the events file and their names here. Indicator kinds have the name of their column."""

_NO_ACT = ("account", "account_type", "mailbox", "app", "user_agent", "client", "device", "address", "prefix", "network",
           "network_name", "class", "session", "token", "key")  # fmt: skip
"""Columns that the search does not see of vendor alerts: what a vendor says about an account is no act of it, and touches
nothing."""

_KNOWN = f"""
CREATE TABLE used_prefix AS SELECT tenant, account, prefix FROM events
    WHERE ok AND time < $start AND prefix IS NOT NULL AND account IS NOT NULL GROUP BY ALL;
CREATE TABLE used_network AS SELECT tenant, account, network FROM events
    WHERE ok AND time < $start AND network IS NOT NULL AND account IS NOT NULL GROUP BY ALL;
CREATE TABLE used_address AS SELECT tenant, account, address, count(DISTINCT time // {DAY}) AS days FROM events
    WHERE ok AND time < $start AND address IS NOT NULL AND account IS NOT NULL GROUP BY ALL;
CREATE TABLE common AS SELECT tenant, address FROM used_address GROUP BY ALL HAVING count(*) >= {MANY};
CREATE TABLE housekeeping AS SELECT tenant, account, app, client FROM events
    WHERE ok AND time < $start AND class = 'microsoft' AND account IS NOT NULL GROUP BY ALL;
"""
_PLACED = """
CREATE TABLE placed AS SELECT e.*,
    CASE WHEN e.prefix IS NULL THEN -1 WHEN p.prefix IS NOT NULL THEN 2 WHEN n.network IS NOT NULL THEN 1 ELSE 0 END
        AS nearness,
    p.prefix IS NOT NULL OR c.address IS NOT NULL OR e.account_type = 'system'
        OR (e.class = 'microsoft' AND h.account IS NOT NULL) AS is_usual
FROM events e
LEFT JOIN used_prefix p ON p.tenant = e.tenant AND p.account = e.account AND p.prefix = e.prefix
LEFT JOIN used_network n ON n.tenant = e.tenant AND n.account = e.account AND n.network = e.network
LEFT JOIN common c ON c.tenant = e.tenant AND c.address = e.address AND e.account IS NOT NULL
LEFT JOIN housekeeping h ON h.tenant = e.tenant AND h.account = e.account
    AND h.app IS NOT DISTINCT FROM e.app AND h.client IS NOT DISTINCT FROM e.client
"""
"""SQL that rates places.

`nearness`: 2 in an address block that the account used before the intrusion, 1 in such a network, 0 in neither, -1
without an address. `is_usual`: the owner's, as far as the place shows; also the provider's processes that ran there
before.
"""


class SearchRecords:
    """The database of one search's records."""

    def __init__(self, events: Path, scratch: Path) -> None:
        """Load an events file or a table of events. Raises InputUnreadable if it is neither."""
        self._files = list_events_files(events)
        self._connection = _open(scratch)
        try:
            self.run(f"CREATE TABLE events (id BIGINT, ok BOOLEAN, {', '.join(map(_declare, COLUMNS))})")
            first = 0
            for file in self._files:
                first += self._load(file, first, scratch)
            blank = ", ".join(f'"{name}" = NULL' for name in _NO_ACT)
            self.run(f"UPDATE events SET {blank} WHERE kind = 'vendor_alert'")
            _forbid_file_access(self._connection)
        except BaseException:
            self.close()
            raise

    def _load(self, path: Path, first: int, scratch: Path) -> int:
        """Copy the needed columns of a file, by column and row group to limit memory; return its number of rows.

        Rows are numbered from `first`.
        """
        try:
            with pq.ParquetFile(path) as file:
                count = int(file.metadata.num_rows)
                names = [name for name in COLUMNS if name in file.schema_arrow.names]
            if not {"time", "org_uid", "account", "kind", "status"} <= set(names):
                raise InputUnreadable(
                    f"{path}: not a file of events",
                    fix="give the folder that `seawall scan --out` wrote",
                )
            # DuckDB would read special characters of the folder's name as a glob pattern, so link to a plain name.
            given = scratch / "given.parquet"
            given.unlink(missing_ok=True)
            given.symlink_to(path.resolve())
            taken = ", ".join(_take(name) for name in names)
            held = ", ".join(COLUMNS[name] for name in names)
            self.run(
                f"""INSERT INTO events (id, ok, {held})
                SELECT file_row_number + ?, coalesce(status::VARCHAR, 'success') = 'success', {taken}
                FROM read_parquet(?, file_row_number = true, hive_partitioning = false)""",
                [first, str(given)],
            )
            given.unlink()
        except (OSError, pa.ArrowException, duckdb.Error) as error:
            raise InputUnreadable(f"{path}: {error}", fix="scan the logs again") from error
        return count

    def place(self, start: int) -> None:
        """Compute each record's nearness to its account's places before `start`, the beginning of the intrusion."""
        for statement in _KNOWN.split(";"):
            if statement.strip():
                self.run(statement, {"start": start} if "$start" in statement else None)
        self.run(_PLACED)
        self.run("DROP TABLE events")
        self.run("ALTER TABLE placed RENAME TO events")

    def run(self, statement: str, values: Any = None) -> None:
        """Execute a statement. Raises OutputUnwritable if the disk is full."""
        self._execute(statement, values)

    def rows(self, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self._execute(statement, values).fetchall()

    def columns(self, statement: str, values: Any = None) -> dict[str, npt.NDArray[np.int64]]:
        """Return the columns of a query of integers."""
        found = self._execute(statement, values).fetchnumpy()
        return {name: np.asarray(column, np.int64) for name, column in found.items()}

    def one(self, statement: str, values: Any = None) -> tuple[Any, ...]:
        """Return the only row of a query."""
        return self.rows(statement, values)[0]

    def _execute(self, statement: str, values: Any) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(statement, values)
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            said = (str(error).splitlines() or ["no room"])[0][:300]
            raise OutputUnwritable(
                f"the search ran out of disk space: {said}",
                fix="free space in the folder for temporary files",
            ) from error

    def keep(self, name: str, columns: dict[str, Any]) -> None:
        """Append columns to one of the search's own tables, creating it if needed."""
        self._connection.register("incoming", pa.table(columns))
        self.run(f"CREATE TABLE IF NOT EXISTS {name} AS SELECT * FROM incoming LIMIT 0")
        self.run(f"INSERT INTO {name} SELECT * FROM incoming")
        self._connection.unregister("incoming")

    def read_unmapped(self, rows: Sequence[int]) -> Iterator[tuple[int, str | None]]:
        """Yield (row, text of unmapped fields) in order, holding few in memory."""
        for row, values in self.read_columns(rows, ("unmapped",)):
            if "unmapped" in values:
                yield row, values["unmapped"]

    def read_columns(self, rows: Sequence[int], names: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (row, values of these columns of the file) in order, holding few in memory. Missing columns are left out."""
        wanted = np.asarray(sorted(rows), np.int64)
        first = 0
        for path in self._files:
            with pq.ParquetFile(path) as file:
                taken = [name for name in names if name in file.schema_arrow.names]
                for group in range(file.num_row_groups):
                    size = file.metadata.row_group(group).num_rows
                    low, high = np.searchsorted(wanted, [first, first + size])
                    if low < high:
                        yield from _values(file, group, taken, wanted[low:high], first)
                    first += size

    def close(self) -> None:
        """Free memory and files."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _values(
    file: Any, group: int, names: list[str], wanted: Any, first: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    for batch in file.iter_batches(2_000, row_groups=[group], columns=names):
        low, high = np.searchsorted(wanted, [first, first + batch.num_rows])
        if low < high:
            held = batch.take(pa.array(wanted[low:high] - first)).to_pylist()
            yield from zip(wanted[low:high].tolist(), held, strict=True)
        first += batch.num_rows


def _declare(name: str) -> str:
    kinds = {
        "time": "BIGINT",
        "src_asn": "BIGINT",
        "source_line": "BIGINT",
        "item_count": "BIGINT",
        "is_throttled": "BOOLEAN",
    }
    return f"{COLUMNS[name]} {kinds.get(name, 'VARCHAR')}"


def _take(name: str) -> str:
    return "epoch_us(time)" if name == "time" else f"{name}::{_declare(name).partition(' ')[2]}"


def _open(scratch: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        str(scratch / "scope.duckdb"),
        config={
            "threads": 2, "memory_limit": _MEMORY, "temp_directory": str(scratch / "spill"),
            "autoinstall_known_extensions": False, "autoload_known_extensions": False,
        },
    )  # fmt: skip


def _forbid_file_access(connection: duckdb.DuckDBPyConnection) -> None:
    """Forbid the connection to open files: search values come from outside."""
    connection.execute("SET enable_external_access=false")
    connection.execute("SET lock_configuration=true")
