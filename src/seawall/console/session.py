"""`GET /api/session`: who the visitor is, and what is possible from here."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from seawall.console.endpoint import ApiCall, Endpoint, Visitor
from seawall.console.request_origin import ORIGIN_KEY
from seawall.storage.database import Role
from seawall.version import __version__

if TYPE_CHECKING:
    from seawall.console.gatekeeper import Gatekeeper
    from seawall.console.request_origin import RequestOrigin

Method = Literal["passkey", "password", "oidc"]


class SessionUser(msgspec.Struct, frozen=True):
    """The signed-in user; the local admin has the id 0. `organisations` limit what the user sees, null: nothing does."""

    id: int
    name: str
    role: Role
    organisations: list[str] | None = None


class ConsoleSession(msgspec.Struct, frozen=True):
    """The visitor's session. Every state-changing request sends `csrf_token` as `X-Seawall-CSRF`.

    `sign_in_required`: only this endpoint works before signing in. `setup_needed`: no admin can sign in yet; the code
    that `seawall serve` printed creates the first one. `second_factor_needed`: only the user's own settings work
    until they register a passkey or one-time codes. `may_drop`: exports may be dropped onto the pages, to be read here.
    """

    user: SessionUser | None
    loopback: bool
    sign_in_required: bool
    methods: list[Method]
    csrf_token: str
    setup_needed: bool
    second_factor_needed: bool
    version: str
    demo: bool
    ingest_enabled: bool
    may_drop: bool


def session_user(visitor: Visitor) -> SessionUser:
    """Return the signed-in user of a visitor."""
    held = visitor.organisations
    return SessionUser(visitor.user or 0, visitor.name, visitor.role, None if held is None else sorted(held))


def get_gatekeeper(call: ApiCall) -> Gatekeeper:
    """Return the application's gatekeeper."""
    keeper: Gatekeeper = call.context.notes["gatekeeper"]
    return keeper


def sign_in_methods(call: ApiCall) -> list[Method]:
    """Return the sign-in methods at the address that the browser has open."""
    here: RequestOrigin = call.request.scope[ORIGIN_KEY]
    methods: list[Method] = ["passkey"] if has_domain(here.host) else []
    methods.append("password")
    if call.context.settings.oidc is not None:
        methods.append("oidc")
    return methods


def has_domain(host: str) -> bool:
    """Return whether a host is a name: passkeys belong to names, not to IP addresses."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False


def show_session(call: ApiCall) -> ConsoleSession:
    """Return the visitor's session."""
    keeper, visitor, settings = get_gatekeeper(call), call.visitor, call.context.settings
    here: RequestOrigin = call.request.scope[ORIGIN_KEY]
    has_admin = keeper.has_admin()
    return ConsoleSession(
        user=None if visitor is None else session_user(visitor),
        loopback=here.is_local,
        sign_in_required=visitor is None,
        methods=sign_in_methods(call) if has_admin or settings.oidc is not None else [],
        csrf_token=keeper.anonymous_csrf() if visitor is None else visitor.csrf,
        setup_needed=visitor is None and not has_admin,
        second_factor_needed=visitor is not None and visitor.is_limited,
        version=__version__,
        demo=settings.is_demo,
        ingest_enabled=settings.ingest_enabled,
        may_drop=settings.may_drop and visitor is not None and visitor.user is None,
    )


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/session",
        handle=show_session,
        role=None,
        tenants="none",
        summary="Who asks, and what can be done from here",
        group="session",
        answer=ConsoleSession,
    ),
)
