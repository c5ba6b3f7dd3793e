"""Errors of the console."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class ServeInvalid(SeawallError):
    """The console's settings are invalid, or its address cannot be used."""

    code = "serve-invalid"
    exit_code = 2
