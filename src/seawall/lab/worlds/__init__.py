"""Make fictional organisations: raw logs in vendors' formats, and the truth about attacks in a separate file."""

from seawall.lab.worlds.attacks import FAMILIES, families_of
from seawall.lab.worlds.benign_changes import CONFUSERS
from seawall.lab.worlds.world import World, make_world
from seawall.lab.worlds.world_settings import WorldSettings

__all__ = ["CONFUSERS", "FAMILIES", "World", "WorldSettings", "families_of", "make_world"]
