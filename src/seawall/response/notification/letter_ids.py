"""Derive a letter's code and Message-ID: stable for case, recipient and version, and unguessable.

The key lies beside the case, readable only by its owner. A leaked key allows false confirmations, nothing more.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from seawall.response.errors import CaseInvalid
from seawall_base.secret_file import read_key_file

NAME: Final = "case.key"
_BYTES: Final = 32
_DRAFT: Final = "draft the letters first, in the folder of the case"
_ALPHABET: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
"""Translation from Base32 to Crockford's alphabet, which has no letters easily mistaken for digits."""


def load_case_key(folder: Path, *, create: bool) -> bytes:
    """Return the key of a case folder, with `create` made if missing. Raises CaseInvalid."""
    path = folder / NAME
    try:
        if create and not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as made:
                made.write(secrets.token_bytes(_BYTES))
                made.flush()
                os.fsync(made.fileno())
    except OSError as error:
        raise CaseInvalid(f"{path}: {error.strerror}", fix=_DRAFT) from error
    key = read_key_file(path, CaseInvalid, what="it", fix=_DRAFT)
    if len(key) != _BYTES:
        raise CaseInvalid(f"{path}: not a key of {_BYTES} bytes", fix="take it from a copy of the folder")
    return key


def make_code(key: bytes, case: str, recipient: str, version: int) -> str:
    """Return the code with which a recipient confirms a letter: 60 bits in three groups."""
    letters = base64.b32encode(_mac(key, "code", case, recipient, version)[:10]).decode().translate(_ALPHABET)
    return "-".join((letters[:4], letters[4:8], letters[8:12]))


def make_message_key(key: bytes, case: str, recipient: str, version: int) -> str:
    """Return the base of a letter's Message-ID and webhook-id: 32 hexadecimal digits."""
    return _mac(key, "message", case, recipient, version).hex()[:32]


def normalise_code(code: str) -> str:
    """Return a typed code in the form that `make_code` writes."""
    plain = "".join(character for character in code.upper() if character.isalnum())
    plain = plain.replace("O", "0").replace("I", "1").replace("L", "1")
    return "-".join((plain[:4], plain[4:8], plain[8:]))


def _mac(key: bytes, *values: object) -> bytes:
    return hmac.new(key, "\0".join(map(str, values)).encode(), hashlib.sha256).digest()
