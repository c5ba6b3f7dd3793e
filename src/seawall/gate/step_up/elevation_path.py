"""Where an elevation holds: the path of the rule that asks for it, never more than that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seawall.gate.request_path import decode_path

if TYPE_CHECKING:
    from seawall.gate.path_rules import PathRules


@dataclass(frozen=True, slots=True)
class ElevationPath:
    """A path, and whether everything below it belongs to it. Written in lower case, as rules that ask are matched."""

    path: str
    below: bool

    def holds(self, path: str) -> bool:
        """Whether the path lies in this place."""
        folded = path.casefold()
        if folded == self.path:
            return True
        stem = self.path.rstrip("/") + "/"
        return folded == stem or (self.below and folded.startswith(stem))


def find_elevation_path(target: str, method: str, rules: PathRules) -> ElevationPath:
    """The place for a request that was refused. Raises `GateRefusal` for a path with two readings.

    It is the path of the rule which that request falls under. It is the single path where there is no rule, or where the
    rules fit only another spelling of the path: such an elevation holds for nothing else.
    """
    path = decode_path(target)
    match = rules.match(path, method, overridden=False)
    if not match.within:
        return ElevationPath(path.casefold(), below=False)
    return ElevationPath(match.within.casefold(), below=match.below)
