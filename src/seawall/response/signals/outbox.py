"""What is to be told to whom, and what became of it: one SQLite file, in which every event token has one row for ever.

A token is written down before it is sent, and sent again with the same id until its receiver has answered, so that a crash
loses nothing and a receiver that counts ids acts once.
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
"""`taken`: the receiver has it (202, or acknowledged when polling). `refused`: it said that it does not want it."""

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
    """One event token: for which stream, what became of it. Times in seconds; `after` is when it may be tried again."""

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
    """The file. Threads may share it; several processes may have it open."""

    def __init__(self, path: Path) -> None:
        """Open it, and make it where there is none. Raises `SignalsInvalid`."""
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
                raise SignalsInvalid(f"{path}: a database of something else", fix="name another file")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def put(self, stream: str, token_id: str, event: str, token: str, now: int) -> bool:
        """Keep a token that is to be told; False where this stream has one of that id already."""
        with self._writing() as connection:
            done = connection.execute(
                "INSERT OR IGNORE INTO tokens (stream, token_id, event, token, state, made)"
                " VALUES (?, ?, ?, ?, 'waiting', ?)",
                (stream, token_id, event, token, now),
            )
            return done.rowcount == 1

    def waiting(self, stream: str, most: int, *, behind: int = 0) -> list[OutboxEntry]:
        """Return the oldest tokens that the stream's receiver has not answered, of those behind a number."""
        rest = "WHERE stream = ? AND state = 'waiting' AND number > ? ORDER BY number LIMIT ?"
        return self._rows(rest, (stream, behind, most))

    def all_waiting(self) -> list[OutboxEntry]:
        """Return every token that no receiver has answered, oldest first."""
        return self._rows("WHERE state = 'waiting' ORDER BY number", ())

    def signed_anew(self, number: int, token: str) -> None:
        """Keep a token that waits as it is signed now."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE tokens SET token = ? WHERE number = ? AND state = 'waiting'", (token, number)
            )

    @contextmanager
    def turn(self, stream: str) -> Iterator[bool]:
        """Whether it is ours to push to a stream for as long as this is held: of all threads and processes, one does."""
        place = self._path.with_name(f"{self._path.name}.{stream}.lock")
        try:
            lock = FileLock(place)
        except OSError as error:
            raise SignalsInvalid(f"{place}: {error.strerror}", fix="check the folder of the outbox") from None
        with closing(lock):
            yield lock.try_hold()

    def count(self, stream: str) -> int:
        """Return how many wait for a stream's receiver."""
        with self._lock, self._translate():
            query = "SELECT count(*) FROM tokens WHERE stream = ? AND state = 'waiting'"
            (count,) = self._connection.execute(query, (stream,)).fetchone()
        return int(count)

    def all(self) -> list[OutboxEntry]:
        """Return everything, oldest first."""
        return self._rows("ORDER BY number", ())

    def taken(self, stream: str, token_ids: Sequence[str], now: int) -> int:
        """Note that a receiver has tokens; ids that do not wait are passed over. Returns how many were noted."""
        with self._writing() as connection:
            return sum(
                connection.execute(
                    "UPDATE tokens SET state = 'taken', answered = ?, attempts = attempts + 1"
                    " WHERE stream = ? AND token_id = ? AND state = 'waiting'",
                    (now, stream, token_id),
                ).rowcount
                for token_id in token_ids
            )

    def refused(self, stream: str, token_id: str, err: str, description: str, now: int) -> bool:
        """Note that a receiver does not want a token, and what it said."""
        with self._writing() as connection:
            done = connection.execute(
                "UPDATE tokens SET state = 'refused', answered = ?, attempts = attempts + 1, err = ?, description = ?"
                " WHERE stream = ? AND token_id = ? AND state = 'waiting'",
                (now, err[:_WORDS], description[:_WORDS], stream, token_id),
            )
            return done.rowcount == 1

    def failed(self, number: int, description: str, after: int) -> None:
        """Note that a token did not get through, why, and when it may be tried again."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE tokens SET attempts = attempts + 1, description = ?, after = ?"
                " WHERE number = ? AND state = 'waiting'",
                (description[:_WORDS], after, number),
            )

    def again(self, number: int) -> bool:
        """Let a refused token wait once more; False where it was not refused."""
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
            lambda error: SignalsInvalid(f"{self._path}: {error}", fix="is this the outbox of signals?")
        )
