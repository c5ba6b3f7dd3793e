"""Step-up authentication as the gate sees it: a recent authentication for one session and path, valid for minutes.

`seawall.gate.step_up` creates elevations; the gate looks for them only if check 14 or a risk would refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

PASSKEY_AMR: Final = ("pop", "user", "mfa")
CODE_AMR: Final = ("otp",)
"""Values of `amr` (RFC 8176) for a passkey and for a one-time code."""


@dataclass(frozen=True, slots=True)
class Elevation:
    """A completed step-up authentication. `at` and `until` are seconds since 1970; `acr` and `amr` state its strength."""

    acr: str
    amr: frozenset[str]
    at: float
    until: float


class StepUp(Protocol):
    """The interface of the step-up part, mounted at `/step-up`."""

    def routes(self) -> Sequence[BaseRoute]:
        """Return the pages and endpoints, relative to `/step-up`."""
        ...

    @property
    def is_broken(self) -> bool:
        """Whether the store cannot be read, so that no elevation exists. Called in the event loop: must not block."""
        ...

    def elevations_of(
        self, claims: Mapping[str, Any], path: str, now: float, *, within: str = ""
    ) -> Sequence[Elevation]:
        """Return the elevations in force for the token's session on this path, newest first. Must not block.

        `within` is the path of the matching rule: elevations for a shorter path are left out.
        """
        ...

    def close(self) -> None:
        """Close the store when the worker stops."""
        ...
