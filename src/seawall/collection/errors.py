"""Failures of collection."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class CollectIncomplete(SeawallError):
    """Not everything that was asked could be fetched; the rest is asked again the next time."""

    code = "collect-incomplete"


class CollectionBroken(SeawallError):
    """The ledger of what was collected is missing, damaged, or of something else."""

    code = "collection-broken"
