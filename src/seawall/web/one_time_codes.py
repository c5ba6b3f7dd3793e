"""Create and check time-based one-time codes (TOTP, RFC 6238) of six digits, 30 seconds and SHA-1.

Every authenticator app supports these parameters.
"""

from __future__ import annotations

import hmac
import re
from io import BytesIO
from typing import Final

import pyotp
import qrcode
from qrcode.image.svg import SvgPathImage

STEP: Final = 30
"""Seconds for which one code is valid."""

SKEWED: Final = 1
"""Number of time steps accepted before and after the present one, for clocks that differ."""

_FORM = re.compile(r"[0-9]{6}")


def new_secret() -> bytes:
    """Return a random secret in base32, as apps expect it."""
    return pyotp.random_base32(32).encode("ascii")


def find_time_step(secret: bytes, code: str, now: float) -> int | None:
    """Return the time step of a code, or None if the code belongs to none of the accepted steps.

    `now` is in seconds since 1970.
    """
    if not _FORM.fullmatch(code):
        return None
    maker = pyotp.TOTP(secret.decode("ascii"))
    here = int(now) // STEP
    found = None
    for step in range(here - SKEWED, here + SKEWED + 1):  # no early exit: constant time
        if hmac.compare_digest(maker.generate_otp(step), code):
            found = step
    return found


def otpauth_uri(secret: bytes, *, account: str, issuer: str) -> str:
    """Return the `otpauth:` URI that an authenticator app scans."""
    return pyotp.TOTP(secret.decode("ascii")).provisioning_uri(name=account, issuer_name=issuer)


def qr_code_svg(uri: str) -> str:
    """Return the URI as a QR code, an SVG document."""
    out = BytesIO()
    qrcode.make(uri, image_factory=SvgPathImage).save(out)
    return out.getvalue().decode("utf-8")
