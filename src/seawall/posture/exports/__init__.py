"""Declare the configuration exports: how an object of each is recognised, and how an administrator gets it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from seawall.posture.exports.collaboration import COLLABORATION
from seawall.posture.exports.entra import ENTRA
from seawall.posture.exports.exchange import EXCHANGE
from seawall.posture.exports.export import Export
from seawall.posture.exports.google import GOOGLE
from seawall.posture.exports.okta import OKTA

EXPORTS: tuple[Export, ...] = (*ENTRA, *EXCHANGE, *COLLABORATION, *GOOGLE, *OKTA)
"""Every export, in the order in which they are recognised."""
BY_NAME = {export.name: export for export in EXPORTS}


def recognise(one: Mapping[str, Any]) -> Export | None:
    """Return the export that an object, with lower-case field names, belongs to."""
    return next((export for export in _candidates(frozenset(one)) if export.has_id(one)), None)


@lru_cache(maxsize=1024)
def _candidates(fields: frozenset[str]) -> tuple[Export, ...]:
    """Return the exports whose objects have these fields; the objects of one export mostly have the same."""
    return tuple(export for export in EXPORTS if export.has(fields))
