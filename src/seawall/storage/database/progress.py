"""Checkpoints of sources and states of detectors.

They are written in the same transaction as the incidents that result, so that a restart continues exactly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from seawall.storage.database.columns import make_index_key
from seawall.storage.database.homes import HandedEvents
from seawall.storage.database.models import CheckpointRow, StateRow
from seawall.storage.errors import DatabaseBroken

PIECE_BYTES = 4 << 20
"""Bytes of a piece of a state."""

HANDED = "handed/"
"""Prefix of the names of checkpoints that are events handed to another slot: `{"slot": …, "content": …}`."""


def slot_prefix(slot: int | None) -> str:
    """Return the beginning of the names of a slot's states and checkpoints, empty for a watch that is alone."""
    return f"slot/{slot}/" if slot else ""


class Checkpoints:
    """Checkpoints within one transaction: a JSON object by the name of a source."""

    def __init__(self, session: Session, slot: int | None = None) -> None:
        self._session, self._prefix = session, slot_prefix(slot)
        self._handed = HandedEvents(session)

    def put(self, positions: Mapping[str, Mapping[str, Any]]) -> None:
        """Store positions by source, replacing earlier ones."""
        for name, position in positions.items():
            if name.startswith(HANDED):
                self._handed.put(name, position["slot"], position["content"])
                continue
            source = self._prefix + name
            self._session.merge(
                CheckpointRow(source_key=make_index_key(source), source=source, position=dict(position))
            )
        self._session.flush()

    def get(self, source: str) -> dict[str, Any] | None:
        """Return the position of a source, None if it was never read."""
        row = self._session.get(CheckpointRow, make_index_key(self._prefix + source))
        return None if row is None else row.position

    def all(self) -> dict[str, dict[str, Any]]:
        """Return the position of every source by name."""
        query = select(CheckpointRow).order_by(CheckpointRow.source)
        if self._prefix:
            query = query.where(CheckpointRow.source.startswith(self._prefix, autoescape=True))
        rows = self._session.execute(query).scalars()
        return {row.source.removeprefix(self._prefix): row.position for row in rows}

    def forget(self, source: str) -> None:
        """Delete the checkpoint of a source that no longer exists."""
        if source.startswith(HANDED):
            self._handed.forget(source)
            return
        key = make_index_key(self._prefix + source)
        self._session.execute(delete(CheckpointRow).where(CheckpointRow.source_key == key))


class DetectorStates:
    """States of detectors within one transaction: bytes by name, with digests that are checked on reading."""

    def __init__(self, session: Session, slot: int | None = None) -> None:
        self._session, self._prefix = session, slot_prefix(slot)

    def put(self, name: str, content: bytes) -> int:
        """Store a state, replacing the earlier one; return the bytes written: unchanged pieces are skipped."""
        name = self._prefix + name
        pieces = max(1, -(-len(content) // PIECE_BYTES))
        query = select(StateRow.position, StateRow.digest, StateRow.pieces).where(StateRow.name == name)
        known = {position: (digest, count) for position, digest, count in self._session.execute(query)}
        written, view = 0, memoryview(content)
        for position in range(pieces):
            piece = bytes(view[position * PIECE_BYTES : (position + 1) * PIECE_BYTES])
            digest = _digest(name, position, pieces, piece)
            if known.get(position) != (digest, pieces):
                row = StateRow(name=name, position=position, pieces=pieces, digest=digest, content=piece)
                self._session.merge(row)
                self._session.flush()
                self._session.expunge_all()
                written += len(piece)
        self._session.execute(delete(StateRow).where(StateRow.name == name, StateRow.position >= pieces))
        return written

    def get(self, name: str) -> bytes | None:
        """Return a state, None if there is none. Raises `DatabaseBroken` if a piece is missing or changed."""
        name = self._prefix + name
        query = select(StateRow.position, StateRow.pieces, StateRow.digest, StateRow.content)
        found = self._session.execute(query.where(StateRow.name == name).order_by(StateRow.position)).all()
        if not found:
            return None
        for expected, (position, pieces, digest, content) in enumerate(found):
            if (position, pieces) != (expected, len(found)) or digest != _digest(
                name, position, pieces, content
            ):
                raise DatabaseBroken(
                    f"piece {expected} of the state {name!r} is damaged",
                    fix="restore a backup; Seawall did not change the database",
                )
        return b"".join(row.content for row in found)

    def names(self) -> list[str]:
        """Return the names of all states."""
        query = select(StateRow.name).where(StateRow.position == 0).order_by(StateRow.name)
        if self._prefix:
            query = query.where(StateRow.name.startswith(self._prefix, autoescape=True))
        return [name.removeprefix(self._prefix) for name in self._session.execute(query).scalars()]

    def every(self, name: str) -> list[bytes]:
        """Return the states of this name of a watch that is alone and of each slot."""
        query = select(StateRow.name).where(StateRow.position == 0)
        named = StateRow.name == name
        if not self._prefix:
            named = named | StateRow.name.like(f"slot/%/{name}")
        query = query.where(named).order_by(StateRow.name)
        found = (self.get(each) for each in self._session.execute(query).scalars())
        return [content for content in found if content is not None]

    def forget(self, name: str) -> None:
        """Delete a state."""
        self._session.execute(delete(StateRow).where(StateRow.name == self._prefix + name))


def _digest(name: str, position: int, pieces: int, content: bytes) -> str:
    place = f"{name}\n{position}\n{pieces}\n".encode("utf-8", "surrogatepass")
    return hashlib.sha256(place + content).hexdigest()
