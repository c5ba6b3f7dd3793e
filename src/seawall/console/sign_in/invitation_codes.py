"""One-time codes for first sign-in: the first admin's, printed by `seawall serve`, and invitations."""

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
    """Format a code for typing: four groups of six letters and digits."""
    text = base64.b32encode(code).decode("ascii")
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def parse_code(text: str) -> bytes:
    """Parse a typed code; empty if it cannot be one."""
    plain = "".join(text.split()).replace("-", "").upper()
    plain = plain.replace("0", "O").replace("1", "I").replace("8", "B")  # base32 has none of these digits
    try:
        code = base64.b32decode(plain.encode("ascii"))
    except (binascii.Error, ValueError):
        return b""
    return code if len(code) == _BYTES else b""


def create_setup_code(work: Transaction, *, at: int) -> str:
    """Create a code for the first admin, replacing earlier ones."""
    work.invites.revoke(SETUP)
    code = secrets.token_bytes(_BYTES)
    work.invites.add(code, SETUP, at=at, expires_at=at + SETUP_SECONDS * MICROSECONDS, by="seawall serve")
    return format_code(code)


def create_invitation(work: Transaction, user: int, *, by: str, at: int) -> tuple[str, int]:
    """Create a code for a user, replacing earlier ones; return it and when it expires."""
    work.invites.revoke(INVITE, user=user)
    code, expires_at = secrets.token_bytes(_BYTES), at + INVITE_SECONDS * MICROSECONDS
    work.invites.add(code, INVITE, at=at, expires_at=expires_at, by=by, user=user)
    return format_code(code), expires_at
