"""`/api/me`: the visitor's own sign-in methods and sessions."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

import msgspec

from seawall.console.api_error import conflict, forbidden, invalid, not_found
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.session import ConsoleSession, SessionUser, session_user
from seawall.console.sign_in import passkeys
from seawall.console.sign_in.by_passkey import Nothing, require_domain
from seawall.console.sign_in.factors import has_totp, passkey_user_handle
from seawall.console.sign_in.passwords import check_new
from seawall.console.sign_in.session_start import (
    NewSession,
    check_recent_sign_in,
    clear_cookie,
    renew_session,
    respond_with_session,
)
from seawall.console.sign_in.state import call_seconds, sign_in_state
from seawall.web.one_time_codes import find_time_step, new_secret, otpauth_uri
from seawall.web.webauthn import claimed_challenge, verify_creation
from seawall_base.times import rfc3339

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.storage.database import Transaction, User

KIND: Final = "register"
_MISSING: Final = (404, "not-found")
_CONFLICT: Final = (409, "conflict")
_TOO_MANY: Final = (429, "too-many-requests")
_STALE: Final = (403, "sign-in-again")


class MyPasskey(msgspec.Struct, frozen=True):
    """One passkey."""

    id: str
    label: str
    created_at: str
    used_at: str | None


class MySession(msgspec.Struct, frozen=True):
    """One session of this user."""

    handle: str
    created_at: str
    seen_at: str
    expires_at: str
    address: str
    user_agent: str
    current: bool


class Me(msgspec.Struct, frozen=True):
    """The visitor's own account."""

    user: SessionUser
    passkeys: list[MyPasskey]
    has_password: bool
    has_totp: bool
    sessions: list[MySession]


class NewPasskey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The result of `navigator.credentials.create`, and the passkey's name."""

    credential: dict[str, Any]
    label: str = "passkey"


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The new password, and the present one if there is one."""

    password: str
    current: str | None = None


class NewCodes(msgspec.Struct, frozen=True):
    """A new secret for an authenticator app: as a URL for a QR code, and for typing."""

    uri: str
    secret: str


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A one-time code."""

    code: str


def show_me(call: ApiCall) -> Me:
    """Return the visitor's own account. The local admin has none."""
    visitor = call.who
    if visitor.user is None:
        return Me(session_user(visitor), [], False, False, [])
    with call.context.database.reading() as work:
        user = _user(call, work)
        return Me(
            user=session_user(visitor),
            passkeys=[
                MyPasskey(str(one.id), one.label, rfc3339(one.created_at), _time(one.used_at))
                for one in work.passkeys.of_user(user.id)
            ],
            has_password=user.password_hash is not None,
            has_totp=has_totp(work, user.id),
            sessions=[
                MySession(
                    one.handle,
                    rfc3339(one.created_at),
                    rfc3339(one.seen_at),
                    rfc3339(one.expires_at),
                    one.client_address,
                    one.user_agent,
                    one.handle == visitor.handle,
                )
                for one in work.sessions.of_user(user.id, at=call.now)
            ],
        )


def ask_passkey(call: ApiCall) -> dict[str, Any]:
    """Return the browser's options for creating another passkey."""
    check_recent_sign_in(call)
    sign_ins, here, visitor = sign_in_state(call), require_domain(call), call.who
    with call.context.database.reading() as work:
        user = _user(call, work)
        known = [one.credential_id for one in work.passkeys.of_user(user.id)]
    challenge = sign_ins.ceremonies.begin(KIND, str(visitor.handle), call_seconds(call))
    handle = passkey_user_handle(call.context.key, user.name)
    return passkeys.creation_options(here, handle=handle, name=user.name, challenge=challenge, known=known)


