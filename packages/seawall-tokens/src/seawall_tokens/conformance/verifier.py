"""The verifier under test: a function, the exceptions that mean refusal, and the capabilities that it lacks."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from seawall_base.errors import UsageError
from seawall_tokens.conformance.context import Context, RenewalAttempt

CAPABILITIES: Final[dict[str, str]] = {
    "skew": "tolerates clocks that differ by up to a minute",
    "certificates": "checks the validity of the certificate in a key's `x5c`",
    "tenants": "serves several tenants: `{tenantid}` in issuers, `tid`",
    "several-issuers": "trusts more than one issuer",
    "key-states": "remembers when keys appeared and disappeared",
    "revocation": "has a list of revocations",
    "dpop": "checks DPoP proofs (RFC 9449)",
    "mtls": "checks client certificates (RFC 8705)",
    "step-up": "checks `acr`, `amr` and `auth_time`",
    "renewal": "checks the renewal of tokens (`Verifier.renew`)",
}
"""Capabilities that a verifier may lack. A case that needs one is reported as not covered, never as passed."""


class Refused(Exception):
    """A refusal, for adapters without an exception of their own. `code` may be compared."""

    def __init__(self, code: str = "") -> None:
        super().__init__(code)
        self.code = code


def _no_code(error: BaseException) -> str:
    return str(getattr(error, "code", ""))


@dataclass(frozen=True, slots=True)
class Verifier:
    """A verifier as the kit calls it.

    `verify(token, context)` returns the claims (or any true value) to accept. It refuses by raising one of `refusals`
    or by returning None or False. Any other exception is a crash. `lacks` names capabilities (`CAPABILITIES`).
    `code(exception)` returns the verifier's own code of a refusal, compared if `compare_codes` is true.
    `renew(attempt, context)` decides on a renewal in the same way; without it the capability `renewal` is lacking.
    """

    verify: Callable[[str, Context], Any]
    refusals: tuple[type[BaseException], ...] = (Refused,)
    lacks: Collection[str] = ()
    code: Callable[[BaseException], str] = _no_code
    compare_codes: bool = False
    renew: Callable[[RenewalAttempt, Context], Any] | None = None

    def __post_init__(self) -> None:
        """Raise for an unknown capability, which is a mistake in the adapter."""
        unknown = sorted(set(self.lacks) - CAPABILITIES.keys())
        if unknown:
            raise UsageError(
                f"no such capability: {', '.join(unknown)}", fix=f"use some of {', '.join(CAPABILITIES)}"
            )

    @property
    def lacking(self) -> frozenset[str]:
        """Return the capabilities that it lacks."""
        return frozenset(self.lacks) | (frozenset() if self.renew else {"renewal"})


def load(place: str) -> Verifier:
    """Load the verifier at `module:name`: a `Verifier` or a plain function. The current folder is searched too.

    Raises `UsageError`, also if the module fails to import.
    """
    module_name, _, name = place.partition(":")
    if not module_name or not name:
        raise UsageError(f"{place!r} is not a verifier", fix="write it as module:function")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
        for part in name.split("."):
            found = getattr(found, part)
    except Exception as error:
        raise UsageError(
            f"the verifier {place} cannot be imported: {type(error).__name__}: {error}",
            fix="run from the folder that holds the module, or install it",
        ) from error
    if isinstance(found, Verifier):
        return found
    if callable(found):
        return Verifier(found)
    raise UsageError(f"{place} is neither a function nor a seawall_tokens.conformance.Verifier")
