"""Verify access tokens: fifteen numbered checks, every refusal one class with a stable code.

`__all__` lists the public names; each is imported at first access. The conformance kit, which judges other verifiers,
has its own public names: `seawall_tokens.conformance`.

PYTEST_DONT_REWRITE: the package contains a pytest plugin and no assertions, so pytest must neither rewrite it nor
warn that it was imported earlier.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seawall_tokens.policy.file import load_policy
    from seawall_tokens.policy.issuer_policy import IssuerPolicy, Policy
    from seawall_tokens.refusals import Refusal
    from seawall_tokens.refusals.renewal import RenewalReused
    from seawall_tokens.revocation.entry import Revocation
    from seawall_tokens.revocation.follower import RevocationFollower
    from seawall_tokens.revocation.store import RevocationStore
    from seawall_tokens.signals.effects import interpret_event_token
    from seawall_tokens.signals.event_token import (
        SignalRefused,
        Transmitter,
        Transmitters,
        transmitter_policy,
    )
    from seawall_tokens.verify.access_token import AccessToken, verify_access_token
    from seawall_tokens.verify.examination import examine
    from seawall_tokens.verify.jws import Jws, verify_jws
    from seawall_tokens.verify.renewal import (
        Binding,
        Grant,
        RenewalRequest,
        Session,
        check_renewal,
        revocation_after_reuse,
    )
    from seawall_tokens.verify.replay import MemoryReplayGuard, Nonces, SharedReplayGuard
    from seawall_tokens.verify.request_binding import RequestBinding

__all__ = [
    "AccessToken",
    "Binding",
    "Grant",
    "IssuerPolicy",
    "Jws",
    "MemoryReplayGuard",
    "Nonces",
    "Policy",
    "Refusal",
    "RenewalRequest",
    "RenewalReused",
    "RequestBinding",
    "Revocation",
    "RevocationFollower",
    "RevocationStore",
    "Session",
    "SharedReplayGuard",
    "SignalRefused",
    "Transmitter",
    "Transmitters",
    "check_renewal",
    "examine",
    "interpret_event_token",
    "load_policy",
    "revocation_after_reuse",
    "transmitter_policy",
    "verify_access_token",
    "verify_jws",
]

_MODULES = {
    "policy.file": ("load_policy",),
    "policy.issuer_policy": ("IssuerPolicy", "Policy"),
    "refusals": ("Refusal",),
    "refusals.renewal": ("RenewalReused",),
    "revocation.entry": ("Revocation",),
    "revocation.follower": ("RevocationFollower",),
    "revocation.store": ("RevocationStore",),
    "signals.effects": ("interpret_event_token",),
    "signals.event_token": ("SignalRefused", "Transmitter", "Transmitters", "transmitter_policy"),
    "verify.access_token": ("AccessToken", "verify_access_token"),
    "verify.examination": ("examine",),
    "verify.jws": ("Jws", "verify_jws"),
    "verify.renewal": (
        "Binding",
        "Grant",
        "RenewalRequest",
        "Session",
        "check_renewal",
        "revocation_after_reuse",
    ),
    "verify.replay": ("MemoryReplayGuard", "Nonces", "SharedReplayGuard"),
    "verify.request_binding": ("RequestBinding",),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name at first access, so that importing one module loads no other."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return all names including the lazily imported ones, for completion."""
    return sorted({*globals(), *__all__})
