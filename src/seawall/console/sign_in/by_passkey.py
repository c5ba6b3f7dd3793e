"""Sign in with a passkey that the browser finds; nobody types a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from seawall.console.api_error import invalid
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.request_origin import ORIGIN_KEY
from seawall.console.session import ConsoleSession, has_domain
from seawall.console.sign_in import passkeys
from seawall.console.sign_in.session_start import respond_with_session, start_session
from seawall.console.sign_in.state import call_seconds, sign_in_state
from seawall.web.webauthn import claimed_challenge, claimed_credential_id, verify_use

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.console.request_origin import RequestOrigin

METHOD: Final = "passkey"
KIND: Final = "sign-in"


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


class PasskeySignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The result of `navigator.credentials.get` as JSON (`credential.toJSON()`)."""

    credential: dict[str, Any]


def require_domain(call: ApiCall) -> RequestOrigin:
    """Return the request's origin.

    Refuse (422) a browser that has an IP address open, for which passkeys are impossible.
    """
    here: RequestOrigin = call.request.scope[ORIGIN_KEY]
    if not has_domain(here.host):
        raise invalid(
            "passkeys need a host name, and the browser uses an IP address",
            fix="open the console as localhost, or by the name given with --host",
        )
    return here


def ask_for_passkey(call: ApiCall) -> dict[str, Any]:
    """Return the browser's options for using a passkey."""
    sign_ins, here = sign_in_state(call), require_domain(call)
    sign_ins.question(call)
    challenge = sign_ins.ceremonies.begin(KIND, here.host, call_seconds(call))
    return passkeys.request_options(here, challenge=challenge)


def sign_in_with_passkey(call: ApiCall) -> Response:
    """Start a session with the browser's answer."""
    asked: PasskeySignIn = call.body
    sign_ins, here = sign_in_state(call), require_domain(call)
    sign_ins.attempt(call)
    challenge = claimed_challenge(asked.credential)
    ceremony = sign_ins.ceremonies.end(challenge, KIND, here.host, call_seconds(call))
    with call.context.database.reading() as work:
        known = work.passkeys.find(claimed_credential_id(asked.credential))
    if ceremony is None or known is None:
        raise sign_ins.record_failure(call, METHOD, why="unknown")
    count = verify_use(
        passkeys.relying_party(here),
        asked.credential,
        ceremony.challenge,
        public_key=known.public_key,
        sign_count=known.sign_count,
    )
    entered = None
    with call.context.database.writing() as work:
        user = work.users.get(known.user)
        is_used = count is not None and work.passkeys.used(known.id, sign_count=count, at=call.now)
        if is_used and user is not None and user.disabled_at is None:
            entered = start_session(call, work, user, METHOD)
    if entered is None:
        raise sign_ins.record_failure(call, METHOD, known=user.name if user is not None else "")
    return respond_with_session(call, entered)


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path="/api/sign-in/passkey/options",
        handle=ask_for_passkey,
        role=None,
        tenants="none",
        summary="What to ask the browser for a sign-in with a passkey",
        group="sign-in",
        body=Nothing,
        answer=dict[str, Any],
        codes=((429, "too-many-requests"),),
    ),
    Endpoint(
        method="POST",
        path="/api/sign-in/passkey",
        handle=sign_in_with_passkey,
        role=None,
        tenants="none",
        summary="Sign in with a passkey",
        group="sign-in",
        body=PasskeySignIn,
        answer=ConsoleSession,
        codes=((401, "sign-in-failed"), (429, "too-many-requests")),
    ),
)
