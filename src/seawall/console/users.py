"""`/api/users`: manage who may sign in, for admins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta

from seawall.console.api_error import conflict, invalid, not_found
from seawall.console.data.queue_filter import Name
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.session import get_gatekeeper
from seawall.console.sign_in import invitation_codes
from seawall.console.sign_in.by_passkey import Nothing
from seawall.console.sign_in.factors import admin_can_sign_in, has_totp
from seawall.console.sign_in.setup import check_name
from seawall.storage.database import Role
from seawall.storage.database.users import MOST_ORGANISATIONS
from seawall_base.times import rfc3339

if TYPE_CHECKING:
    from seawall.storage.database import Transaction, User


OrganisationNames = Annotated[list[Name], Meta(min_length=1, max_length=MOST_ORGANISATIONS)]


class UserRow(msgspec.Struct, frozen=True):
    """One user, as an admin sees them. `invited_until` is set while an invitation is open.

    `organisations` are those that the user is limited to, null for one who sees all.
    """

    id: int
    name: str
    role: Role
    created_at: str
    disabled: bool
    passkeys: int
    has_password: bool
    has_totp: bool
    has_identity: bool
    sessions: int
    seen_at: str | None
    invited_until: str | None
    organisations: list[str] | None


class UserList(msgspec.Struct, frozen=True):
    """Every user, by name."""

    items: list[UserRow]


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new user, who needs an invitation to begin, or comes by the identity provider.

    `organisations` are those that the user is limited to, null for one who sees all, as an admin does.
    """

    name: str
    role: Role
    organisations: OrganisationNames | None = None


class UserChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The changes; omitted fields stay. Null `organisations` are all of them."""

    role: Role | None = None
    disabled: bool | None = None
    organisations: OrganisationNames | msgspec.UnsetType | None = msgspec.UNSET


class InviteCode(msgspec.Struct, frozen=True):
    """A code that is shown only this once."""

    code: str
    expires_at: str


def list_users(call: ApiCall) -> UserList:
    """List all users."""
    with call.context.database.reading() as work:
        return UserList([_row(call, work, user) for user in work.users.all()])


def add_user(call: ApiCall) -> UserRow:
    """Add a user. The first is an admin, and ends the local admin's rights."""
    asked: NewUser = call.body
    check_name(asked.name)
    with call.context.database.writing() as work:
        if not len(work.users) and asked.role != "admin":
            raise invalid("the first user is an admin", field="role", fix="add an admin first")
        if work.users.find(asked.name) is not None:
            raise conflict("a user with this name exists", field="name", fix="choose another name")
        user = work.users.add(asked.name, asked.role, at=call.now, organisations=asked.organisations)
        call.note(work, "user-added", user.name, role=user.role, **_limits(user))
        return _row(call, work, user)


def change_user(call: ApiCall) -> UserRow:
    """Change a user's role, organisations, or whether they may sign in. Each ends all their sessions."""
    asked: UserChange = call.body
    with call.context.database.writing() as work:
        user = _user(call, work)
        _limit(call, work, user, asked)
        if asked.role is not None and asked.role != user.role:
            work.users.set_role(user.id, asked.role)
            work.sessions.revoke_all(user.id, at=call.now)
            call.note(work, "user-role", user.name, before=user.role, after=asked.role)
        if asked.disabled is True and user.disabled_at is None:
            work.users.disable(user.id, at=call.now)
            work.invites.revoke(invitation_codes.INVITE, user=user.id)
            call.note(work, "user-disabled", user.name)
        if asked.disabled is False and user.disabled_at is not None:
            work.users.enable(user.id)
            call.note(work, "user-enabled", user.name)
        if get_gatekeeper(call).has_admin() and not admin_can_sign_in(work):
            raise conflict(
                "this is the last admin who can sign in",
                fix="wait until another admin has accepted an invite",
            )
        return _row(call, work, _user(call, work))


