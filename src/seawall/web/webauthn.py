"""Create WebAuthn (passkey) options for a browser, and verify its answers. Every use requires user verification.

The pinned library `webauthn` does the cryptography. This module keeps no state: callers store challenges and public keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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

from seawall_tokens.jose import base64url

_CREDENTIAL_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,1400}")
_TRANSPORTS: Final = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal", "cable"})
_MOST_TRANSPORTS: Final = 8
_MALFORMED: Final = (
    WebAuthnException,
    msgspec.DecodeError,
    # Parsers raise these for answers that no browser sends.
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RecursionError,
)


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Describe the site that asks for passkeys: its domain, a name for people, and the origins of its pages."""

    domain: str
    name: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewCredential:
    """Hold a passkey that a browser created. `public_key` is a COSE key; `transports` are hints for later requests."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]


class _ClientData(msgspec.Struct):
    challenge: str


def creation_options(
    party: RelyingParty,
    *,
    user_handle: bytes,
    user_name: str,
    challenge: bytes,
    timeout_seconds: int,
    existing: Iterable[bytes],
    is_discoverable: bool,
) -> dict[str, Any]:
    """Return the options for `navigator.credentials.create`, as JSON values.

    `existing` are the ids of the user's passkeys, so that no device creates a second one. `is_discoverable` requires a
    passkey that the browser finds without a user name; otherwise such a passkey is preferred.
    """
    options = webauthn.generate_registration_options(
        rp_id=party.domain,
        rp_name=party.name,
        user_name=user_name,
        user_id=user_handle,
        challenge=challenge,
        timeout=timeout_seconds * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED
            if is_discoverable
            else ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(existing),
    )
    return options_to_json_dict(options)


def request_options(
    party: RelyingParty, *, challenge: bytes, timeout_seconds: int, allowed: Iterable[bytes] = ()
) -> dict[str, Any]:
    """Return the options for `navigator.credentials.get`, as JSON values.

    Only passkeys with an id in `allowed` may answer, or any passkey of the domain if it is empty.
    """
    options = webauthn.generate_authentication_options(
        rp_id=party.domain,
        challenge=challenge,
        timeout=timeout_seconds * 1000,
        allow_credentials=_descriptors(allowed),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def claimed_challenge(credential: Mapping[str, Any]) -> bytes:
    """Return the challenge that the browser's answer names, b"" if none. It is unverified."""
    try:
        data = base64url.decode(credential["response"]["clientDataJSON"])
        return base64url.decode(msgspec.json.decode(data, type=_ClientData).challenge)
    except _MALFORMED:
        return b""


def claimed_credential_id(credential: Mapping[str, Any]) -> bytes:
    """Return the passkey id that the browser's answer names, b"" if none. It is unverified."""
    text = credential.get("id")
    if not isinstance(text, str) or not _CREDENTIAL_ID.fullmatch(text):
        return b""
    try:
        return base64url.decode(text)
    except ValueError:
        return b""


def verify_creation(
    party: RelyingParty, credential: Mapping[str, Any], challenge: bytes
) -> NewCredential | None:
    """Verify a browser's answer to `creation_options`, and return the new passkey, or None if it does not verify."""
    try:
        created = webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.domain,
            expected_origin=list(party.origins),
            require_user_verification=True,
        )
        named = credential["response"].get("transports") or ()
        transports = tuple(one for one in named if isinstance(one, str) and one in _TRANSPORTS)
    except _MALFORMED:
        return None
    return NewCredential(
        created.credential_id,
        created.credential_public_key,
        created.sign_count,
        transports[:_MOST_TRANSPORTS],
    )


def verify_use(
    party: RelyingParty,
    credential: Mapping[str, Any],
    challenge: bytes,
    *,
    public_key: bytes,
    sign_count: int,
) -> int | None:
    """Verify a browser's answer to `request_options`, and return the passkey's new signature counter.

    Return None if the answer does not verify. `sign_count` is the counter of the last use. A counter that did not grow is
    refused, unless both are 0, because the device does not count. A caller that compares the counter itself while storing
    it passes 0.
    """
    try:
        used = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.domain,
            expected_origin=list(party.origins),
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except _MALFORMED:
        return None
    return used.new_sign_count


def _descriptors(ids: Iterable[bytes]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=one) for one in ids]
