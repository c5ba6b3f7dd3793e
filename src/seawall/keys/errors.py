"""Failures of the key inventory."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class LedgerBroken(SeawallError):
    """The ledger of keys is damaged, locked or something else; it was left as it is."""

    code = "ledger-broken"
