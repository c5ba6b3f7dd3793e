"""One-time codes by time (TOTP, RFC 6238): six digits, thirty seconds, SHA-1, as every authenticator app knows them."""

from __future__ import annotations

import hmac
import re
from io import BytesIO
from typing import Final

import pyotp
import qrcode
from qrcode.image.svg import SvgPathImage

STEP: Final = 30
"""Seconds of one code."""

SKEWED: Final = 1
"""Steps before and after the present one that are taken, for clocks that differ."""

_FORM = re.compile(r"[0-9]{6}")


def new_secret() -> bytes:
    """A fresh secret, in base32 as apps take it."""
    return pyotp.random_base32(32).encode("ascii")


def find_time_step(secret: bytes, code: str, now: float) -> int | None:
    """The time step that the code belongs to; None when it is no code of the present minute and a half."""
    if not _FORM.fullmatch(code):
        return None
    maker = pyotp.TOTP(secret.decode("ascii"))
    here = int(now) // STEP
    found = None
    for step in range(here - SKEWED, here + SKEWED + 1):  # always all of them: the time taken tells nothing
        if hmac.compare_digest(maker.generate_otp(step), code):
            found = step
    return found


def otpauth_uri(secret: bytes, *, account: str, issuer: str) -> str:
    """The `otpauth:` address that an app reads."""
    return pyotp.TOTP(secret.decode("ascii")).provisioning_uri(name=account, issuer_name=issuer)


def qr_code_svg(uri: str) -> str:
    """The address as a QR code: an SVG document."""
    out = BytesIO()
    qrcode.make(uri, image_factory=SvgPathImage).save(out)
    return out.getvalue().decode("utf-8")
