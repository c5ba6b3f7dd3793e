"""Ways to sign in besides a password: passkeys, one-time codes (TOTP), identities of OpenID providers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from seawall.storage.database.columns import make_index_key
from seawall.storage.database.models import UserModel
from seawall.storage.database.user_models import IdentityRow, PasskeyRow, TotpRow
from seawall_base.errors import UsageError

MOST_PASSKEYS = 20
LONGEST_LABEL = 100
LONGEST_CREDENTIAL = 1023
"""Most bytes of a credential id, according to WebAuthn."""


@dataclass(frozen=True, slots=True)
class UserPasskey:
    """A passkey of a user. Times are microseconds since 1970."""

    id: int
    user: int
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    label: str
    created_at: int
    used_at: int | None


class Passkeys:
    """Passkeys within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        user: int,
        *,
        credential_id: bytes,
        public_key: bytes,
        sign_count: int,
        at: int,
        transports: Sequence[str] = (),
        label: str = "",
    ) -> UserPasskey:
        """Store a passkey of an active user. Raises `UsageError` if it is registered already, or the user has too many."""
        _check_active(self._session, user)
        if not 0 < len(credential_id) <= LONGEST_CREDENTIAL:
            raise UsageError("this is no id of a passkey")
        taken = select(PasskeyRow.id).where(PasskeyRow.credential_id == credential_id)
        if self._session.execute(taken).first() is not None:
            raise UsageError("this passkey is registered already")
        if len(self.of_user(user)) >= MOST_PASSKEYS:
            raise UsageError(f"a user has at most {MOST_PASSKEYS} passkeys", fix="remove one first")
        row = PasskeyRow(
            user=user, credential_id=credential_id, public_key=public_key, sign_count=sign_count,
            transports=list(transports), label=label[:LONGEST_LABEL], created_at=at,
        )  # fmt: skip
        self._session.add(row)
        self._session.flush()
        return _passkey(row)

    def find(self, credential_id: bytes) -> UserPasskey | None:
        """Return the passkey with a credential id if its user is active, else None."""
        query = select(PasskeyRow).join(UserModel, UserModel.id == PasskeyRow.user)
        wanted = (PasskeyRow.credential_id == credential_id, UserModel.disabled_at.is_(None))
        row = self._session.execute(query.where(*wanted)).scalar_one_or_none()
        return None if row is None else _passkey(row)

    def of_user(self, user: int) -> list[UserPasskey]:
        """Return a user's passkeys, oldest first."""
        query = select(PasskeyRow).where(PasskeyRow.user == user).order_by(PasskeyRow.id)
        return [_passkey(row) for row in self._session.execute(query).scalars()]

    def used(self, id_: int, *, sign_count: int, at: int) -> bool:
        """Record a use; return False if the passkey counts its uses and the count did not grow: it may have been cloned."""
        grown = or_(PasskeyRow.sign_count < sign_count, (PasskeyRow.sign_count == 0) & (sign_count == 0))
        seen = update(PasskeyRow).where(PasskeyRow.id == id_, grown).values(sign_count=sign_count, used_at=at)
        return bool(self._session.execute(seen.returning(PasskeyRow.id)).all())

    def remove(self, user: int, id_: int) -> bool:
        """Delete a passkey of a user; return False if the user has none with this id."""
        gone = delete(PasskeyRow).where(PasskeyRow.id == id_, PasskeyRow.user == user)
        return bool(self._session.execute(gone.returning(PasskeyRow.id)).all())


@dataclass(frozen=True, slots=True)
class TotpSeed:
    """The TOTP seed of a user; it is valid once confirmed."""

    user: int
    secret: bytes = field(repr=False)
    created_at: int
    confirmed_at: int | None
    last_step: int


class TotpSeeds:
    """TOTP seeds within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, user: int, secret: bytes, *, at: int) -> None:
        """Store an unconfirmed seed, replacing another unconfirmed one. Raises `UsageError` if a confirmed one exists."""
        _check_active(self._session, user)
        found = self.get(user)
        if found is not None and found.confirmed_at is not None:
            raise UsageError("one-time codes are set up already", fix="remove them first")
        self._session.merge(TotpRow(user=user, secret=secret, created_at=at, confirmed_at=None, last_step=0))
        self._session.flush()

    def get(self, user: int) -> TotpSeed | None:
        """Return a user's seed, confirmed or not, None if there is none."""
        row = self._session.get(TotpRow, user, populate_existing=True)
        if row is None:
            return None
        return TotpSeed(row.user, bytes(row.secret), row.created_at, row.confirmed_at, row.last_step)

    def use(self, user: int, step: int, *, at: int) -> bool:
        """Use up the code of a time step, and confirm the seed; return False if this or a later step was used already."""
        fresh = (TotpRow.user == user, TotpRow.last_step < step)
        row = self._session.execute(
            update(TotpRow).where(*fresh).values(last_step=step).returning(TotpRow.confirmed_at)
        ).first()
        if row is None:
            return False
        if row.confirmed_at is None:
            self._session.execute(update(TotpRow).where(TotpRow.user == user).values(confirmed_at=at))
        return True

    def remove(self, user: int) -> bool:
        """Delete a user's seed; return False if there is none."""
        gone = delete(TotpRow).where(TotpRow.user == user).returning(TotpRow.user)
        return bool(self._session.execute(gone).all())


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of a user at an OpenID provider."""

    issuer: str
    subject: str
    user: int
    created_at: int


class Identities:
    """Identities at OpenID providers within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def link(self, issuer: str, subject: str, user: int, *, at: int) -> None:
        """Link a provider's subject to an active user. Raises `UsageError` if it is linked to another user."""
        _check_active(self._session, user)
        row = self._session.get(IdentityRow, make_index_key(issuer, subject))
        if row is not None and row.user != user:
            raise UsageError("this identity belongs to another user")
        if row is None:
            self._session.add(
                IdentityRow(
                    identity_key=make_index_key(issuer, subject),
                    issuer=issuer,
                    subject=subject,
                    user=user,
                    created_at=at,
                )
            )
            self._session.flush()

    def find(self, issuer: str, subject: str) -> int | None:
        """Return the active user who is linked to a provider's subject, None if there is none."""
        query = select(IdentityRow.user).join(UserModel, UserModel.id == IdentityRow.user)
        wanted = (
            IdentityRow.identity_key == make_index_key(issuer, subject),
            UserModel.disabled_at.is_(None),
        )
        return self._session.execute(query.where(*wanted)).scalar_one_or_none()

    def of_user(self, user: int) -> list[Identity]:
        """Return a user's identities."""
        query = (
            select(IdentityRow)
            .where(IdentityRow.user == user)
            .order_by(IdentityRow.issuer, IdentityRow.subject)
        )
        rows = self._session.execute(query).scalars()
        return [Identity(row.issuer, row.subject, row.user, row.created_at) for row in rows]

    def unlink(self, issuer: str, subject: str) -> bool:
        """Delete an identity; return False if it is unknown."""
        gone = delete(IdentityRow).where(IdentityRow.identity_key == make_index_key(issuer, subject))
        return bool(self._session.execute(gone.returning(IdentityRow.user)).all())


def _check_active(session: Session, user: int) -> None:
    row = session.get(UserModel, user, with_for_update=True)
    if row is None or row.disabled_at is not None:
        raise UsageError("there is no such active user")


def _passkey(row: PasskeyRow) -> UserPasskey:
    return UserPasskey(
        row.id, row.user, bytes(row.credential_id), bytes(row.public_key), row.sign_count, tuple(row.transports),
        row.label, row.created_at, row.used_at,
    )  # fmt: skip
