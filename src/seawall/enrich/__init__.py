"""Says what a network is: ASN, organisation, country and class of an address, as of a dated table."""

from __future__ import annotations

from seawall.enrich.classes import CLASSES, class_of
from seawall.enrich.columns import NetworkColumns
from seawall.enrich.events import enrich
from seawall.enrich.networks import Networks

__all__ = ["CLASSES", "NetworkColumns", "Networks", "class_of", "enrich"]
