"""Step-up, as the gate sees it: somebody who proved himself anew on this gate, for one session and path, for a short time.

`seawall.gate.step_up` makes elevations; the gate asks for them only when check 14 or a risk refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

PASSKEY_AMR: Final = ("pop", "user", "mfa")
CODE_AMR: Final = ("otp",)
"""Methods of RFC 8176: what a passkey and a one-time code are."""


@dataclass(frozen=True, slots=True)
class Elevation:
    """A proof that somebody gave. `at` and `until` are seconds since 1970; `acr` and `amr` are what it is worth."""

    acr: str
    amr: frozenset[str]
    at: float
    until: float


class StepUp(Protocol):
    """What is mounted at `/step-up`."""

    def routes(self) -> Sequence[BaseRoute]:
        """The pages and endpoints, relative to `/step-up`."""
        ...

    @property
    def broken(self) -> bool:
        """Whether the store cannot be read, so that nobody is elevated. Called in the event loop: no waiting."""
        ...

    def elevations_of(
        self, claims: Mapping[str, Any], path: str, now: float, *, within: str = ""
    ) -> Sequence[Elevation]:
        """What holds now for the session of this token on this path, the newest first. Called in the event loop: no waiting.

        `within` is the path that a match of the rules names: what was given for a shorter one does not count.
        """
        ...

    def close(self) -> None:
        """End it with the worker."""
        ...
