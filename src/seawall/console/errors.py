"""Failures of the console."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class ServeInvalid(SeawallError):
    """The settings of the console make no sense, or it cannot listen where it was told to."""

    code = "serve-invalid"
    exit_code = 2
