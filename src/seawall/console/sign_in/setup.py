"""Set up an account: the first admin's with the code that `seawall serve` printed, others with an invitation.

An invitation starts afresh: the user's earlier password, one-time codes and passkeys are removed.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import TYPE_CHECKING, Any, Final

import msgspec

from seawall.console.api_error import conflict, invalid
from seawall.console.endpoint import LOCAL, ApiCall, Endpoint
from seawall.console.session import ConsoleSession
from seawall.console.sign_in import invitation_codes, passkeys
from seawall.console.sign_in.by_passkey import require_domain
from seawall.console.sign_in.factors import admin_can_sign_in, passkey_user_handle
from seawall.console.sign_in.passwords import check_new
from seawall.console.sign_in.session_start import respond_with_session, start_session
from seawall.console.sign_in.state import call_seconds, sign_in_state
from seawall.web.webauthn import NewCredential, claimed_challenge, verify_creation

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.storage.database import Transaction, User

KIND: Final = "setup"
RESERVED: Final = frozenset({LOCAL, "system", "setup", "unknown", "seawall", "oidc"})
"""Names that the audit trail uses for others than users."""


class SetupQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code, and for the first admin the new name."""

    code: str
    name: str = ""


class SetupAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code, the first admin's name, and either a password or a new passkey."""

    code: str
    name: str = ""
    password: str | None = None
    credential: dict[str, Any] | None = None
    label: str = "passkey"


def ask_for_new_passkey(call: ApiCall) -> dict[str, Any]:
    """Return the browser's options for a passkey, before there is a session."""
    asked: SetupQuestion = call.body
    sign_ins, here = sign_in_state(call), require_domain(call)
    sign_ins.attempt(call)
    with call.context.database.reading() as work:
        name = _name(call, work, invitation_codes.parse_code(asked.code), asked.name)
    if name is None:
        raise sign_ins.record_failure(call, KIND)
    handle = passkey_user_handle(call.context.key, name)
    challenge = sign_ins.ceremonies.begin(KIND, _owner(asked.code), call_seconds(call))
    return passkeys.creation_options(here, handle=handle, name=name, challenge=challenge, known=())


def begin_account(call: ApiCall) -> Response:
    """Use up the code, and sign in."""
    asked: SetupAnswer = call.body
    sign_ins = sign_in_state(call)
    if (asked.password is None) == (asked.credential is None):
        raise invalid("either a password or a passkey is needed", field="password")
    sign_ins.attempt(call)
    code = invitation_codes.parse_code(asked.code)
    with call.context.database.reading() as work:
        name = _name(call, work, code, asked.name)
    if name is None:
        raise sign_ins.record_failure(call, KIND)
    made, password_hash = None, None
    if asked.credential is not None:
        made = _make(call, asked)
    elif asked.password is not None:
        check_new(asked.password, name)
        password_hash = sign_ins.passwords.hash(asked.password)
    entered = None
    with call.context.database.writing() as work:
        user = _redeem(call, work, code, asked.name)
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
            entered = start_session(call, work, user, KIND)
    if entered is None:
        raise sign_ins.record_failure(call, KIND)
    return respond_with_session(call, entered)


def is_reserved(name: str) -> bool:
    """Return whether the audit trail reserves a name, in any spelling (user names are stored as NFKC)."""
    return unicodedata.normalize("NFKC", name).strip().casefold() in RESERVED


def check_name(name: str) -> None:
    """Refuse names that the audit trail reserves. Raises `ApiError` (422)."""
    if is_reserved(name):
        raise invalid("this name is taken", field="name", fix="choose another name")


def _name(call: ApiCall, work: Transaction, code: bytes, wanted: str) -> str | None:
    """Return the name for a code; None if the code is not valid."""
    invite = work.invites.find(code, invitation_codes.INVITE, at=call.now)
    if invite is not None and invite.user is not None:
        user = work.users.get(invite.user)
        return None if user is None else user.name
    if work.invites.find(code, invitation_codes.SETUP, at=call.now) is None:
        return None
    check_name(wanted)
    if not wanted.strip() or len(wanted) > 256 or not wanted.isprintable():
        raise invalid("a name has 1 to 256 printable characters", field="name")
    return wanted


def _redeem(call: ApiCall, work: Transaction, code: bytes, wanted: str) -> User | None:
    """Return the user of a code with all sign-in methods removed; None if the code is not valid any more."""
    invite = work.invites.redeem(code, invitation_codes.INVITE, at=call.now)
    if invite is not None and invite.user is not None:
        user = work.users.get(invite.user)
        if user is None:
            return None
        for passkey in work.passkeys.of_user(user.id):
            work.passkeys.remove(user.id, passkey.id)
        work.totp.remove(user.id)
        _note(call, work, "invite-used", user)
        return user
    if work.invites.redeem(code, invitation_codes.SETUP, at=call.now) is None:
        return None
    if admin_can_sign_in(work):
        raise conflict("an admin exists already", fix="ask an admin for an invite")
    user = work.users.add(wanted, "admin", at=call.now)
    _note(call, work, "setup", user)
    return user


def _note(call: ApiCall, work: Transaction, action: str, user: User) -> None:
    work.audit.append(
        at=call.now,
        actor=user.name,
        action=action,
        subject=user.name,
        details={"address": call.client_address},
    )


def _make(call: ApiCall, asked: SetupAnswer) -> NewCredential:
    here, sign_ins = require_domain(call), sign_in_state(call)
    credential = asked.credential or {}
    challenge = claimed_challenge(credential)
    ceremony = sign_ins.ceremonies.end(challenge, KIND, _owner(asked.code), call_seconds(call))
    made = (
        verify_creation(passkeys.relying_party(here), credential, ceremony.challenge)
        if ceremony is not None
        else None
    )
    if made is None:
        raise invalid("the passkey response does not match the request", field="credential", fix="try again")
    return made


def _owner(code: str) -> str:
    return hashlib.sha256(invitation_codes.parse_code(code)).hexdigest()


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path="/api/setup/passkey/options",
        handle=ask_for_new_passkey,
        role=None,
        tenants="none",
        summary="What to ask the browser for a passkey, with a setup code or an invite",
        group="sign-in",
        body=SetupQuestion,
        answer=dict[str, Any],
        codes=((401, "sign-in-failed"), (429, "too-many-requests")),
    ),
    Endpoint(
        method="POST",
        path="/api/setup",
        handle=begin_account,
        role=None,
        tenants="none",
        summary="Become the first admin with the code that `seawall serve` printed, or take up an invite",
        group="sign-in",
        body=SetupAnswer,
        answer=ConsoleSession,
        codes=((401, "sign-in-failed"), (409, "conflict"), (429, "too-many-requests")),
    ),
)