def _limit(call: ApiCall, work: Transaction, user: User, asked: UserChange) -> None:
    """Limit a user to organisations, or to none, and record what was before."""
    if isinstance(asked.organisations, msgspec.UnsetType):
        return
    wanted = None if asked.organisations is None else tuple(sorted(set(asked.organisations)))
    if wanted == user.organisations:
        return
    if asked.role is not None and asked.role != user.role and wanted is not None:
        work.users.set_role(user.id, asked.role)
    work.users.set_organisations(user.id, wanted, at=call.now)
    before = user.organisations
    call.note(work, "user-organisations", user.name, before=before, after=wanted)


def _limits(user: User) -> dict[str, Any]:
    return {} if user.organisations is None else {"organisations": list(user.organisations)}


def invite_user(call: ApiCall) -> InviteCode:
    """Create a code with which a user begins, or begins anew."""
    with call.context.database.writing() as work:
        user = _user(call, work)
        if user.disabled_at is not None:
            raise conflict("this user is disabled", fix="enable the user first")
        code, expires_at = invitation_codes.create_invitation(work, user.id, by=call.who.name, at=call.now)
        call.note(work, "user-invited", user.name, until=rfc3339(expires_at))
    return InviteCode(code, rfc3339(expires_at))


def end_user_sessions(call: ApiCall) -> None:
    """End all sessions of a user."""
    with call.context.database.writing() as work:
        user = _user(call, work)
        ended = work.sessions.revoke_all(user.id, at=call.now)
        call.note(work, "sessions-ended", user.name, sessions=ended)


def _user(call: ApiCall, work: Transaction) -> User:
    text = call.path["id"]
    user = work.users.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 18 else None
    if user is None:
        raise not_found("user with this id")
    return user


def _row(call: ApiCall, work: Transaction, user: User) -> UserRow:
    sessions = work.sessions.of_user(user.id, at=call.now)
    waiting = [
        one for one in work.invites.of_user(user.id, invitation_codes.INVITE, at=call.now) if one.expires_at
    ]
    return UserRow(
        id=user.id,
        name=user.name,
        role=user.role,
        created_at=rfc3339(user.created_at),
        disabled=user.disabled_at is not None,
        passkeys=len(work.passkeys.of_user(user.id)),
        has_password=user.password_hash is not None,
        has_totp=has_totp(work, user.id),
        has_identity=bool(work.oidc_identities.of_user(user.id)),
        sessions=len(sessions),
        seen_at=rfc3339(max(one.seen_at for one in sessions)) if sessions else None,
        invited_until=rfc3339(max(one.expires_at or 0 for one in waiting)) if waiting else None,
        organisations=None if user.organisations is None else list(user.organisations),
    )


def _admins(method: Any, path: str, handle: Any, summary: str, **more: Any) -> Endpoint:
    return Endpoint(
        method=method,
        path=path,
        handle=handle,
        role="admin",
        summary=summary,
        group="users",
        tenants="all",
        **more,
    )


_MISSING: Final = ((404, "not-found"), (409, "conflict"))

ENDPOINTS: Final = (
    _admins("GET", "/api/users", list_users, "Every user", answer=UserList),
    _admins(
        "POST",
        "/api/users",
        add_user,
        "Add a user",
        body=NewUser,
        answer=UserRow,
        status=201,
        codes=((409, "conflict"),),
    ),
    _admins(
        "PATCH",
        "/api/users/{id}",
        change_user,
        "Change a role or organisations, disable or enable",
        body=UserChange,
        answer=UserRow,
        codes=_MISSING,
    ),
    _admins(
        "POST",
        "/api/users/{id}/invite",
        invite_user,
        "A one-time code with which a user begins",
        body=Nothing,
        answer=InviteCode,
        codes=_MISSING,
    ),
    _admins(
        "DELETE", "/api/users/{id}/sessions", end_user_sessions, "Sign a user out everywhere", codes=_MISSING
    ),
)
