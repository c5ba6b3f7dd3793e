"""Describe the request that carries a token, as far as it proves the sender."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from seawall_tokens.verify.replay import Nonces

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBinding:
    """The sender proofs of a request.

    `url` is the absolute URL as the client called it, before any proxy. `proofs` are all `DPoP` header fields, one
    each. `certificate` is the client certificate whose possession the TLS endpoint verified: DER, or PEM as a proxy
    forwards it. With `nonces` a proof must carry a nonce of this server.
    """

    method: str
    url: str
    scheme: Literal["Bearer", "DPoP"] = "Bearer"
    proofs: tuple[str, ...] = ()
    certificate: bytes | None = None
    nonces: Nonces | None = None
