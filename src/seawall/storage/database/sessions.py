"""Signed-in sessions. The database stores digests of tokens alone: its content signs nobody in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from seawall.storage.database.bulk import forget
from seawall.storage.database.models import SessionRow, UserModel
from seawall_base.errors import UsageError

SHORTEST_TOKEN = 32


@dataclass(frozen=True, slots=True)
class SignIn:
    """A session of a user without its token. `handle` is enough to revoke the session, and useless to sign in."""

    handle: str
    user: int
    created_at: int
    seen_at: int
    expires_at: int
    revoked_at: int | None
    client_address: str
    user_agent: str


class Sessions:
    """Sessions within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(
        self,
        token: bytes,
        user: int,
        *,
        at: int,
        expires_at: int,
        client_address: str = "",
        user_agent: str = "",
    ) -> SignIn:
        """Store a new session of an active user; the token must be at least 32 random bytes. Raises `UsageError`."""
        if len(token) < SHORTEST_TOKEN:
            raise UsageError(f"a session's token has at least {SHORTEST_TOKEN} bytes")
        owner = self._session.get(UserModel, user, with_for_update=True)
        if owner is None or owner.disabled_at is not None:
            raise UsageError("there is no such active user")
        row = SessionRow(
            token_digest=_digest(token), user=user, created_at=at, seen_at=at, expires_at=expires_at,
            address=client_address[:LONGEST], user_agent=user_agent[:LONGEST],
        )  # fmt: skip
        self._session.add(row)
        self._session.flush()
        return _sign_in(row)

    def find(self, token: bytes, *, at: int) -> SignIn | None:
        """Return the session of a token, None if it is unknown, expired, revoked, or its user is disabled."""
        query = (
            select(SessionRow)
            .join(UserModel, UserModel.id == SessionRow.user)
            .where(
                SessionRow.token_digest == _digest(token),
                SessionRow.revoked_at.is_(None),
                SessionRow.expires_at > at,
                UserModel.disabled_at.is_(None),
            )
        )
        row = self._session.execute(query).scalar_one_or_none()
        return None if row is None else _sign_in(row)

    def touch(self, handle: str, *, at: int) -> None:
        """Record the time at which a session was used."""
        seen = update(SessionRow).where(SessionRow.token_digest == handle, SessionRow.seen_at < at)
        self._session.execute(seen.values(seen_at=at))

    def of_user(self, user: int, *, at: int) -> list[SignIn]:
        """Return a user's sessions that are neither expired nor revoked, newest first."""
        lasting = (SessionRow.user == user, SessionRow.revoked_at.is_(None), SessionRow.expires_at > at)
        query = (
            select(SessionRow).where(*lasting).order_by(SessionRow.created_at.desc(), SessionRow.token_digest)
        )
        return [_sign_in(row) for row in self._session.execute(query).scalars()]

    def revoke(self, handle: str, *, at: int) -> bool:
        """Revoke a session; return False if it was revoked already."""
        ended = update(SessionRow).where(SessionRow.token_digest == handle, SessionRow.revoked_at.is_(None))
        return bool(
            self._session.execute(ended.values(revoked_at=at).returning(SessionRow.token_digest)).all()
        )

    def revoke_all(self, user: int, *, at: int) -> int:
        """Revoke every session of a user; return their number."""
        ended = update(SessionRow).where(SessionRow.user == user, SessionRow.revoked_at.is_(None))
        return len(
            self._session.execute(ended.values(revoked_at=at).returning(SessionRow.token_digest)).all()
        )

    def prune(self, before: int, *, is_rehearsal: bool = False) -> int:
        """Delete sessions that expired or were revoked before a time; return their number."""
        over = or_(SessionRow.expires_at < before, SessionRow.revoked_at < before)
        return forget(self._session, SessionRow, over, is_rehearsal=is_rehearsal)


LONGEST = 1000
"""Most characters that are stored of a browser's user agent."""


def _digest(token: bytes) -> str:
    return hashlib.sha256(token).hexdigest()


def _sign_in(row: SessionRow) -> SignIn:
    return SignIn(
        row.token_digest, row.user, row.created_at, row.seen_at, row.expires_at, row.revoked_at, row.address,
        row.user_agent,
    )  # fmt: skip
