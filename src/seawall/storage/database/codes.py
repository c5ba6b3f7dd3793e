"""One-time codes and the tokens of collectors. The database stores their SHA-256 alone, so that reading it grants no
access.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from seawall.storage.database.bulk import forget
from seawall.storage.database.columns import make_index_key
from seawall.storage.database.models import UserModel
from seawall.storage.database.user_models import IngestTokenModel, InviteRow
from seawall_base.errors import UsageError

SHORTEST_CODE = 10
"""Least bytes of randomness: few enough to type, too many to guess before a code expires."""

SHORTEST_TOKEN = 32
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Invite:
    """A one-time code without the code itself. `purpose` is what it permits; `user` is None if no account exists yet."""

    purpose: str
    user: int | None
    created_by: str
    created_at: int
    expires_at: int | None
    used_at: int | None


class Invites:
    """One-time codes within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        code: bytes,
        purpose: str,
        *,
        at: int,
        expires_at: int | None,
        by: str = "",
        user: int | None = None,
    ) -> Invite:
        """Store a code that can be used once until `expires_at`. Raises `UsageError` if it is too short or expires at once."""
        if len(code) < SHORTEST_CODE:
            raise UsageError(f"a one-time code has at least {SHORTEST_CODE} bytes")
        if expires_at is not None and expires_at <= at:
            raise UsageError("the expiry time lies in the past", fix="choose a later time")
        row = InviteRow(
            code_digest=_digest(code), purpose=purpose, user=user, created_by=by, created_at=at,
            expires_at=expires_at, used_at=None,
        )  # fmt: skip
        self._session.add(row)
        self._session.flush()
        return _invite(row)

    def find(self, code: bytes, purpose: str, *, at: int) -> Invite | None:
        """Return the entry of an unused code, None if it is unknown, used, expired, or its user is disabled."""
        row = self._session.execute(select(InviteRow).where(*_open(code, purpose, at))).scalar_one_or_none()
        return None if row is None or self._is_disabled(row.user) else _invite(row)

    def redeem(self, code: bytes, purpose: str, *, at: int) -> Invite | None:
        """Use up a code and return its entry, None as in `find`. Of concurrent calls, only one succeeds."""
        if self.find(code, purpose, at=at) is None:
            return None
        used = update(InviteRow).where(*_open(code, purpose, at)).values(used_at=at)
        row = self._session.execute(used.returning(InviteRow)).scalar_one_or_none()
        return None if row is None else _invite(row)

    def of_user(self, user: int, purpose: str, *, at: int) -> list[Invite]:
        """Return a user's unused and unexpired codes of a purpose."""
        query = select(InviteRow).where(InviteRow.user == user, InviteRow.purpose == purpose, *_lasting(at))
        return [_invite(row) for row in self._session.execute(query.order_by(InviteRow.created_at)).scalars()]

    def revoke(self, purpose: str, *, user: int | None = None) -> int:
        """Delete the unused codes of a purpose that belong to `user`, or to no user; return their number."""
        unused = (InviteRow.purpose == purpose, InviteRow.user == user, InviteRow.used_at.is_(None))
        gone = delete(InviteRow).where(*unused).returning(InviteRow.code_digest)
        return len(self._session.execute(gone).all())

    def prune(self, before: int, *, is_rehearsal: bool = False) -> int:
        """Delete codes that were used or expired before a time; return their number."""
        over = or_(InviteRow.used_at < before, InviteRow.expires_at < before)
        return forget(self._session, InviteRow, over, is_rehearsal=is_rehearsal)

    def _is_disabled(self, user: int | None) -> bool:
        row = None if user is None else self._session.get(UserModel, user)
        return row is not None and row.disabled_at is not None


@dataclass(frozen=True, slots=True)
class IngestToken:
    """A collector's token without the token itself."""

    name: str
    created_by: str
    created_at: int
    revoked_at: int | None
    last_used_at: int | None


class IngestTokens:
    """The tokens of collectors within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, name: str, token: bytes, *, by: str, at: int) -> IngestToken:
        """Store a token of at least 32 random bytes under a name. Raises `UsageError` if the name is invalid or in use."""
        if len(token) < SHORTEST_TOKEN:
            raise UsageError(f"a token has at least {SHORTEST_TOKEN} bytes")
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            raise UsageError(f"a token's name has 1 to {LONGEST_NAME} printable characters")
        found = self._session.get(IngestTokenModel, make_index_key(name))
        if found is not None and found.revoked_at is None:
            raise UsageError("a token with this name exists", fix="choose another name, or revoke it first")
        row = IngestTokenModel(
            name_key=make_index_key(name), name=name, token_digest=_digest(token), created_by=by, created_at=at,
            revoked_at=None, last_used_at=None,
        )  # fmt: skip
        row = self._session.merge(row)
        self._session.flush()
        return _token(row)

    def find(self, token: bytes) -> IngestToken | None:
        """Return the entry of a token, None if it is unknown or revoked."""
        wanted = (IngestTokenModel.token_digest == _digest(token), IngestTokenModel.revoked_at.is_(None))
        row = self._session.execute(select(IngestTokenModel).where(*wanted)).scalar_one_or_none()
        return None if row is None else _token(row)

    def all(self) -> list[IngestToken]:
        """Return every token by name, revoked ones included."""
        rows = self._session.execute(select(IngestTokenModel).order_by(IngestTokenModel.name)).scalars()
        return [_token(row) for row in rows]

    def used(self, name: str, *, at: int) -> None:
        """Record the time at which a token was used."""
        row = self._session.get(IngestTokenModel, make_index_key(name))
        if row is not None:
            row.last_used_at = max(at, row.last_used_at or 0)
            self._session.flush()

    def revoke(self, name: str, *, at: int) -> bool:
        """Revoke a token; return False if no active token has this name."""
        ended = update(IngestTokenModel).where(
            IngestTokenModel.name_key == make_index_key(name), IngestTokenModel.revoked_at.is_(None)
        )
        return bool(
            self._session.execute(ended.values(revoked_at=at).returning(IngestTokenModel.name_key)).all()
        )


def _open(code: bytes, purpose: str, at: int) -> tuple[ColumnElement[bool], ...]:
    return (InviteRow.code_digest == _digest(code), InviteRow.purpose == purpose, *_lasting(at))


def _lasting(at: int) -> tuple[ColumnElement[bool], ...]:
    return (InviteRow.used_at.is_(None), or_(InviteRow.expires_at.is_(None), InviteRow.expires_at > at))


def _digest(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()


def _invite(row: InviteRow) -> Invite:
    return Invite(row.purpose, row.user, row.created_by, row.created_at, row.expires_at, row.used_at)


def _token(row: IngestTokenModel) -> IngestToken:
    return IngestToken(row.name, row.created_by, row.created_at, row.revoked_at, row.last_used_at)
