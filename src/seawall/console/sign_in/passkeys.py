"""Passkeys (Web Authentication) for the console: found by the browser itself, with the user verified each time.

The relying party is the host that the browser has open, which the guard has compared with the hosts of this console, and
the origin is that of its own pages: an answer that was made for another site fits neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import webauthn
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from seawall.console.sign_in.ceremonies import SECONDS
from seawall.console.surroundings import Surroundings
from seawall_tokens.jose import base64url

PARTY_NAME: Final = "Seawall"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,1400}")
_BROKEN = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)
_TRANSPORTS: Final = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal", "cable"})


@dataclass(frozen=True, slots=True)
class Made:
    """A passkey that a browser has just made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]


class _ClientData(msgspec.Struct):
    challenge: str


def creation_options(
    here: Surroundings, *, handle: bytes, name: str, challenge: bytes, known: Sequence[bytes]
) -> dict[str, Any]:
    """What `navigator.credentials.create` is asked. `known` are the user's passkeys, not to be made twice."""
    options = webauthn.generate_registration_options(
        rp_id=here.host,
        rp_name=PARTY_NAME,
        user_name=name,
        user_display_name=name,
        user_id=handle,
        challenge=challenge,
        timeout=SECONDS * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    return options_to_json_dict(options)


def request_options(here: Surroundings, *, challenge: bytes) -> dict[str, Any]:
    """What `navigator.credentials.get` is asked: any passkey of this site."""
    options = webauthn.generate_authentication_options(
        rp_id=here.host,
        challenge=challenge,
        timeout=SECONDS * 1000,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def challenge_in(credential: Mapping[str, Any]) -> bytes:
    """The challenge that a browser says it answers; empty where it says none. It proves nothing yet."""
    try:
        data = base64url.decode(credential["response"]["clientDataJSON"])
        return base64url.decode(msgspec.json.decode(data, type=_ClientData).challenge)
    except (*_BROKEN, msgspec.DecodeError):
        return b""


def id_in(credential: Mapping[str, Any]) -> bytes:
    """The id of the passkey that a browser says it used; empty where it says none."""
    name = credential.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        return b""
    try:
        return base64url.decode(name)
    except ValueError:
        return b""


def made(here: Surroundings, credential: Mapping[str, Any], challenge: bytes) -> Made | None:
    """The new passkey; None where the answer is not one to this question."""
    try:
        found = webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=here.host,
            expected_origin=here.origin,
            require_user_verification=True,
        )
        named = credential["response"].get("transports") or ()
        transports = tuple(one for one in named if isinstance(one, str) and one in _TRANSPORTS)
    except _BROKEN:
        return None
    return Made(found.credential_id, found.credential_public_key, found.sign_count, transports[:8])


def used(
    here: Surroundings, credential: Mapping[str, Any], challenge: bytes, *, public_key: bytes, sign_count: int
) -> int | None:
    """The passkey's counter after this use; None where the answer is not one to this question.

    A counter that did not grow is refused, but where the device does not count (0 and 0).
    """
    try:
        answer = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=here.host,
            expected_origin=here.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except _BROKEN:
        return None
    return answer.new_sign_count
