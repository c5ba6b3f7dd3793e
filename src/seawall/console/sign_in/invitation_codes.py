"""One-time codes that let somebody begin: the first admin's, which `seawall serve` prints, and invites."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING, Final

from seawall.console.context import MICROSECONDS

if TYPE_CHECKING:
    from seawall.storage.database import Transaction

SETUP: Final = "setup"
INVITE: Final = "invite"
SETUP_SECONDS: Final = 24 * 3600
INVITE_SECONDS: Final = 3 * 24 * 3600
_BYTES: Final = 15
_GROUP: Final = 6


def format_code(code: bytes) -> str:
    """A code as people type it: four groups of six letters and digits."""
    text = base64.b32encode(code).decode("ascii")
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def parse_code(text: str) -> bytes:
    """A code from what somebody typed; empty where it cannot be one."""
    plain = "".join(text.split()).replace("-", "").upper()
    plain = plain.replace("0", "O").replace("1", "I").replace("8", "B")  # base32 has none of these
    try:
        code = base64.b32decode(plain.encode("ascii"))
    except (binascii.Error, ValueError):
        return b""
    return code if len(code) == _BYTES else b""


def create_setup_code(work: Transaction, *, at: int) -> str:
    """A code for the first admin, in place of earlier ones."""
    work.invites.revoke(SETUP)
    code = secrets.token_bytes(_BYTES)
    work.invites.add(code, SETUP, at=at, expires_at=at + SETUP_SECONDS * MICROSECONDS, by="seawall serve")
    return format_code(code)


def create_invitation(work: Transaction, user: int, *, by: str, at: int) -> tuple[str, int]:
    """A code for a user, in place of earlier ones, and when it expires."""
    work.invites.revoke(INVITE, user=user)
    code, expires_at = secrets.token_bytes(_BYTES), at + INVITE_SECONDS * MICROSECONDS
    work.invites.add(code, INVITE, at=at, expires_at=expires_at, by=by, user=user)
    return format_code(code), expires_at
