"""Users who may sign in to the console."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast, get_args

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from seawall.storage.database.columns import make_index_key
from seawall.storage.database.models import SessionRow, UserModel
from seawall.storage.database.narrowing import held_by
from seawall_base.errors import UsageError

Role = Literal["viewer", "analyst", "admin"]
LONGEST_NAME = 256
MOST_ORGANISATIONS: Final = 500
"""Organisations that one user can be limited to."""

LONGEST_ORGANISATION: Final = 2000


@dataclass(frozen=True, slots=True)
class User:
    """A user. `password_hash` is the output of the hash function, and is never shown.

    `organisations` are those that the user is limited to, None for a user who sees all.
    """

    id: int
    name: str
    role: Role
    created_at: int
    disabled_at: int | None
    password_hash: str | None = field(repr=False)
    organisations: tuple[str, ...] | None = None


class Users:
    """Users within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        name: str,
        role: Role,
        *,
        at: int,
        password_hash: str | None = None,
        organisations: Iterable[str] | None = None,
    ) -> User:
        """Add a user, limited to organisations unless they are None.

        Raises `UsageError` if the name is empty, too long, unprintable, or taken (ignoring case), and as
        `set_organisations` does.
        """
        _check_role(role)
        held = _check_organisations(organisations, role)
        plain = unicodedata.normalize("NFKC", name).strip()
        if not plain or len(plain) > LONGEST_NAME or not plain.isprintable():
            raise UsageError(f"a user's name has 1 to {LONGEST_NAME} printable characters")
        if self.find(plain) is not None:
            raise UsageError("a user with this name exists", fix="choose another name")
        row = UserModel(
            name_key=_name_key(plain),
            name=plain,
            role=role,
            created_at=at,
            password_hash=password_hash,
            organisations=held,
        )
        self._session.add(row)
        self._session.flush()
        return _user(row)

    def find(self, name: str) -> User | None:
        """Return the user with a name, ignoring case, None if there is none."""
        row = self._session.execute(
            select(UserModel).where(UserModel.name_key == _name_key(name))
        ).scalar_one_or_none()
        return None if row is None else _user(row)

    def get(self, id_: int) -> User | None:
        """Return a user by id, None if there is none."""
        row = self._session.get(UserModel, id_)
        return None if row is None else _user(row)

    def all(self) -> list[User]:
        """Return every user by name; of a narrowed transaction, those who share one of its organisations or see all."""
        rows = self._session.execute(select(UserModel).order_by(UserModel.name)).scalars()
        held, users = held_by(self._session), [_user(row) for row in rows]
        if held is None:
            return users
        return [one for one in users if one.organisations is None or held.names & set(one.organisations)]

    def set_role(self, id_: int, role: Role) -> None:
        """Change a user's role. Raises `UsageError` if no active admin would be left."""
        _check_role(role)
        row = self._existing(id_)
        _check_organisations(_read_organisations(row.organisations), role)
        if role != "admin":
            self._keep_an_admin(row)
        row.role = role
        self._session.flush()

    def set_organisations(self, id_: int, organisations: Iterable[str] | None, *, at: int) -> None:
        """Limit a user to organisations, None: to none, and end every session of the user.

        Raises `UsageError` for an empty list, names that are empty or too long, too many names, and for an admin: settings
        and users belong to all organisations.
        """
        row = self._existing(id_)
        row.organisations = _check_organisations(organisations, row.role)
        self._session.flush()
        self._end_sessions(id_, at)

    def set_password_hash(self, id_: int, password_hash: str | None, *, at: int) -> None:
        """Set the hash of a user's password, and end every session of the user."""
        self._existing(id_).password_hash = password_hash
        self._session.flush()
        self._end_sessions(id_, at)

    def disable(self, id_: int, *, at: int) -> None:
        """Disable a user, and end every session of the user. Raises `UsageError` if no active admin would be left."""
        row = self._existing(id_)
        self._keep_an_admin(row)
        row.disabled_at = at if row.disabled_at is None else row.disabled_at
        self._session.flush()
        self._end_sessions(id_, at)

    def enable(self, id_: int) -> None:
        """Enable a user again."""
        self._existing(id_).disabled_at = None
        self._session.flush()

    def _existing(self, id_: int) -> UserModel:
        row = self._session.get(UserModel, id_, with_for_update=True)
        if row is None:
            raise UsageError("there is no such user")
        return row

    def _keep_an_admin(self, row: UserModel) -> None:
        if row.role != "admin" or row.disabled_at is not None:
            return
        active = (UserModel.role == "admin", UserModel.disabled_at.is_(None))
        # Two admins who disable each other at once must lock the same rows.
        admins = self._session.execute(
            select(UserModel.id).where(*active).order_by(UserModel.id).with_for_update()
        )
        if len(admins.all()) < 2:
            raise UsageError("this is the last active admin", fix="make somebody else admin first")

    def _end_sessions(self, id_: int, at: int) -> None:
        revoked = update(SessionRow).where(SessionRow.user == id_, SessionRow.revoked_at.is_(None))
        self._session.execute(revoked.values(revoked_at=at))

    def __len__(self) -> int:
        return self._session.execute(select(func.count()).select_from(UserModel)).scalar_one()


def _name_key(name: str) -> str:
    return make_index_key(unicodedata.normalize("NFKC", name).strip().casefold())


def _check_role(role: str) -> None:
    if role not in get_args(Role):
        raise UsageError(f"there is no role {role!r}", fix=f"one of {', '.join(get_args(Role))}")


def _check_organisations(organisations: Iterable[str] | None, role: str) -> list[str] | None:
    if organisations is None:
        return None
    held = sorted(set(organisations))
    if role == "admin":
        raise UsageError(
            "an admin sees all organisations",
            fix="choose the role analyst or viewer, or leave the organisations out",
        )
    if not held or len(held) > MOST_ORGANISATIONS:
        raise UsageError(f"a user is limited to 1 to {MOST_ORGANISATIONS} organisations, or to none")
    if any(not name.strip() or len(name) > LONGEST_ORGANISATION for name in held):
        raise UsageError(f"the name of an organisation has 1 to {LONGEST_ORGANISATION} characters")
    return held


def _read_organisations(stored: Any) -> tuple[str, ...] | None:
    """Return the stored organisations. Whatever else is stored limits the user to nothing: a damaged row opens no door."""
    if stored is None:
        return None
    return tuple(stored) if isinstance(stored, list) and all(isinstance(one, str) for one in stored) else ()


def _user(row: UserModel) -> User:
    return User(
        row.id,
        row.name,
        cast("Role", row.role),
        row.created_at,
        row.disabled_at,
        row.password_hash,
        _read_organisations(row.organisations),
    )
