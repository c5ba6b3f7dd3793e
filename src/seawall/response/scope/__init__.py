"""Who was touched by an intruder, who may have been, and who is proved not to be: from what the intruder is known by."""

from __future__ import annotations

from seawall.response.scope.search import search
from seawall.response.scope.search_bounds import SearchBounds
from seawall.response.scope.seeds import ScopeQuery

__all__ = ["ScopeQuery", "SearchBounds", "search"]
