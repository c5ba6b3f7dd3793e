"""A battery of hostile tokens that is thrown at any verifier."""

from seawall.conformance.context import (
    ANY_TENANT,
    Context,
    Grant,
    RenewalAttempt,
    Request,
    Revocation,
    Session,
    TrustedIssuer,
)
from seawall.conformance.verifier import CAPABILITIES, Refused, Verifier

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
