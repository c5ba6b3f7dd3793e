"""Errors of collection."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class CollectIncomplete(SeawallError):
    """Some queries could not be answered completely; the next pass repeats them."""

    code = "collect-incomplete"


class CollectionBroken(SeawallError):
    """The ledger is missing, damaged, or belongs to another vendor or tenant."""

    code = "collection-broken"
