"""Store event tokens and their delivery state in an SQLite file, which keeps one row for each token for ever.

A token is stored before it is sent, and sent again with the same id until its receiver answers. A crash therefore
loses nothing, and a receiver that compares ids acts once.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from seawall.response.errors import SignalsInvalid
from seawall_base import sqlite_file
from seawall_base.file_lock import FileLock

State = Literal["waiting", "taken", "refused"]
"""Delivery state. `taken`: the receiver has the token (202, or acknowledged by poll). `refused`: it rejected the token."""

APPLICATION_ID: Final = 0x53574F58
BUSY_SECONDS: Final = 10.0
_COLUMNS: Final = (
    "number, stream, token_id, event, token, state, made, attempts, after, answered, err, description"
)
_SCHEMA: Final = """
CREATE TABLE tokens (
    number INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    token_id TEXT NOT NULL,
    event TEXT NOT NULL,
    token TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'taken', 'refused')),
    made INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    after INTEGER NOT NULL DEFAULT 0,
    answered INTEGER,
    err TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    UNIQUE (stream, token_id)
) STRICT;
CREATE INDEX waiting ON tokens (stream, number) WHERE state = 'waiting';
"""
_WORDS: Final = 300


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One event token of a stream with its delivery state. Times are in seconds; `after` is the earliest next attempt."""

    number: int
    stream: str
    token_id: str
    event: str
    token: str
    state: State
    made: int
    attempts: int
    after: int
    answered: int | None
    err: str
    description: str


class SignalOutbox:
    """The SQLite file. Threads may share an instance; several processes may open the file."""

    def __init__(self, path: Path) -> None:
        """Open the file, creating it if needed. Raises `SignalsInvalid`."""
        self._lock = threading.Lock()
        self._path = path
        sqlite_file.create_missing(path, SignalsInvalid)
        sqlite_file.check(path, SignalsInvalid)
        with self._translate():
            self._connection = sqlite_file.connect(path, busy_seconds=BUSY_SECONDS, is_shared=True)
            self._prepare(path)

    def _prepare(self, path: Path) -> None:
        sqlite_file.use_write_ahead_log(self._connection)
        with self._writing() as connection:
            application, _ = sqlite_file.read_format(connection)
            (count,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if application == 0 and count == 0:
                sqlite_file.run_script(connection, _SCHEMA)
                sqlite_file.write_format(connection, APPLICATION_ID)
            elif application != APPLICATION_ID:
                raise SignalsInvalid(f"{path}: a database of another program", fix="name another file")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def put(self, stream: str, token_id: str, event: str, token: str, now: int) -> bool:
        """Store a token to send.

        Return False if the stream has a token with this id already.
        """
        with self._writing() as connection:
            done = connection.execute(
                "INSERT OR IGNORE INTO tokens (stream, token_id, event, token, state, made)"
                " VALUES (?, ?, ?, ?, 'waiting', ?)",
                (stream, token_id, event, token, now),
            )
            return done.rowcount == 1

    def waiting(self, stream: str, most: int, *, behind: int = 0) -> list[OutboxEntry]:
        """Return the oldest unanswered tokens of a stream with a number above `behind`, at most `most`."""
        rest = "WHERE stream = ? AND state = 'waiting' AND number > ? ORDER BY number LIMIT ?"
        return self._rows(rest, (stream, behind, most))

    def all_waiting(self) -> list[OutboxEntry]:
        """Return every unanswered token, oldest first."""
        return self._rows("WHERE state = 'waiting' ORDER BY number", ())

    def signed_anew(self, number: int, token: str) -> None:
        """Replace a waiting token by its newly signed form."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE tokens SET token = ? WHERE number = ? AND state = 'waiting'", (token, number)
            )

    @contextmanager
    def turn(self, stream: str) -> Iterator[bool]:
        """Yield whether this caller may push to a stream while the context is open.

        Among all threads and processes, one gets True.
        """
        place = self._path.with_name(f"{self._path.name}.{stream}.lock")
        try:
            lock = FileLock(place)
        except OSError as error:
            raise SignalsInvalid(f"{place}: {error.strerror}", fix="check the folder of the outbox") from None
        with closing(lock):
            yield lock.try_hold()

    def count(self, stream: str) -> int:
        """Return how many tokens wait for a stream's receiver."""
        with self._lock, self._translate():
            query = "SELECT count(*) FROM tokens WHERE stream = ? AND state = 'waiting'"
            (count,) = self._connection.execute(query, (stream,)).fetchone()
        return int(count)

    def all(self) -> list[OutboxEntry]:
        """Return all tokens, oldest first."""
        return self._rows("ORDER BY number", ())

    def mark_taken(self, stream: str, token_ids: Sequence[str], now: int) -> int:
        """Mark tokens as taken by the receiver, ignoring ids that do not wait. Return how many were marked."""
        with self._writing() as connection:
            return sum(
                connection.execute(
                    "UPDATE tokens SET state = 'taken', answered = ?, attempts = attempts + 1"
                    " WHERE stream = ? AND token_id = ? AND state = 'waiting'",
                    (now, stream, token_id),
                ).rowcount
                for token_id in token_ids
            )

    def mark_refused(self, stream: str, token_id: str, err: str, description: str, now: int) -> bool:
        """Mark a token as refused, with the receiver's error."""
        with self._writing() as connection:
            done = connection.execute(
                "UPDATE tokens SET state = 'refused', answered = ?, attempts = attempts + 1, err = ?, description = ?"
                " WHERE stream = ? AND token_id = ? AND state = 'waiting'",
                (now, err[:_WORDS], description[:_WORDS], stream, token_id),
            )
            return done.rowcount == 1

    def mark_failed(self, number: int, description: str, after: int) -> None:
        """Record a failed attempt, its reason, and the earliest next attempt (seconds)."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE tokens SET attempts = attempts + 1, description = ?, after = ?"
                " WHERE number = ? AND state = 'waiting'",
                (description[:_WORDS], after, number),
            )

    def again(self, number: int) -> bool:
        """Set a refused token to waiting again.

        Return False if it was not refused.
        """
        with self._writing() as connection:
            done = connection.execute(
                "UPDATE tokens SET state = 'waiting', after = 0, answered = NULL, err = '', description = ''"
                " WHERE number = ? AND state = 'refused'",
                (number,),
            )
            return done.rowcount == 1

    def _rows(self, rest: str, values: tuple[object, ...]) -> list[OutboxEntry]:
        with self._lock, self._translate():
            rows = self._connection.execute(f"SELECT {_COLUMNS} FROM tokens {rest}", values).fetchall()
        return [OutboxEntry(*row) for row in rows]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translate(), sqlite_file.transaction(self._connection):
            yield self._connection

    def _translate(self) -> AbstractContextManager[None]:
        return sqlite_file.errors_as(
            lambda error: SignalsInvalid(
                f"{self._path}: {error}", fix="check that the path names an outbox of signals"
            )
        )
