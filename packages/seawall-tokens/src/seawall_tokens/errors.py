"""Failures that the token kit reports."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class RevocationInvalid(SeawallError):
    """A revocation that would revoke nothing, or something else than it says."""

    code = "revocation-invalid"
    exit_code = 2
