"""Find all accounts, mailboxes and organisations that an intruder touched or may have touched, from known indicators."""

from __future__ import annotations

from seawall.response.scope.search import search
from seawall.response.scope.search_bounds import SearchBounds
from seawall.response.scope.seeds import ScopeQuery

__all__ = ["ScopeQuery", "SearchBounds", "search"]
