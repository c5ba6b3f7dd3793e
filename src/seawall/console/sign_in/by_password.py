"""Sign in with a password and, if set up, one-time codes."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

import msgspec

from seawall.console.api_error import ApiError, forbidden
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.session import ConsoleSession
from seawall.console.sign_in.factors import has_strong_factor, has_totp
from seawall.console.sign_in.session_start import respond_with_session, start_session
from seawall.console.sign_in.state import SignInState, call_seconds, sign_in_state
from seawall.web.one_time_codes import find_time_step

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.storage.database import Transaction, User

METHOD: Final = "password"


class PasswordSignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name, password, and the one-time code if one is required."""

    name: str
    password: str
    code: str | None = None


def sign_in_with_password(call: ApiCall) -> Response:
    """Start a session. Every failure has the same answer and duration."""
    asked: PasswordSignIn = call.body
    sign_ins, name = sign_in_state(call), fold_user_name(asked.name)
    sign_ins.attempt(call, name)
    with call.context.database.reading() as work:
        user = work.users.find(asked.name) if len(asked.name) <= 256 else None
    is_active = user is not None and user.disabled_at is None
    kept = user.password_hash if user is not None and is_active else None
    known = user.name if user is not None else ""
    if not sign_ins.passwords.is_right(kept, asked.password) or user is None or kept is None:
        raise sign_ins.record_failure(call, METHOD, name=name, known=known)
    fresh = sign_ins.passwords.hash(asked.password) if sign_ins.passwords.is_dated(kept) else None
    with call.context.database.writing() as work:
        now = work.users.get(user.id)
        if now is None or now.password_hash != kept:
            raise forbidden("the password was changed just now", fix="sign in again")
        refused = _second_factor(call, work, sign_ins, now, asked.code)
        if refused is None:
            if fresh is not None:
                work.users.set_password_hash(user.id, fresh, at=call.now)
            entered = start_session(call, work, now, METHOD)
    if refused is not None:
        if refused.fault.code == "sign-in-failed":
            raise sign_ins.record_failure(call, METHOD, name=name, known=known, why="code")
        raise refused
    sign_ins.record_success(call, name)
    return respond_with_session(call, entered)


def _second_factor(
    call: ApiCall, work: Transaction, sign_ins: SignInState, user: User, code: str | None
) -> ApiError | None:
    """Return the refusal if the password alone is not enough.

    It is returned, not raised, so that the transaction keeps a used code used.
    """
    if not has_totp(work, user.id):
        if not has_strong_factor(work, user.id):
            return None  # this session can only register a second factor
        return forbidden(
            "this user needs a second factor or a passkey",
            code="passkey-required",
            fix="sign in with your passkey or at your organisation; then you may add one-time codes",
        )
    if code is None:
        return ApiError(401, "second-factor-required", "a one-time code is needed", field="code")
    wait = sign_ins.codes.wait(user.name, call_seconds(call))
    if wait:
        return ApiError(
            429, "too-many-requests", "too many wrong codes", headers={"retry-after": str(round(wait) + 1)}
        )
    totp = work.totp.get(user.id)
    secret = sign_ins.seeds.decrypt(user.id, totp.secret) if totp is not None else None
    step = find_time_step(secret, code.strip(), call_seconds(call)) if secret is not None else None
    if step is None or not work.totp.use(user.id, step, at=call.now):
        sign_ins.codes.count(user.name, call_seconds(call))
        return ApiError(401, "sign-in-failed", "")
    return None


def fold_user_name(name: str) -> str:
    """Return the normal form of a name, for counting attempts."""
    return unicodedata.normalize("NFKC", name[:256]).strip().casefold()


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path="/api/sign-in/password",
        handle=sign_in_with_password,
        role=None,
        tenants="none",
        summary="Sign in with a password, and a one-time code where one is set up",
        group="sign-in",
        body=PasswordSignIn,
        answer=ConsoleSession,
        codes=(
            (401, "sign-in-failed"),
            (401, "second-factor-required"),
            (403, "passkey-required"),
            (429, "too-many-requests"),
        ),
    ),
)
