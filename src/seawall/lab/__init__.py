"""Makes fictional tenants: vendor-shaped raw logs, and the truth in a separate file."""

from seawall.lab.attacks import FAMILIES, families_of
from seawall.lab.confusers import CONFUSERS
from seawall.lab.world import World, make_world
from seawall.lab.world_settings import WorldSettings

__all__ = ["CONFUSERS", "FAMILIES", "World", "WorldSettings", "families_of", "make_world"]
