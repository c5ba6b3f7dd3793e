"""Define the errors of access to a vendor."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class CollectRefused(SeawallError):
    """A vendor refuses access or a request: the secret, permission or tenant is wrong."""

    code = "collect-refused"
