"""Refusals of a vendor."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class CollectRefused(SeawallError):
    """A vendor does not let the collector in, or refuses what it asks: a wrong secret, a missing permission, a wrong tenant."""

    code = "collect-refused"
