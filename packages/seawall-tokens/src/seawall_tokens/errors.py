"""Errors of the token kit."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class RevocationInvalid(SeawallError):
    """The revocation would revoke nothing, or something other than it states."""

    code = "revocation-invalid"
    exit_code = 2
