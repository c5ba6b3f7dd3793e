"""Passkeys (Web Authentication): questions for a browser, and judging its answers. User verification is required."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from seawall.gate.step_up.records import Passkey

_ID = re.compile(r"[A-Za-z0-9_-]{16,1400}")


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """For whom passkeys are made: a domain, its name for people, and the origins that may ask."""

    domain: str
    name: str
    origins: tuple[str, ...]


def creation_options(
    party: RelyingParty,
    *,
    handle: bytes,
    label: str,
    challenge: bytes,
    seconds: int,
    known: Sequence[Passkey],
) -> dict[str, Any]:
    """What `navigator.credentials.create` is asked."""
    options = webauthn.generate_registration_options(
        rp_id=party.domain,
        rp_name=party.name,
        user_name=label,
        user_id=handle,
        challenge=challenge,
        timeout=seconds * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=passkey.id) for passkey in known],
    )
    return options_to_json_dict(options)


def request_options(
    party: RelyingParty, *, challenge: bytes, seconds: int, known: Sequence[Passkey]
) -> dict[str, Any]:
    """What `navigator.credentials.get` is asked."""
    options = webauthn.generate_authentication_options(
        rp_id=party.domain,
        challenge=challenge,
        timeout=seconds * 1000,
        allow_credentials=[PublicKeyCredentialDescriptor(id=passkey.id) for passkey in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def created(
    party: RelyingParty, credential: Mapping[str, Any], challenge: bytes, name: str
) -> Passkey | None:
    """The new passkey, None when the answer is not one to this question."""
    try:
        made = webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.domain,
            expected_origin=list(party.origins),
            require_user_verification=True,
        )
    except WebAuthnException:
        return None
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        return None  # a parser met something that no browser sends
    return Passkey(made.credential_id, made.credential_public_key, made.sign_count, name)


def used(
    party: RelyingParty, credential: Mapping[str, Any], challenge: bytes, known: Sequence[Passkey]
) -> tuple[Passkey, int] | None:
    """The passkey that answered and its counter now, None when the answer is not one to this question."""
    name = credential.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        return None
    try:
        place = base64url_to_bytes(name)
        passkey = next((one for one in known if one.id == place), None)
        if passkey is None:
            return None
        answer = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.domain,
            expected_origin=list(party.origins),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # compared where it is written, so that two workers cannot both pass
            require_user_verification=True,
        )
    except WebAuthnException:
        return None
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        return None
    return passkey, answer.new_sign_count
