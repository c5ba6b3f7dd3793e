"""Look up AS number, organisation, country and class of an address's network in a dated table."""

from __future__ import annotations

from seawall.events.networks.columns import NetworkColumns
from seawall.events.networks.enrichment import enrich
from seawall.events.networks.network_class import CLASSES, classify_network
from seawall.events.networks.networks import Networks

__all__ = ["CLASSES", "NetworkColumns", "Networks", "classify_network", "enrich"]
