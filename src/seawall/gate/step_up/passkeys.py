"""Verify a browser's answer against the stored passkeys of an account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seawall.gate.step_up.records import StoredPasskey
from seawall.web.webauthn import RelyingParty, claimed_credential_id, verify_creation, verify_use


def verify_new_passkey(
    party: RelyingParty, credential: Mapping[str, Any], challenge: bytes, name: str
) -> StoredPasskey | None:
    """Return the new passkey, None if the answer does not match the challenge."""
    created = verify_creation(party, credential, challenge)
    if created is None:
        return None
    return StoredPasskey(created.credential_id, created.public_key, created.sign_count, name)


def verify_passkey(
    party: RelyingParty, credential: Mapping[str, Any], challenge: bytes, known: Sequence[StoredPasskey]
) -> tuple[StoredPasskey, int] | None:
    """Return the passkey that answered and its new counter, None if the answer does not match the challenge.

    The counter is not compared here but in the transaction that writes it, so that two workers cannot both accept an
    answer.
    """
    credential_id = claimed_credential_id(credential)
    passkey = next((one for one in known if one.id == credential_id), None)
    if passkey is None:
        return None
    counter = verify_use(party, credential, challenge, public_key=passkey.public_key, sign_count=0)
    return None if counter is None else (passkey, counter)
