"""What a request brings beside its token, to prove who sends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from seawall_tokens.verify.replay import Nonces

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBinding:
    """What a request brings beside its token.

    `url` is the absolute URL as the client called it, before any proxy. `proofs` are all `DPoP` header fields, one each.
    `certificate` is the client certificate that the TLS end has verified the possession of: DER, or PEM as a proxy
    passes it on. With `nonces` a proof must carry a nonce of this server.
    """

    method: str
    url: str
    scheme: Literal["Bearer", "DPoP"] = "Bearer"
    proofs: tuple[str, ...] = ()
    certificate: bytes | None = None
    nonces: Nonces | None = None
