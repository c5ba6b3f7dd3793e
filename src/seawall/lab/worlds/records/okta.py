"""Okta's System Log entries of acts: sign-ins, factors, opened applications, administration."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from seawall.lab.worlds.acts import Act
from seawall.lab.worlds.clients import browser_client
from seawall.lab.worlds.organisation import LabAccount, Tenant
from seawall.lab.worlds.records import okta_administration
from seawall.lab.worlds.records.accounts import digits, letters
from seawall.lab.worlds.records.okta_entry import Record, entry, thing
from seawall.lab.worlds.seeded_random import SeededRandom

_FAILURES = {
    50126: "INVALID_CREDENTIALS",
    50053: "LOCKED_OUT",
    50034: "VERIFICATION_ERROR",
    50055: "PASSWORD_EXPIRED",
}
_DENIED, _MISSED = 500121, 50074
_OTHER_FACTORS = ("TOKEN_SOFTWARE_TOTP", "FIDO_WEBAUTHN", "SMS_FACTOR", "SIGNED_NONCE")


def factor_of(who: LabAccount, tenant: Tenant) -> str:
    """Return the factor of a person."""
    drawn = int(digits(who.object_id, 6))
    if drawn % 100 < 100 * tenant.systems.push_share:
        return "OKTA_VERIFY_PUSH"
    return _OTHER_FACTORS[drawn % len(_OTHER_FACTORS)]


def okta_records(act: Act, tenant: Tenant, dice: SeededRandom, week: int) -> Iterator[Record]:
    """Yield Okta's entries of an act, possibly none; several belong to one transaction."""
    write = _BY_KIND.get(act.kind)
    if write is not None:
        yield from write(act, tenant, dice, week)


def _password(_act: Act) -> Record:
    return {
        "id": "lae" + letters(_act.person.object_id, 17),
        "type": "AuthenticatorEnrollment",
        "alternateId": "unknown",
        "displayName": "Password",
        "detailEntry": None,
    }


def _suite(tenant: Tenant) -> Record:
    name, uid = tenant.systems.applications[0]
    return thing("AppInstance", uid, name)


def sign_in(act: Act, tenant: Tenant, dice: SeededRandom, week: int) -> Iterator[Record]:
    """Yield the entries of a sign-in; a refresh of the suite's token does not reach Okta."""
    client, error = act.program, act.details["error"]
    if not act.details["interactive"] or client.family in ("app", "teams"):
        return
    transaction, suite = dice.token(26), _suite(tenant)
    legacy = act.details["protocol"] == "ropc"
    uri = "/app/office365/sso/wsfed/active" if legacy else "/idp/idx/identify"
    if error in _FAILURES:
        yield entry(
            "user.session.start", "User login to Okta", act, tenant, dice, _password(act), suite, week=week,
            outcome="FAILURE", reason=_FAILURES[error], transaction=transaction, requestUri=uri,
        )  # fmt: skip
    elif error in (_DENIED, _MISSED):
        yield from _make_unanswered(act, tenant, dice, week, transaction)
    elif not error:
        yield from _enter(act, tenant, dice, week, transaction, uri)


def _make_unanswered(
    act: Act, tenant: Tenant, dice: SeededRandom, week: int, transaction: str
) -> Iterator[Record]:
    is_denied = act.details["error"] == _DENIED
    factor = factor_of(act.person, tenant)
    if factor == "OKTA_VERIFY_PUSH":
        yield entry(
            "system.push.send_factor_verify_push", "Send Okta Verify push", act, tenant, dice,
            week=week, transaction=transaction, factor=factor,
        )  # fmt: skip
        if is_denied:
            yield entry(
                "user.mfa.okta_verify.deny_push", "User rejected Okta push verify", act, tenant, dice,
                week=week, time=act.time + 4, transaction=transaction, factor=factor,
            )  # fmt: skip
    yield entry(
        "user.authentication.auth_via_mfa", "Authentication of user via MFA", act, tenant, dice, week=week,
        outcome="FAILURE", reason="INVALID_CREDENTIALS" if is_denied else "FACTOR_TIMEOUT", time=act.time + 5,
        transaction=transaction, factor=factor,
    )  # fmt: skip


def _enter(
    act: Act, tenant: Tenant, dice: SeededRandom, week: int, transaction: str, uri: str
) -> Iterator[Record]:
    suite = _suite(tenant)
    method = act.details["method"]
    policy = thing("PolicyEntity", "00p" + letters(tenant.id, 17), "Default Policy")
    wants = "CHALLENGE" if method == "mfa" else "ALLOW"
    yield entry(
        "policy.evaluate_sign_on", "Evaluation of sign-on policy", act, tenant, dice, policy, suite, week=week,
        outcome=wants, reason=f"Sign-on policy evaluation resulted in {wants}", transaction=transaction, requestUri=uri,
    )  # fmt: skip
    yield entry(
        "user.session.start", "User login to Okta", act, tenant, dice, _password(act), suite, week=week,
        time=act.time + 0.2, transaction=transaction, requestUri=uri,
    )  # fmt: skip
    if method == "mfa":
        factor = factor_of(act.person, tenant)
        if factor == "OKTA_VERIFY_PUSH":
            yield entry(
                "system.push.send_factor_verify_push", "Send Okta Verify push", act, tenant, dice,
                week=week, time=act.time + 0.6, transaction=transaction, factor=factor,
            )  # fmt: skip
        yield entry(
            "user.authentication.auth_via_mfa", "Authentication of user via MFA", act, tenant, dice, week=week,
            time=act.time + 1.1, transaction=transaction, factor=factor,
        )  # fmt: skip
    yield _open(act, tenant, dice, week, suite, act.time + 1.4, transaction)


def _open(
    act: Act, tenant: Tenant, dice: SeededRandom, week: int, app: Record, time: float, transaction: str = ""
) -> Record:
    return entry(
        "user.authentication.sso", "User single sign on to app", act, tenant, dice, app, week=week, time=time,
        transaction=transaction, requestUri=f"/app/{app['id']}/sso/saml", signOnMode="SAML 2.0",
    )  # fmt: skip


def open_application(act: Act, tenant: Tenant, dice: SeededRandom, week: int) -> Iterator[Record]:
    """Yield the entries of opening an application in an existing session, with a factor if required."""
    name, uid = act.details["application"]
    if act.person.uses_mfa and dice.chance(tenant.systems.step_up_share):
        yield entry(
            "user.authentication.auth_via_mfa", "Authentication of user via MFA", act, tenant, dice, week=week,
            time=act.time - 1.5, factor=factor_of(act.person, tenant),
        )  # fmt: skip
    yield _open(act, tenant, dice, week, thing("AppInstance", uid, name), act.time)


def _administration(act: Act, tenant: Tenant, dice: SeededRandom, week: int) -> Iterator[Record]:
    if isinstance(act.who, LabAccount):
        program = (
            act.client
            or next((c for c in act.who.desks if c.used == "Browser"), None)
            or browser_client("chrome", "windows", SeededRandom(int(digits(act.who.object_id, 9))))
        )
        yield from okta_administration.administration(act, tenant, dice, week, program)


_BY_KIND: dict[str, Callable[[Act, Tenant, SeededRandom, int], Iterator[Record]]] = {
    "sign_in": sign_in,
    "sso": open_application,
    "directory": _administration,
    "identity": _administration,
}