def add_passkey(call: ApiCall) -> Response:
    """Store a new passkey. The session is renewed."""
    check_recent_sign_in(call)
    asked: NewPasskey = call.body
    sign_ins, here, visitor = sign_in_state(call), require_domain(call), call.who
    challenge = claimed_challenge(asked.credential)
    ceremony = sign_ins.ceremonies.end(challenge, KIND, str(visitor.handle), call_seconds(call))
    made = (
        verify_creation(passkeys.relying_party(here), asked.credential, ceremony.challenge)
        if ceremony is not None
        else None
    )
    if made is None:
        raise invalid("the passkey response does not match the request", field="credential", fix="try again")
    with call.context.database.writing() as work:
        user = _user(call, work)
        passkey = work.passkeys.add(
            user.id,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            transports=made.transports,
            label=_label(asked.label),
            at=call.now,
        )
        call.note(work, "passkey-added", user.name, passkey=str(passkey.id), label=passkey.label)
        entered = renew_session(call, work, user)
    return respond_with_session(call, entered)


def remove_passkey(call: ApiCall) -> None:
    """Remove a passkey, unless it is the last way to sign in."""
    check_recent_sign_in(call)
    with call.context.database.writing() as work:
        user = _user(call, work)
        own = work.passkeys.of_user(user.id)
        found = next((one for one in own if str(one.id) == call.path["id"]), None)
        if found is None:
            raise not_found("passkey of yours with this id")
        if len(own) == 1 and user.password_hash is None and not work.oidc_identities.of_user(user.id):
            raise conflict("this is your only way to sign in", fix="add another passkey first")
        work.passkeys.remove(user.id, found.id)
        call.note(work, "passkey-removed", user.name, passkey=str(found.id), label=found.label)


def change_password(call: ApiCall) -> Response:
    """Store a new password. All the user's other sessions end; this one is renewed."""
    check_recent_sign_in(call)
    asked: NewPassword = call.body
    sign_ins = sign_in_state(call)
    with call.context.database.reading() as work:
        user = _user(call, work)
    if user.password_hash is not None:
        sign_ins.attempt(call, user.name)
        if not sign_ins.passwords.is_right(user.password_hash, asked.current or ""):
            sign_ins.record_failure(call, "password-change", name=user.name, known=user.name)
            raise forbidden("the current password is wrong", fix="type it again")
    check_new(asked.password, user.name)
    fresh = sign_ins.passwords.hash(asked.password)
    with call.context.database.writing() as work:
        now = _user(call, work)
        if now.password_hash != user.password_hash:
            raise conflict("the password was changed just now")
        work.users.set_password_hash(user.id, fresh, at=call.now)
        call.note(work, "password-changed", user.name)
        entered = renew_session(call, work, now)
    return respond_with_session(call, entered)


def begin_codes(call: ApiCall) -> NewCodes:
    """Return a new secret, which takes effect once a code of it was entered."""
    check_recent_sign_in(call)
    sign_ins, secret = sign_in_state(call), new_secret()
    with call.context.database.writing() as work:
        user = _user(call, work)
        if has_totp(work, user.id):
            raise conflict("one-time codes are set up already", fix="remove them first")
        work.totp.begin(
            user.id, sign_ins.seeds.encrypt(user.id, secret, secrets.token_bytes(12)), at=call.now
        )
    return NewCodes(otpauth_uri(secret, account=user.name, issuer="Seawall"), secret.decode("ascii"))


def confirm_codes(call: ApiCall) -> Response:
    """Confirm the secret by its first code; codes are required from now on. The session is renewed."""
    check_recent_sign_in(call)
    asked: Code = call.body
    sign_ins, entered = sign_in_state(call), None
    with call.context.database.writing() as work:
        user = _user(call, work)
        totp = work.totp.get(user.id)
        if totp is None or totp.confirmed_at is not None:
            raise conflict(
                "no set-up of one-time codes is waiting for confirmation", fix="start the set-up again"
            )
        secret = sign_ins.seeds.decrypt(user.id, totp.secret)
        step = find_time_step(secret, asked.code.strip(), call_seconds(call)) if secret is not None else None
        if step is not None and work.totp.use(user.id, step, at=call.now):
            call.note(work, "totp-added", user.name)
            entered = renew_session(call, work, user)
    return _welcome(call, entered)


