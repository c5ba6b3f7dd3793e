"""A token as it meets the verifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seawall_tokens.conformance.context import Context, RenewalAttempt

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Presentation:
    """A token (or an attempt to renew one) as it meets the verifier.

    Of `times` presentations the last one counts, and those before it must be accepted. Of several `at_once`, in threads
    that start at the same moment, exactly one may be accepted.
    """

    token: str
    context: Context
    renewal: RenewalAttempt | None = None
    times: int = 1
    at_once: int = 1
