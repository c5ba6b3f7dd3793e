"""Determine a user's sign-in factors, and whether they suffice."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from seawall.storage.database import Transaction, User

_NONCE: Final = 12


def has_totp(work: Transaction, user: int) -> bool:
    """Return whether one-time codes are required."""
    found = work.totp.get(user)
    return found is not None and found.confirmed_at is not None


def has_strong_factor(work: Transaction, user: int) -> bool:
    """Return whether a user can sign in without a password: by passkey, or at the identity provider."""
    return bool(work.passkeys.of_user(user)) or bool(work.oidc_identities.of_user(user))


def lacks_second_factor(work: Transaction, user: User) -> bool:
    """Return whether a user has only a password."""
    if user.password_hash is None:
        return False
    return not has_totp(work, user.id) and not has_strong_factor(work, user.id)


def admin_can_sign_in(work: Transaction) -> bool:
    """Return whether an active admin can sign in. An admin who was only invited has no factor yet."""
    return any(
        user.password_hash is not None or has_strong_factor(work, user.id)
        for user in work.users.all()
        if user.role == "admin" and user.disabled_at is None
    )


def passkey_user_handle(key: bytes, name: str) -> bytes:
    """Return the WebAuthn user handle: constant for a name in an installation, without revealing the name."""
    plain = unicodedata.normalize("NFKC", name).strip().casefold()
    return hmac.digest(key, b"user handle\0" + plain.encode("utf-8", "replace"), "sha256")


class SeedCipher:
    """Encrypt the secrets of one-time codes, so that a copy of the database alone yields no codes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hashlib.sha256(b"one-time codes" + key).digest())

    def encrypt(self, user: int, secret: bytes, nonce: bytes) -> bytes:
        """Encrypt a secret for storage; `nonce` is twelve fresh random bytes."""
        return nonce + self._cipher.encrypt(nonce, secret, str(user).encode())

    def decrypt(self, user: int, kept: bytes) -> bytes | None:
        """Decrypt a secret; None if it was encrypted with another key, or for another user."""
        try:
            return self._cipher.decrypt(kept[:_NONCE], kept[_NONCE:], str(user).encode())
        except (InvalidTag, ValueError):
            return None
