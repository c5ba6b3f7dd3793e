"""Define every reason to refuse a token: `REFUSALS` by code, one module for each group of checks."""

from seawall_tokens.refusals import (
    authentication,
    claims,
    renewal,
    revoked,
    sender,
    signing_key,
    written_form,
)
from seawall_tokens.refusals.refusal import REFUSALS, Internal, Refusal

__all__ = [
    "REFUSALS",
    "Internal",
    "Refusal",
    "authentication",
    "claims",
    "renewal",
    "revoked",
    "sender",
    "signing_key",
    "written_form",
]
