"""Signing in with a password and, where they are set up, one-time codes."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

import msgspec

from seawall.console.endpoint import Call, Endpoint
from seawall.console.refused import Refused, forbidden
from seawall.console.session import Session
from seawall.console.sign_in.desk import SignInDesk, desk_of, seconds_of
from seawall.console.sign_in.entry import enter, welcome
from seawall.console.sign_in.factors import has_strong_factor, has_totp
from seawall.web.one_time_codes import step_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.storage.database import Transaction, User

METHOD: Final = "password"


class PasswordSignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name, password, and the one-time code where one is asked for."""

    name: str
    password: str
    code: str | None = None


def sign_in(call: Call) -> Response:
    """Begin a session. Whatever is wrong, the answer is the same, and takes as long."""
    asked: PasswordSignIn = call.body
    desk, name = desk_of(call), folded(asked.name)
    desk.attempt(call, name)
    with call.context.database.reading() as work:
        user = work.users.find(asked.name) if len(asked.name) <= 256 else None
    is_active = user is not None and user.disabled_at is None
    kept = user.password_hash if user is not None and is_active else None
    known = user.name if user is not None else ""
    if not desk.passwords.is_right(kept, asked.password) or user is None or kept is None:
        raise desk.failed(call, METHOD, name=name, known=known)
    fresh = desk.passwords.hash(asked.password) if desk.passwords.is_dated(kept) else None
    with call.context.database.writing() as work:
        now = work.users.get(user.id)
        if now is None or now.password_hash != kept:
            raise forbidden("the password was changed just now", fix="sign in again")
        refused = _second_factor(call, work, desk, now, asked.code)
        if refused is None:
            if fresh is not None:
                work.users.set_password_hash(user.id, fresh, at=call.now)
            entered = enter(call, work, now, METHOD)
    if refused is not None:
        if refused.fault.code == "sign-in-failed":
            raise desk.failed(call, METHOD, name=name, known=known, why="code")
        raise refused
    desk.succeeded(call, name)
    return welcome(call, entered)


def _second_factor(
    call: Call, work: Transaction, desk: SignInDesk, user: User, code: str | None
) -> Refused | None:
    """The refusal where the password alone is not enough. It is returned, so that a used-up code stays used up."""
    if not has_totp(work, user.id):
        if not has_strong_factor(work, user.id):
            return None  # a session that can do nothing but register a second factor
        return forbidden(
            "a password is not enough for this user",
            code="passkey-required",
            fix="sign in with your passkey or at your organisation; then you may add one-time codes",
        )
    if code is None:
        return Refused(401, "second-factor-required", "a one-time code is needed", field="code")
    wait = desk.codes.wait(user.name, seconds_of(call))
    if wait:
        return Refused(
            429, "too-many-requests", "too many wrong codes", headers={"retry-after": str(round(wait) + 1)}
        )
    totp = work.totp.get(user.id)
    secret = desk.seeds.opened(user.id, totp.secret) if totp is not None else None
    step = step_of(secret, code.strip(), seconds_of(call)) if secret is not None else None
    if step is None or not work.totp.use(user.id, step, at=call.now):
        desk.codes.count(user.name, seconds_of(call))
        return Refused(401, "sign-in-failed", "")
    return None


def folded(name: str) -> str:
    """One spelling of a name, for counting attempts."""
    return unicodedata.normalize("NFKC", name[:256]).strip().casefold()


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path="/api/sign-in/password",
        handle=sign_in,
        role=None,
        summary="Sign in with a password, and a one-time code where one is set up",
        group="sign-in",
        body=PasswordSignIn,
        answer=Session,
        codes=(
            (401, "sign-in-failed"),
            (401, "second-factor-required"),
            (403, "passkey-required"),
            (429, "too-many-requests"),
        ),
    ),
)
