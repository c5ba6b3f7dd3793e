"""An actor that attacks several organisations."""

from __future__ import annotations

from dataclasses import dataclass, field

from seawall.lab.worlds.networks import ConnectionPoint
from seawall.lab.worlds.organisation import LabApplication


@dataclass(slots=True)
class CampaignActor:
    """The constants of an actor over all organisations. `used` collects the addresses that were used."""

    name: str
    place: ConnectionPoint
    application: LabApplication
    ways: tuple[str, ...]
    used: set[str] = field(default_factory=set)
