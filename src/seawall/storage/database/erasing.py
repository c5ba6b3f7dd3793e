"""Erase a person's names from every table of the database, in one transaction, with the audit trail still verifiable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, delete, select, text, update

from seawall.storage.database import revisions
from seawall.storage.database.audit import ERASED
from seawall.storage.database.columns import make_index_key
from seawall.storage.database.database import Database
from seawall.storage.database.incident_queue import fold_text
from seawall.storage.database.models import AuditRow, Model
from seawall.storage.database.work import Transaction
from seawall_base.hash_chain import digest_values

KEPT: Final = frozenset(
    {
        "users",
        "sessions",
        "passkeys",
        "totp",
        "oidc_identities",
        "invites",
        "ingest_tokens",
        "counters",
        "totals",
    }
)
"""Tables of the console's own users, and of numbers."""

_AT_ONCE: Final = 500
_EPOCH: Final = date(1970, 1, 1)
_APART: Final = frozenset({"audit", "states", "candidates"})
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "account_key": ("tenant", "account"),
    "source_key": ("source", "name"),
    "view_key": ("owner", "name"),
}
"""Columns that index others by a hash of them."""


class Erasure(Protocol):
    """Replace a person's names."""

    def replace_values(self, value: Any, /) -> Any:
        """Return a value without the names."""


def erase_from_database(work: Transaction, erasure: Erasure, *, is_rehearsal: bool = False) -> dict[str, int]:
    """Replace names in all tables but those of `KEPT`, the audit trail, states and candidates; return rows by table."""
    counts: dict[str, int] = {}
    connection = work.session.connection()
    changed_incidents: set[str] = set()
    for table in Model.metadata.sorted_tables:
        if table.name in KEPT or table.name in _APART:
            continue
        found = list(_find_changes(connection, table, erasure))
        if found:
            counts[str(table.name)] = len(found)
        for row, values in found if not is_rehearsal else ():
            connection.execute(update(table).where(*_is_row(table, row)).values(values))
            if table.name in ("incidents", "queue", "queue_shown", "reasons"):
                changed_incidents.add(str(row["id"] if table.name == "incidents" else row["incident"]))
    if changed_incidents:
        _renew_queue(work, sorted(changed_incidents))
    return counts


def erase_from_states(
    work: Transaction,
    erase: Callable[[bytes], bytes | None],
    *,
    is_rehearsal: bool = False,
    should_delete: bool = False,
) -> tuple[int, list[str]]:
    """Replace names in the states of detectors; return how many changed, and the names of those that are left unreadable.

    `erase` returns a state without the names, None if it cannot read it. With `should_delete`, such a state is deleted, and
    counted as changed; what was learnt is then learnt again from the events.
    """
    changed, unreadable = 0, list[str]()
    for name in work.states.names():
        content = work.states.get(name) or b""
        cleaned = erase(content)
        if cleaned is None and not should_delete:
            unreadable.append(name)
        elif cleaned != content:
            changed += 1
            if cleaned is None and not is_rehearsal:
                work.states.forget(name)
            elif cleaned is not None and not is_rehearsal:
                work.states.put(name, cleaned)
    return changed, unreadable


def erase_from_candidates(
    work: Transaction,
    erase: Callable[[bytes], bytes | None],
    *,
    is_rehearsal: bool = False,
    should_delete: bool = False,
) -> tuple[int, list[str]]:
    """Do the same for the candidates of days; return how many changed, and the days of those that are left unreadable."""
    table = Model.metadata.tables["candidates"]
    connection, changed, unreadable = work.session.connection(), 0, set[str]()
    for row in list(connection.execute(select(table.c.day, table.c.position))):
        place = (table.c.day == row.day, table.c.position == row.position)
        content = connection.execute(select(table.c.content).where(*place)).scalar_one()
        cleaned = erase(content)
        if cleaned is None and not should_delete:
            unreadable.add(f"of {_EPOCH + timedelta(days=row.day)}")
        elif cleaned != content:
            changed += 1
            if cleaned is None and not is_rehearsal:
                connection.execute(delete(table).where(*place))
            elif not is_rehearsal:
                connection.execute(update(table).where(*place).values(content=cleaned))
    return changed, sorted(unreadable)


