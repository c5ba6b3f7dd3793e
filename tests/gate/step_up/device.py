"""An authenticator in software: it makes and uses passkeys as a security key would (ES256, no attestation)."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.gate.gates import b64


def _cbor_head(major: int, length: int) -> bytes:
    if length < 24:
        return bytes([major << 5 | length])
    return bytes([major << 5 | 24, length]) if length < 256 else bytes([major << 5 | 25]) + length.to_bytes(2)


def _cbor(value: Any) -> bytes:
    if isinstance(value, int):
        return _cbor_head(0, value) if value >= 0 else _cbor_head(1, -1 - value)
    if isinstance(value, bytes):
        return _cbor_head(2, len(value)) + value
    if isinstance(value, str):
        return _cbor_head(3, len(value.encode())) + value.encode()
    return _cbor_head(5, len(value)) + b"".join(_cbor(key) + _cbor(one) for key, one in value.items())


class Device:
    """One passkey on one device, for one domain. `counter` None: it does not count, as synced passkeys do not."""

    def __init__(self, domain: str, counter: int | None = 0, *, verifies: bool = True) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.domain = domain
        self.counter = counter
        self.flags = 0x01 | (0x04 if verifies else 0)

    def _authenticator_data(self, *, made: bool) -> bytes:
        if self.counter is not None:
            self.counter += 1
        flags = self.flags | (0x40 if made else 0)
        data = (
            hashlib.sha256(self.domain.encode()).digest() + bytes([flags]) + (self.counter or 0).to_bytes(4)
        )
        if not made:
            return data
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        return data + bytes(16) + len(self.id).to_bytes(2) + self.id + _cbor(cose)

    def _client_data(self, kind: str, challenge: str, origin: str) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
        ).encode()

    def _document(self, response: dict[str, str]) -> dict[str, Any]:
        return {
            "id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response,
            "clientExtensionResults": {}, "authenticatorAttachment": "cross-platform",
        }  # fmt: skip

    def create(self, options: dict[str, Any], origin: str) -> dict[str, Any]:
        client = self._client_data("webauthn.create", options["challenge"], origin)
        attestation = _cbor({"fmt": "none", "attStmt": {}, "authData": self._authenticator_data(made=True)})
        return self._document({"clientDataJSON": b64(client), "attestationObject": b64(attestation)})

    def get(self, options: dict[str, Any], origin: str) -> dict[str, Any]:
        client = self._client_data("webauthn.get", options["challenge"], origin)
        data = self._authenticator_data(made=False)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._document(
            {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
        )
