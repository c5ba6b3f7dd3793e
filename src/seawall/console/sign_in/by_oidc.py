"""Sign in at the organisation's identity provider: OpenID Connect, authorization code with PKCE, state and nonce.

`seawall_tokens` verifies the ID token by its policy file. Its nonce must be the one with which this browser was
redirected, so an answer for another browser signs nobody in.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import msgspec
from starlette.responses import RedirectResponse, Response

from seawall.console.api_error import not_found
from seawall.console.endpoint import ROLES, ApiCall, Endpoint
from seawall.console.request_origin import ORIGIN_KEY
from seawall.console.sign_in.factors import admin_can_sign_in
from seawall.console.sign_in.oidc_provider import OidcProvider, ProviderFailed
from seawall.console.sign_in.oidc_settings import ALL_ORGANISATIONS
from seawall.console.sign_in.session_start import NewSession, set_cookie, start_session
from seawall.console.sign_in.setup import is_reserved
from seawall.console.sign_in.state import call_seconds, sign_in_state
from seawall_base.errors import UsageError
from seawall_tokens.jose import base64url
from seawall_tokens.refusals import Refusal
from seawall_tokens.verify.access_token import verify_access_token

if TYPE_CHECKING:
    from seawall.console.request_origin import RequestOrigin
    from seawall.console.sign_in.oidc_settings import OidcSettings
    from seawall.storage.database import Role, Transaction, User

METHOD: Final = "oidc"
CALLBACK: Final = "/api/sign-in/oidc/callback"
COOKIE: Final = "seawall-oidc"
PROBLEM: Final = "/sign-in?problem="
SECONDS: Final = 300

_log = logging.getLogger("seawall.console")


class OidcAnswer(msgspec.Struct, frozen=True):
    """The provider's answer in the browser's redirect; further parameters are ignored."""

    code: str = ""
    state: str = ""
    error: str = ""


class _Failed(Exception):
    """Nobody is signed in. `problem` is the code that the sign-in page explains, `known` an existing user's name."""

    def __init__(self, problem: str, *, why: str = "", known: str = "") -> None:
        super().__init__(problem)
        self.problem, self.why, self.known = problem, why or problem, known


@dataclass(frozen=True, slots=True)
class _Redirect:
    """A visitor redirected to the provider, with the values to check on return."""

    browser: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect: str


def start_oidc_sign_in(call: ApiCall) -> Response:
    """Redirect the browser to the provider."""
    settings, sign_ins = _settings(call), sign_in_state(call)
    here: RequestOrigin = call.request.scope[ORIGIN_KEY]
    sign_ins.question(call)
    try:
        endpoints = _provider(call, settings).endpoints()
    except ProviderFailed as error:
        return _redirect_to_problem(call, "provider-away", str(error))
    browser, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    away = _Redirect(_digest(browser), nonce, verifier, here.origin + CALLBACK)
    state = base64url.encode(sign_ins.ceremonies.begin(METHOD, here.host, call_seconds(call), away))
    query = {
        "response_type": "code",
        "client_id": settings.table.client_id,
        "redirect_uri": away.redirect,
        "scope": " ".join(settings.table.scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": base64url.encode(hashlib.sha256(verifier.encode("ascii")).digest()),
        "code_challenge_method": "S256",
    }
    if settings.table.prompt is not None:
        query["prompt"] = settings.table.prompt
    join = "&" if "?" in endpoints.authorization else "?"
    response = RedirectResponse(f"{endpoints.authorization}{join}{urlencode(query)}", 302)
    # SameSite=Lax, because the cookie must be sent when the provider redirects the browser back.
    response.set_cookie(
        _cookie(call),
        browser,
        max_age=SECONDS,
        path="/",
        secure=call.context.settings.is_https,
        httponly=True,
        samesite="lax",
    )
    return response


def finish_oidc_sign_in(call: ApiCall) -> Response:
    """Handle the browser's return: start a session, or redirect to the sign-in page with the problem."""
    settings = _settings(call)
    sign_in_state(call).attempt(call)
    try:
        entered = _sign_in(call, settings)
    except _Failed as failed:
        sign_in_state(call).record_failure(call, METHOD, known=failed.known, why=failed.why)
        return _redirect_to_problem(call, failed.problem, failed.why)
    response = RedirectResponse("/", 303)
    set_cookie(call, response, entered.token)
    _forget(call, response)
    return response


def _sign_in(call: ApiCall, settings: OidcSettings) -> NewSession:
    away = _find_redirect(call)
    answer: OidcAnswer = call.query
    if answer.error or not 0 < len(answer.code) <= 4096:
        raise _Failed("refused-there", why="the provider refused")
    try:
        token = _provider(call, settings).redeem(answer.code, verifier=away.verifier, redirect=away.redirect)
        found = verify_access_token(token, settings.policy, call_seconds(call))
    except ProviderFailed as error:
        raise _Failed("provider-away", why=str(error)) from None
    except Refusal as refusal:
        raise _Failed("token-refused", why=refusal.code) from None
    claims = found.claims
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), away.nonce.encode()):
        raise _Failed("token-refused", why="nonce")
    if claims.get("azp", settings.table.client_id) != settings.table.client_id:
        raise _Failed("token-refused", why="azp")
    role = role_of_claims(claims, settings)
    subject = found.subject
    if not subject:
        raise _Failed("token-refused", why="sub")
    with call.context.database.writing() as work:
        user = _find_or_add_user(call, work, found.issuer, subject, claims, role, settings)
        return start_session(call, work, user, METHOD)


