"""Test any token verifier with a battery of hostile tokens."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seawall_tokens.conformance.context import (
        ANY_TENANT,
        Context,
        Grant,
        RenewalAttempt,
        Request,
        Revocation,
        Session,
        TrustedIssuer,
    )
    from seawall_tokens.conformance.verifier import CAPABILITIES, Refused, Verifier

__all__ = [
    "ANY_TENANT",
    "CAPABILITIES",
    "Context",
    "Grant",
    "Refused",
    "RenewalAttempt",
    "Request",
    "Revocation",
    "Session",
    "TrustedIssuer",
    "Verifier",
]


def __getattr__(name: str) -> Any:
    """Import a public name at first access: pytest imports this package in every run, for its plugin."""
    if name not in __all__:
        raise AttributeError(name)
    place = "verifier" if name in {"CAPABILITIES", "Refused", "Verifier"} else "context"
    return getattr(import_module(f"seawall_tokens.conformance.{place}"), name)
