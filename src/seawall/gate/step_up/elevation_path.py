"""The paths that an elevation covers: that of the rule that requires it, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seawall.gate.request_path import decode_path

if TYPE_CHECKING:
    from seawall.gate.path_rules import PathRules


@dataclass(frozen=True, slots=True)
class ElevationPath:
    """A path, and whether it covers all paths below it. In lower case, as restricting rules match."""

    path: str
    below: bool

    def holds(self, path: str) -> bool:
        """Return whether this covers a path."""
        folded = path.casefold()
        if folded == self.path:
            return True
        stem = self.path.rstrip("/") + "/"
        return folded == stem or (self.below and folded.startswith(stem))


def find_elevation_path(target: str, method: str, rules: PathRules) -> ElevationPath:
    """Return the paths that an elevation for a refused request covers. Raises `GateRefusal` for an ambiguous path.

    This is the path of the rule that applies to the request. It is the single path if there is no rule, or if rules match
    only another spelling; such an elevation covers nothing else.
    """
    path = decode_path(target)
    match = rules.match(path, method, overridden=False)
    if not match.within:
        return ElevationPath(path.casefold(), below=False)
    return ElevationPath(match.within.casefold(), below=match.below)