def _find_redirect(call: ApiCall) -> _Redirect:
    """Return the matching redirect.

    Raises `_Failed` unless this browser was redirected recently and returns for the first time.
    """
    answer: OidcAnswer = call.query
    here: RequestOrigin = call.request.scope[ORIGIN_KEY]
    try:
        challenge = base64url.decode(answer.state[:200])
    except ValueError:
        challenge = b""
    ceremony = sign_in_state(call).ceremonies.end(challenge, METHOD, here.host, call_seconds(call))
    away: _Redirect | None = ceremony.details if ceremony is not None else None
    browser = call.request.cookies.get(_cookie(call), "")
    if away is None or not hmac.compare_digest(away.browser, _digest(browser)):
        raise _Failed("took-too-long", why="state")
    return away


def role_of_claims(claims: Mapping[str, Any], settings: OidcSettings) -> Role:
    """Return the highest role that a token's claim grants."""
    values = _list_values(claims, settings)
    for role in reversed(ROLES):
        if values & set(settings.table.roles.get(role, ())):
            return role
    raise _Failed("no-role", why="no-role")


def organisations_of_claims(
    claims: Mapping[str, Any], settings: OidcSettings, role: Role
) -> tuple[str, ...] | None:
    """Return the organisations that a token's claim limits a user to, None for all of them."""
    table = settings.table.organisations
    if table is None or role == "admin":
        return None
    found = {name for value in _list_values(claims, settings) for name in table.get(value, ())}
    if not found:
        raise _Failed("no-role", why="no-organisation")
    return None if ALL_ORGANISATIONS in found else tuple(sorted(found))


def _list_values(claims: Mapping[str, Any], settings: OidcSettings) -> set[str]:
    value = claims.get(settings.table.role_claim)
    if isinstance(value, str):
        return {value}
    return set(map(str, value)) if isinstance(value, list) else set()


def _limit(call: ApiCall, work: Transaction, user: User, organisations: tuple[str, ...] | None) -> None:
    """Limit a user to organisations as the provider says, and record what was before."""
    if organisations == user.organisations:
        return
    try:
        work.users.set_organisations(user.id, organisations, at=call.now)
    except UsageError:
        raise _Failed("no-role", why="organisations") from None
    work.audit.append(
        at=call.now,
        actor=METHOD,
        action="user-organisations",
        subject=user.name,
        details={"before": user.organisations, "after": organisations},
    )


