"""Beginning: the first admin with the code that `seawall serve` printed, everybody else with an invite.

Who comes with an invite begins anew: a password, one-time codes and passkeys that the user had before are removed.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import TYPE_CHECKING, Any, Final

import msgspec

from seawall.console.endpoint import LOCAL, Call, Endpoint
from seawall.console.refused import conflict, invalid
from seawall.console.session import Session
from seawall.console.sign_in import codes, passkeys
from seawall.console.sign_in.by_passkey import here_of
from seawall.console.sign_in.desk import desk_of, seconds_of
from seawall.console.sign_in.entry import enter, welcome
from seawall.console.sign_in.factors import admin_can_sign_in, handle_of
from seawall.console.sign_in.passwords import check_new
from seawall.web.webauthn import NewCredential, claimed_challenge, verify_creation

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.storage.database import Transaction, User

KIND: Final = "setup"
RESERVED: Final = frozenset({LOCAL, "system", "setup", "unknown", "seawall", "oidc"})
"""Names that the audit trail uses for others than users."""


class SetupQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code, and for the first admin the name to be."""

    code: str
    name: str = ""


class SetupAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code, the name of the first admin, and either a password or a new passkey."""

    code: str
    name: str = ""
    password: str | None = None
    credential: dict[str, Any] | None = None
    label: str = "passkey"


def ask(call: Call) -> dict[str, Any]:
    """What to ask the browser for a passkey, before there is a session."""
    asked: SetupQuestion = call.body
    desk, here = desk_of(call), here_of(call)
    desk.attempt(call)
    with call.context.database.reading() as work:
        name = _name(call, work, codes.typed(asked.code), asked.name)
    if name is None:
        raise desk.failed(call, KIND)
    handle = handle_of(call.context.key, name)
    challenge = desk.ceremonies.begin(KIND, _owner(asked.code), seconds_of(call))
    return passkeys.creation_options(here, handle=handle, name=name, challenge=challenge, known=())


def begin(call: Call) -> Response:
    """Use the code up, and sign in."""
    asked: SetupAnswer = call.body
    desk = desk_of(call)
    if (asked.password is None) == (asked.credential is None):
        raise invalid("either a password or a passkey is needed", field="password")
    desk.attempt(call)
    code = codes.typed(asked.code)
    with call.context.database.reading() as work:
        name = _name(call, work, code, asked.name)
    if name is None:
        raise desk.failed(call, KIND)
    made, password_hash = None, None
    if asked.credential is not None:
        made = _made(call, asked)
    elif asked.password is not None:
        check_new(asked.password, name)
        password_hash = desk.passwords.hash(asked.password)
    entered = None
    with call.context.database.writing() as work:
        user = _redeemed(call, work, code, asked.name)
        if user is not None:
            if made is not None:
                work.passkeys.add(
                    user.id,
                    credential_id=made.credential_id,
                    public_key=made.public_key,
                    sign_count=made.sign_count,
                    transports=made.transports,
                    label=asked.label,
                    at=call.now,
                )
            work.users.set_password_hash(user.id, password_hash, at=call.now)
            entered = enter(call, work, user, KIND)
    if entered is None:
        raise desk.failed(call, KIND)
    return welcome(call, entered)


def is_reserved(name: str) -> bool:
    """Whether the audit trail uses a name for others than users, however it is spelled (users' names are kept as NFKC)."""
    return unicodedata.normalize("NFKC", name).strip().casefold() in RESERVED


def check_name(name: str) -> None:
    """Refuse names that the audit trail uses for others. Raises `Refused` (422)."""
    if is_reserved(name):
        raise invalid("this name is taken", field="name", fix="choose another name")


def _name(call: Call, work: Transaction, code: bytes, wanted: str) -> str | None:
    """The name of whoever holds a code; None where it opens nothing."""
    invite = work.invites.find(code, codes.INVITE, at=call.now)
    if invite is not None and invite.user is not None:
        user = work.users.get(invite.user)
        return None if user is None else user.name
    if work.invites.find(code, codes.SETUP, at=call.now) is None:
        return None
    check_name(wanted)
    if not wanted.strip() or len(wanted) > 256 or not wanted.isprintable():
        raise invalid("a name has 1 to 256 printable characters", field="name")
    return wanted


def _redeemed(call: Call, work: Transaction, code: bytes, wanted: str) -> User | None:
    """The user whose code it was, without anything to sign in with; None where it opens nothing any more."""
    invite = work.invites.redeem(code, codes.INVITE, at=call.now)
    if invite is not None and invite.user is not None:
        user = work.users.get(invite.user)
        if user is None:
            return None
        for passkey in work.passkeys.of_user(user.id):
            work.passkeys.remove(user.id, passkey.id)
        work.totp.remove(user.id)
        _note(call, work, "invite-used", user)
        return user
    if work.invites.redeem(code, codes.SETUP, at=call.now) is None:
        return None
    if admin_can_sign_in(work):
        raise conflict("there is an admin already", fix="ask an admin for an invite")
    user = work.users.add(wanted, "admin", at=call.now)
    _note(call, work, "setup", user)
    return user


def _note(call: Call, work: Transaction, action: str, user: User) -> None:
    work.audit.append(
        at=call.now, actor=user.name, action=action, subject=user.name, details={"address": call.address}
    )


def _made(call: Call, asked: SetupAnswer) -> NewCredential:
    here, desk = here_of(call), desk_of(call)
    credential = asked.credential or {}
    challenge = claimed_challenge(credential)
    ceremony = desk.ceremonies.end(challenge, KIND, _owner(asked.code), seconds_of(call))
    made = (
        verify_creation(passkeys.relying_party(here), credential, ceremony.challenge)
        if ceremony is not None
        else None
    )
    if made is None:
        raise invalid("the browser's answer does not fit the question", field="credential", fix="try again")
    return made


def _owner(code: str) -> str:
    return hashlib.sha256(codes.typed(code)).hexdigest()


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path="/api/setup/passkey/options",
        handle=ask,
        role=None,
        summary="What to ask the browser for a passkey, with a setup code or an invite",
        group="sign-in",
        body=SetupQuestion,
        answer=dict[str, Any],
        codes=((401, "sign-in-failed"), (429, "too-many-requests")),
    ),
    Endpoint(
        method="POST",
        path="/api/setup",
        handle=begin,
        role=None,
        summary="Become the first admin with the code that `seawall serve` printed, or take up an invite",
        group="sign-in",
        body=SetupAnswer,
        answer=Session,
        codes=((401, "sign-in-failed"), (409, "conflict"), (429, "too-many-requests")),
    ),
)
