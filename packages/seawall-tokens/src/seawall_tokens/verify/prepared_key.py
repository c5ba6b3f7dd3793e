"""A fit key with its verifying functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seawall_tokens.jose import signature
from seawall_tokens.jose.key import PublicKey


@dataclass(frozen=True, slots=True)
class PreparedKey:
    """A fit key, with its verifying function under each name of its one algorithm."""

    key: PublicKey
    verifiers: Mapping[str, signature.Verify]
