"""An actor that attacks several organisations."""

from __future__ import annotations

from dataclasses import dataclass, field

from seawall.lab.worlds.networks import ConnectionPoint
from seawall.lab.worlds.organisation import LabApplication


@dataclass(slots=True)
class CampaignActor:
    """What is the same wherever the actor goes. `used` are the addresses that were used in the end."""

    name: str
    place: ConnectionPoint
    application: LabApplication
    ways: tuple[str, ...]
    used: set[str] = field(default_factory=set)
