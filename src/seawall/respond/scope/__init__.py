"""Who was touched by an intruder, who may have been, and who is proved not to be: from what the intruder is known by."""

from __future__ import annotations

from seawall.respond.scope.bounds import Bounds
from seawall.respond.scope.search import search
from seawall.respond.scope.seeds import Asked

__all__ = ["Asked", "Bounds", "search"]
