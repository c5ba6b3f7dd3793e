"""Authenticate requests: by the session cookie, or as the local admin while nobody can sign in yet."""

from __future__ import annotations

import hmac
import threading
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from seawall.console.api_error import forbidden, sign_in_required
from seawall.console.context import MICROSECONDS, ConsoleContext
from seawall.console.endpoint import LOCAL, SAFE, Endpoint, Visitor
from seawall.console.sign_in.factors import admin_can_sign_in, lacks_second_factor
from seawall_tokens.jose import base64url

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

    from seawall.console.request_origin import RequestOrigin
    from seawall.storage.database import SignIn, Transaction, User

CSRF_HEADER: Final = "x-seawall-csrf"
COOKIE: Final = "__Host-seawall"
PLAIN_COOKIE: Final = "seawall"
"""The cookie's name without TLS, which is allowed only on this machine: the prefix `__Host-` requires `Secure`."""

TOKEN_BYTES: Final = 32
TOUCH_SECONDS: Final = 60


class Gatekeeper:
    """Authenticate and authorise requests. Its methods wait for the database: call them in a thread."""

    def __init__(self, context: ConsoleContext) -> None:
        self._context = context
        self._seen: dict[str, int] = {}
        self._lock = threading.Lock()
        self._has_admin = False

    @property
    def cookie(self) -> str:
        """Return the name of the session cookie."""
        return COOKIE if self._context.settings.is_https else PLAIN_COOKIE

    def token_of(self, scope: MutableMapping[str, Any]) -> bytes | None:
        """Return the request's session token; None if there is none, or two."""
        values = [
            value
            for header in Headers(scope=scope).getlist("cookie")
            for pair in header.split(";")
            for name, value in cookie_parser(pair).items()
            if name == self.cookie
        ]
        if len(values) != 1 or len(values[0]) > 64:
            return None
        try:
            token = base64url.decode(values[0])
        except ValueError:
            return None
        return token if len(token) == TOKEN_BYTES else None

    def has_admin(self) -> bool:
        """Return whether an admin can sign in.

        Until then the user at this machine is admin, or the setup code creates one. The last admin cannot be removed,
        so the answer only ever becomes true.
        """
        if not self._has_admin:
            with self._context.database.reading() as work:
                self._has_admin = admin_can_sign_in(work)
        return self._has_admin

    def visitor(self, scope: MutableMapping[str, Any], here: RequestOrigin, now: int) -> Visitor | None:
        """Return the requester; None if nobody is signed in."""
        token = self.token_of(scope)
        if token is not None:
            with self._context.database.reading() as work:
                found = work.sessions.find(token, at=now)
                if found is not None and not self._is_idle(found, now):
                    user = work.users.get(found.user)
                    if user is not None:
                        self._touch(found, now)
                        return self._signed_in(work, user, found, token)
        return self.local(here)

    def local(self, here: RequestOrigin) -> Visitor | None:
        """Return the local admin, if the request comes from this machine and no sign-in is required."""
        if self._context.settings.needs_sign_in or not here.is_local or self.has_admin():
            return None
        return Visitor(LOCAL, "admin", csrf=derive_csrf_token(self._context.local_key))

    def anonymous_csrf(self) -> str:
        """Return the CSRF token of visitors who are not signed in. It keeps out other sites, not people."""
        return derive_csrf_token(b"anonymous" + self._context.local_key)

    def check_admission(self, endpoint: Endpoint, visitor: Visitor | None, csrf: str | None) -> None:
        """Raise `ApiError` unless this visitor may call this endpoint with this CSRF token."""
        if endpoint.role is not None:
            if visitor is None:
                raise sign_in_required()
            if not visitor.may(endpoint.role):
                raise forbidden(f"this needs the role {endpoint.role}", fix="ask an admin")
            if visitor.organisations is not None and endpoint.tenants not in ("own", "none"):
                raise forbidden(
                    "this concerns all organisations, and you see some of them",
                    code="all-organisations-needed",
                    fix="ask somebody who sees all organisations",
                )
            if visitor.is_limited and not endpoint.is_for_limited:
                raise forbidden(
                    "a password alone is not enough here",
                    code="second-factor-needed",
                    fix="register a passkey or one-time codes in your settings",
                )
        if endpoint.method not in SAFE:
            expected = visitor.csrf if visitor is not None else self.anonymous_csrf()
            if csrf is None or not hmac.compare_digest(
                csrf.encode("utf-8", "replace"), expected.encode("ascii")
            ):
                raise forbidden(
                    "the request does not carry this session's CSRF token",
                    code="csrf",
                    fix="load the page again; programs take csrf_token from GET /api/session",
                )

    def is_alive(self, handle: str, user: int, now: int) -> bool:
        """Return whether a session is still valid. Long-lived streams call it repeatedly."""
        with self._context.database.reading() as work:
            return any(
                one.handle == handle and not self._is_idle(one, now)
                for one in work.sessions.of_user(user, at=now)
            )

    def write_seen(self) -> None:
        """Store when sessions were last used."""
        with self._lock:
            seen, self._seen = self._seen, {}
        if not seen:
            return
        with self._context.database.writing() as work:
            for handle, at in seen.items():
                work.sessions.touch(handle, at=at)

    def _signed_in(self, work: Transaction, user: User, found: SignIn, token: bytes) -> Visitor:
        is_limited = lacks_second_factor(work, user)
        return Visitor(
            user.name,
            user.role,
            user.id,
            found.handle,
            derive_csrf_token(token),
            is_limited,
            found.expires_at,
            limited_to(user),
        )

    def _is_idle(self, found: SignIn, now: int) -> bool:
        seen = max(found.seen_at, self._seen.get(found.handle, 0))
        return now - seen > self._context.settings.idle_seconds * MICROSECONDS

    def _touch(self, found: SignIn, now: int) -> None:
        if now - found.seen_at > TOUCH_SECONDS * MICROSECONDS:
            with self._lock:
                self._seen[found.handle] = now


def limited_to(user: User) -> frozenset[str] | None:
    """Return the organisations that a user is limited to, None for one who sees all."""
    return None if user.organisations is None else frozenset(user.organisations)


def derive_csrf_token(secret: bytes) -> str:
    """Return the CSRF token of a session token.

    Pages can read the CSRF token, but cannot derive the session token from it.
    """
    return base64url.encode(hmac.digest(secret, b"seawall csrf", "sha256"))
