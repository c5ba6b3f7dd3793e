"""Define how a token is presented to the verifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seawall_tokens.conformance.context import Context, RenewalAttempt

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Presentation:
    """A token (or a renewal attempt) as presented to the verifier.

    `times`: the token is presented so often; all but the last must be accepted, and the last one counts. `at_once`:
    the token is presented by several threads at the same moment, and exactly one must be accepted.
    """

    token: str
    context: Context
    renewal: RenewalAttempt | None = None
    times: int = 1
    at_once: int = 1
