"""Conditions on claim values: `claims.hd = "example.org"`, of an issuer or of a path of the gate.

A condition allows, so it compares type and value exactly. An absent claim meets no condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Scalar = str | int | bool
_SCALARS: Final = frozenset({str, int, bool})


@dataclass(frozen=True, slots=True)
class Conditions:
    """Required claim values. `allowed` maps each claim to its accepted values, each with its type.

    The type is part of the value, because Python considers `True` and `1` equal and a token must not.
    """

    allowed: tuple[tuple[str, frozenset[tuple[type, Scalar]]], ...] = ()

    @classmethod
    def of(cls, allowed: Mapping[str, Iterable[Scalar]]) -> Conditions:
        """Build conditions from the allowed values of each claim."""
        return cls(
            tuple(
                (name, frozenset((type(value), value) for value in values))
                for name, values in allowed.items()
            )
        )

    def __bool__(self) -> bool:
        return bool(self.allowed)

    @property
    def names(self) -> frozenset[str]:
        """Return the claims with a condition."""
        return frozenset(name for name, _ in self.allowed)

    def unmet(self, said: Mapping[str, Any]) -> str | None:
        """Return the first claim that does not meet its condition, None if all do."""
        for name, values in self.allowed:
            if name not in said or not _holds(said[name], values):
                return name
        return None


NO_CONDITIONS: Final = Conditions()


def _holds(value: Any, values: frozenset[tuple[type, Scalar]]) -> bool:
    """Return whether a claim is one of the values, or an array that contains one.

    Null, floats and objects never match.
    """
    items = value if type(value) is list else (value,)
    return any(type(item) in _SCALARS and (type(item), item) in values for item in items)
