"""Start sessions at sign-in: replace the browser's session, set its cookie, and record it in the audit trail."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.responses import Response

from seawall.console.api_error import forbidden
from seawall.console.context import MICROSECONDS
from seawall.console.endpoint import JSON, ApiCall, Visitor
from seawall.console.gatekeeper import TOKEN_BYTES, derive_csrf_token, limited_to
from seawall.console.session import get_gatekeeper, show_session
from seawall.console.sign_in.factors import lacks_second_factor
from seawall_tokens.jose import base64url

if TYPE_CHECKING:
    from seawall.storage.database import Transaction, User

FRESH_SECONDS: Final = 15 * 60
_LONGEST_AGENT: Final = 300


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that has just begun."""

    visitor: Visitor
    token: bytes = field(repr=False)


def start_session(call: ApiCall, work: Transaction, user: User, method: str) -> NewSession:
    """Start a session with a new random token; the browser's earlier session ends."""
    seconds = call.context.settings.session_seconds
    entered = _start(call, work, user, call.now + seconds * MICROSECONDS)
    work.audit.append(
        at=call.now,
        actor=user.name,
        action="sign-in",
        subject=user.name,
        details={"method": method, "address": call.client_address},
    )
    return entered


def renew_session(call: ApiCall, work: Transaction, user: User) -> NewSession:
    """Replace the browser's session by one with the same end, so that a known old token becomes useless."""
    return _start(call, work, user, call.who.expires_at)


def check_recent_sign_in(call: ApiCall) -> None:
    """Refuse to change sign-in methods without a recent sign-in, because the session may be stolen."""
    signed_in = call.who.expires_at - call.context.settings.session_seconds * MICROSECONDS
    if call.who.user is not None and call.now - signed_in > FRESH_SECONDS * MICROSECONDS:
        raise forbidden(
            "you can change your sign-in methods only within 15 minutes after a sign-in",
            code="sign-in-again",
            fix="sign out, and sign in again",
        )


def _start(call: ApiCall, work: Transaction, user: User, expires_at: int) -> NewSession:
    if call.visitor is not None and call.visitor.handle is not None:
        work.sessions.revoke(call.visitor.handle, at=call.now)
    token = secrets.token_bytes(TOKEN_BYTES)
    started = work.sessions.start(
        token,
        user.id,
        at=call.now,
        expires_at=expires_at,
        client_address=call.client_address,
        user_agent=call.request.headers.get("user-agent", "")[:_LONGEST_AGENT],
    )
    is_limited = lacks_second_factor(work, user)
    visitor = Visitor(
        user.name,
        user.role,
        user.id,
        started.handle,
        derive_csrf_token(token),
        is_limited,
        expires_at,
        limited_to(user),
    )
    return NewSession(visitor, token)


def respond_with_session(call: ApiCall, entered: NewSession) -> Response:
    """Return the response with the new session's cookie. Call it after the transaction."""
    document = show_session(replace(call, visitor=entered.visitor))
    response = Response(msgspec.json.encode(document), headers={"content-type": JSON})
    set_cookie(call, response, entered.token)
    return response


def set_cookie(call: ApiCall, response: Response, token: bytes) -> None:
    """Set the session cookie: only for this host and its pages, and unreadable for scripts."""
    response.set_cookie(
        get_gatekeeper(call).cookie,
        base64url.encode(token),
        max_age=call.context.settings.session_seconds,
        path="/",
        secure=call.context.settings.is_https,
        httponly=True,
        samesite="strict",
    )


def clear_cookie(call: ApiCall, response: Response) -> None:
    """Delete the session cookie."""
    response.delete_cookie(
        get_gatekeeper(call).cookie,
        path="/",
        secure=call.context.settings.is_https,
        httponly=True,
        samesite="strict",
    )
