"""Declare the configuration exports: how an object of each is recognised, and how an administrator gets it."""

from __future__ import annotations

from collections.abc import Mapping
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
    return next((export for export in EXPORTS if export.has(one)), None)
