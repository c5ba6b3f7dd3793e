"""Conditions on the values of claims: `claims.hd = "example.org"`, of an issuer or of a path of the gate.

A condition allows, so it compares exactly: type and value, letter by letter. A claim that is absent meets no condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Scalar = str | int | bool
_SCALARS: Final = frozenset({str, int, bool})


@dataclass(frozen=True, slots=True)
class Conditions:
    """What claims must say. `allowed` holds for each claim the values of which it must have one, each with its type.

    The type belongs to the value, because Python takes `True` and `1` for equal and a token must not.
    """

    allowed: tuple[tuple[str, frozenset[tuple[type, Scalar]]], ...] = ()

    @classmethod
    def of(cls, allowed: Mapping[str, Iterable[Scalar]]) -> Conditions:
        """Conditions from the allowed values of each claim."""
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
        """The claims that there is a condition on."""
        return frozenset(name for name, _ in self.allowed)

    def unmet(self, said: Mapping[str, Any]) -> str | None:
        """Return the name of the first claim that does not meet its condition, None when all do."""
        for name, values in self.allowed:
            if name not in said or not _holds(said[name], values):
                return name
        return None


NO_CONDITIONS: Final = Conditions()


def _holds(value: Any, values: frozenset[tuple[type, Scalar]]) -> bool:
    """Whether a claim is one of the values, or an array that contains one. Null, floats and objects are none."""
    items = value if type(value) is list else (value,)
    return any(type(item) in _SCALARS and (type(item), item) in values for item in items)
