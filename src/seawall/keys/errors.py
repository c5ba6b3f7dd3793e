"""Errors of the key inventory."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class KeyInventoryBroken(SeawallError):
    """The key inventory's database is damaged, locked or not one; it was left unchanged."""

    code = "ledger-broken"