def remove_codes(call: ApiCall) -> None:
    """Stop requiring one-time codes."""
    check_recent_sign_in(call)
    with call.context.database.writing() as work:
        user = _user(call, work)
        if not work.totp.remove(user.id):
            raise not_found("secret of one-time codes of yours")
        call.note(work, "totp-removed", user.name)


def end_session(call: ApiCall) -> Response | None:
    """End one of the user's own sessions."""
    handle, visitor = call.path["handle"], call.who
    with call.context.database.writing() as work:
        user = _user(call, work)
        own = {one.handle for one in work.sessions.of_user(user.id, at=call.now)}
        if handle not in own:
            raise not_found("session of yours with this handle")
        work.sessions.revoke(handle, at=call.now)
        call.note(work, "session-ended", user.name, session=handle[:8])
    if handle != visitor.handle:
        return None
    from starlette.responses import Response as Plain

    response = Plain(status_code=204)
    clear_cookie(call, response)
    return response


def _welcome(call: ApiCall, entered: NewSession | None) -> Response:
    if entered is None:
        sign_in_state(call).attempt(call, call.who.name)
        raise invalid(
            "the one-time code is wrong or has expired",
            field="code",
            fix="check the clock of your device, and enter the next code",
        )
    return respond_with_session(call, entered)


def _user(call: ApiCall, work: Transaction) -> User:
    """Return the requesting user; the local admin is refused."""
    visitor = call.who
    user = work.users.get(visitor.user) if visitor.user is not None else None
    if user is None:
        raise conflict("there is no signed-in user: local access needs no account", fix="add a user first")
    return user


def _label(text: str) -> str:
    plain = " ".join(text.split())
    if not plain or len(plain) > 100 or not plain.isprintable():
        raise invalid("a label has 1 to 100 printable characters", field="label")
    return plain


def _time(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)


def _mine(method: Any, path: str, handle: Any, summary: str, **more: Any) -> Endpoint:
    return Endpoint(
        method=method,
        path=path,
        handle=handle,
        role="viewer",
        tenants="none",
        summary=summary,
        group="me",
        is_for_limited=True,
        **more,
    )


ENDPOINTS: Final = (
    _mine("GET", "/api/me", show_me, "What you sign in with, and where you are signed in", answer=Me),
    _mine(
        "POST",
        "/api/me/passkeys/options",
        ask_passkey,
        "What to ask the browser for one more passkey",
        body=Nothing,
        answer=dict[str, Any],
        codes=(_STALE, _CONFLICT),
    ),
    _mine(
        "POST",
        "/api/me/passkeys",
        add_passkey,
        "Register a passkey; the session and its CSRF token are renewed",
        body=NewPasskey,
        answer=ConsoleSession,
        codes=(_STALE, _CONFLICT),
    ),
    _mine(
        "DELETE",
        "/api/me/passkeys/{id}",
        remove_passkey,
        "Forget a passkey",
        codes=(_STALE, _MISSING, _CONFLICT),
    ),
    _mine(
        "POST",
        "/api/me/password",
        change_password,
        "Change the password; all other sessions end, this one is renewed",
        body=NewPassword,
        answer=ConsoleSession,
        codes=(_STALE, _CONFLICT, _TOO_MANY),
    ),
    _mine(
        "POST",
        "/api/me/totp",
        begin_codes,
        "Begin with one-time codes",
        body=Nothing,
        answer=NewCodes,
        codes=(_STALE, _CONFLICT),
    ),
    _mine(
        "POST",
        "/api/me/totp/confirm",
        confirm_codes,
        "Confirm one-time codes with the first of them; the session is renewed",
        body=Code,
        answer=ConsoleSession,
        codes=(_STALE, _CONFLICT, _TOO_MANY),
    ),
    _mine("DELETE", "/api/me/totp", remove_codes, "Ask for one-time codes no more", codes=(_STALE, _MISSING)),
    _mine("DELETE", "/api/me/sessions/{handle}", end_session, "End one of your sessions", codes=(_MISSING,)),
)
