"""How people sign in at an identity provider."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """To be filled."""
