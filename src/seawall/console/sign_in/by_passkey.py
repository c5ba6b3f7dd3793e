"""Signing in with a passkey: the browser finds it, nobody types a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from seawall.console.endpoint import Call, Endpoint
from seawall.console.refused import invalid
from seawall.console.session import Session, has_domain
from seawall.console.sign_in import passkeys
from seawall.console.sign_in.desk import desk_of, seconds_of
from seawall.console.sign_in.entry import enter, welcome
from seawall.console.surroundings import SEEN
from seawall.web.webauthn import claimed_challenge, claimed_credential_id, verify_use

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.console.surroundings import Surroundings

METHOD: Final = "passkey"
KIND: Final = "sign-in"


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


class PasskeySignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `navigator.credentials.get` gave, as JSON (`credential.toJSON()`)."""

    credential: dict[str, Any]


def here_of(call: Call) -> Surroundings:
    """Where the request comes from; refused (422) where the browser has an address open, which can have no passkeys."""
    here: Surroundings = call.request.scope[SEEN]
    if not has_domain(here.host):
        raise invalid(
            "passkeys belong to a name, and this address is none",
            fix="open the console as localhost, or by the name given with --host",
        )
    return here


def ask(call: Call) -> dict[str, Any]:
    """What to ask the browser."""
    desk, here = desk_of(call), here_of(call)
    desk.question(call)
    challenge = desk.ceremonies.begin(KIND, here.host, seconds_of(call))
    return passkeys.request_options(here, challenge=challenge)


def sign_in(call: Call) -> Response:
    """Begin a session with the browser's answer."""
    asked: PasskeySignIn = call.body
    desk, here = desk_of(call), here_of(call)
    desk.attempt(call)
    challenge = claimed_challenge(asked.credential)
    ceremony = desk.ceremonies.end(challenge, KIND, here.host, seconds_of(call))
    with call.context.database.reading() as work:
        known = work.passkeys.find(claimed_credential_id(asked.credential))
    if ceremony is None or known is None:
        raise desk.failed(call, METHOD, why="unknown")
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
            entered = enter(call, work, user, METHOD)
    if entered is None:
        raise desk.failed(call, METHOD, known=user.name if user is not None else "")
    return welcome(call, entered)


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path="/api/sign-in/passkey/options",
        handle=ask,
        role=None,
        summary="What to ask the browser for a sign-in with a passkey",
        group="sign-in",
        body=Nothing,
        answer=dict[str, Any],
        codes=((429, "too-many-requests"),),
    ),
    Endpoint(
        method="POST",
        path="/api/sign-in/passkey",
        handle=sign_in,
        role=None,
        summary="Sign in with a passkey",
        group="sign-in",
        body=PasskeySignIn,
        answer=Session,
        codes=((401, "sign-in-failed"), (429, "too-many-requests")),
    ),
)