def erase_from_audit(
    work: Transaction, erasure: Erasure, *, at: int, actor: str, token: str, is_rehearsal: bool = False
) -> int:
    """Replace names in the audit trail, and append the entry that vouches for those that changed; return their number.

    Entries keep their digests. The triggers that refuse changes are off within the transaction alone.
    """
    table = Model.metadata.tables[AuditRow.__tablename__]
    connection = work.session.connection()
    found = list(_find_changes(connection, table, erasure))
    if is_rehearsal:
        return len(found)
    entries: dict[str, str] = {}
    with _without_triggers(connection) if found else nullcontext():
        for row, values in found:
            connection.execute(update(table).where(*_is_row(table, row)).values(values))
            now = {**row, **values}
            content = [
                now[name] for name in ("sequence", "at", "actor", "action", "subject", "details", "previous")
            ]
            entries[str(row["sequence"])] = digest_values(*content)
    work.session.expire_all()
    work.audit.append(at=at, actor=actor, action=ERASED, subject=token, details={"entries": entries})
    return len(found)


def compact(database: Database, tables: Iterable[str]) -> None:
    """Remove deleted content from the files of a database: what was replaced lies in free pages until then.

    PostgreSQL rewrites the tables that changed; its write-ahead log is the server's own.
    """
    if database.file is not None:
        database.run_alone(["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"])
        return
    known = Model.metadata.tables
    database.run_alone([f'VACUUM FULL "{name}"' for name in sorted(set(tables) & set(known))])


def iterate_values(work: Transaction) -> Iterator[tuple[str, Any]]:
    """Yield every value of the tables that may hold a person's name, with the table's name, to search them."""
    connection = work.session.connection()
    for table in Model.metadata.sorted_tables:
        if table.name not in KEPT:
            for row in _read(connection, table):
                yield from ((table.name, value) for value in row.values())


def _read(connection: Connection, table: Table) -> Iterator[RowMapping]:
    yield from connection.execute(select(table).execution_options(yield_per=_AT_ONCE)).mappings()


def _find_changes(
    connection: Connection, table: Table, erasure: Erasure
) -> Iterator[tuple[RowMapping, dict[str, Any]]]:
    """Yield the rows of a table that hold a name, with the new values of their columns."""
    for row in _read(connection, table):
        values = {
            name: cleaned
            for name, value in row.items()
            if isinstance(value, str | list | dict) and (cleaned := erasure.replace_values(value)) != value
        }
        if not values:
            continue
        now = {**row, **values}
        if "value_key" in row and "value" in values:
            values["value_key"] = make_index_key(str(now["kind"]), fold_text(str(now["value"])))
        for key, sources in _KEYS.items():
            texts = [str(now[name]) for name in sources if name in now]
            if key in row and values.keys() & set(sources) and table.name != "queue":
                values[key] = make_index_key(*texts)
        yield row, values


def _is_row(table: Table, row: RowMapping) -> list[ColumnElement[bool]]:
    return [column == row[column.name] for column in table.primary_key.columns]


def _renew_queue(work: Transaction, ids: Sequence[str]) -> None:
    """Take over the keys of incidents into the queue, and stamp the incidents as changed."""
    connection = work.session.connection()
    connection.execute(
        text("UPDATE queue SET account_key = (SELECT account_key FROM incidents WHERE id = queue.incident)")
    )
    revisions.stamp(work.session, ids, revisions.next_revision(work.session))
    work.session.expire_all()


@contextmanager
def _without_triggers(connection: Connection) -> Iterator[None]:
    """Take the triggers of the audit trail away for a `with` block of one transaction, and put them back as they were."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        yield
        connection.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))
        return
    found = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit'"
    )
    triggers = [(str(name), str(statement)) for name, statement in found]
    for name, _ in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    yield
    for _, statement in triggers:
        connection.exec_driver_sql(statement)