def _find_or_add_user(
    call: ApiCall,
    work: Transaction,
    issuer: str,
    subject: str,
    claims: Mapping[str, Any],
    role: Role,
    settings: OidcSettings,
) -> User:
    """Return the provider's user, identified by issuer and subject, never by name, which others could take."""
    known = work.oidc_identities.find(issuer, subject)
    if known is None:
        if _is_disabled(work, issuer, subject):
            raise _Failed("disabled", why="disabled")
        fresh = _new(call, work, claims, role, settings)
        work.oidc_identities.link(issuer, subject, fresh.id, at=call.now)
        return fresh
    user = work.users.get(known)
    if user is None:
        raise _Failed("disabled", why="disabled")
    is_limiting, limits = (
        settings.table.organisations is not None,
        organisations_of_claims(claims, settings, role),
    )
    if is_limiting and limits is None:
        _limit(call, work, user, None)  # before the role: an admin has no limits
    if user.role != role:
        try:
            work.users.set_role(user.id, role)
        except UsageError:
            return user  # the last admin stays admin, whatever the provider says
        if user.role == "admin" and not admin_can_sign_in(work):
            # The other admins have no way to sign in yet. Checked after the change, which has locked the admins'
            # rows.
            work.users.set_role(user.id, "admin")
            return user
        work.sessions.revoke_all(user.id, at=call.now)
        work.audit.append(
            at=call.now,
            actor=METHOD,
            action="user-role",
            subject=user.name,
            details={"before": user.role, "after": role},
        )
    if limits is not None:
        _limit(call, work, user, limits)
    return work.users.get(user.id) or user


def _is_disabled(work: Transaction, issuer: str, subject: str) -> bool:
    """Return whether this subject is a disabled user, who stays disabled under a new name."""
    return any(
        (one.issuer, one.subject) == (issuer, subject)
        for user in work.users.all()
        if user.disabled_at is not None
        for one in work.oidc_identities.of_user(user.id)
    )


def _new(
    call: ApiCall, work: Transaction, claims: Mapping[str, Any], role: Role, settings: OidcSettings
) -> User:
    name = str(claims.get(settings.table.name_claim) or "").strip()
    if not name or is_reserved(name):
        raise _Failed("no-name", why="no-name")
    try:
        limits = organisations_of_claims(claims, settings, role)
        user = work.users.add(name, role, at=call.now, organisations=limits)
    except UsageError:
        raise _Failed("name-taken", why="name-taken") from None
    details = {"role": role, **({} if limits is None else {"organisations": list(limits)})}
    work.audit.append(at=call.now, actor=METHOD, action="user-added", subject=user.name, details=details)
    return user


def _settings(call: ApiCall) -> OidcSettings:
    settings = call.context.settings.oidc
    if settings is None:
        raise not_found("identity provider here")
    return settings


def _provider(call: ApiCall, settings: OidcSettings) -> OidcProvider:
    provider: OidcProvider = call.context.notes.setdefault("oidc", OidcProvider(settings))
    return provider


def _redirect_to_problem(call: ApiCall, problem: str, why: str) -> Response:
    _log.warning("sign-in at the identity provider failed: %s", why)
    response = RedirectResponse(PROBLEM + problem, 303)
    _forget(call, response)
    return response


def _forget(call: ApiCall, response: Response) -> None:
    response.delete_cookie(
        _cookie(call), path="/", secure=call.context.settings.is_https, httponly=True, samesite="lax"
    )


def _cookie(call: ApiCall) -> str:
    return f"__Host-{COOKIE}" if call.context.settings.is_https else COOKIE


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/sign-in/oidc",
        handle=start_oidc_sign_in,
        role=None,
        tenants="none",
        summary="Send the browser to the identity provider",
        group="sign-in",
        status=302,
        media="text/html",
        codes=((404, "not-found"), (429, "too-many-requests")),
    ),
    Endpoint(
        method="GET",
        path=CALLBACK,
        handle=finish_oidc_sign_in,
        role=None,
        tenants="none",
        summary="Where the identity provider sends the browser back to",
        group="sign-in",
        query=OidcAnswer,
        status=303,
        media="text/html",
        codes=((404, "not-found"), (429, "too-many-requests")),
    ),
)
