"""Responses of `/verify`: 204 or 200 with the identity, or 401, 403 or 503 with a challenge. There are no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from seawall.gate.identity import NOBODY
from seawall_tokens.refusals.challenge import format_challenge

Headers = list[tuple[bytes, bytes]]

CODE = b"x-seawall-code"
STEP_UP = b"x-seawall-step-up"
WOULD_REFUSE = b"x-seawall-would-refuse"
NO_STORE = (b"cache-control", b"no-store")


class AnyRefusal(Protocol):
    """The attributes that refusals of a token and of the gate share."""

    @property
    def code(self) -> str: ...  # noqa: D102
    @property
    def words(self) -> str: ...  # noqa: D102
    @property
    def status(self) -> int: ...  # noqa: D102
    @property
    def challenge(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class ChallengeParameters:
    """Parameters of a challenge.

    `acr_values` and `max_age` (seconds) state the required authentication, `scopes` the missing ones; `nonce` is for the
    next DPoP proof. `dpop`: the client used DPoP or must use it. `step_up`: this gate itself offers the authentication.
    """

    acr_values: Sequence[str] = ()
    max_age: int | None = None
    scopes: Sequence[str] = ()
    nonce: str | None = None
    dpop: bool = False
    step_up: bool = False


NO_PARAMETERS = ChallengeParameters()
WITH_DPOP = ChallengeParameters(dpop=True)
"""The parameters that most requests need, made once."""


@dataclass(slots=True)
class GateResponse:
    """A complete response. Only `build_allow_response` and `build_dry_run_response` create a status of the 200s."""

    status: int
    headers: Headers
    body: bytes = b""


def build_allow_response(identity: Headers, *, in_line: bool = False) -> GateResponse:
    """Return the response that allows the request, with its identity.

    `in_line`: the original path follows `/verify` in the request line, as Envoy sends it. Envoy accepts only status 200.
    """
    if in_line:
        return GateResponse(200, [*identity, NO_STORE, (b"content-length", b"0")])
    return GateResponse(204, [*identity, NO_STORE])


def build_dry_run_response(refusal: AnyRefusal, *, in_line: bool = False) -> GateResponse:
    """Return the response of a dry run for a refused request: allowed, but without identity, because nothing was verified."""
    return build_allow_response([*NOBODY, (WOULD_REFUSE, refusal.code.encode("ascii"))], in_line=in_line)


def build_refusal_response(
    refusal: AnyRefusal, parameters: ChallengeParameters = NO_PARAMETERS
) -> GateResponse:
    """Return the refusal with its challenge (RFC 6750, 9449, 9470). A status outside 401, 403 and 503 becomes 403."""
    code = refusal.code.encode("ascii", "replace")
    status = refusal.status if refusal.status in {401, 403, 503} else 403
    headers: Headers = [(CODE, code), NO_STORE, (b"content-type", b"application/json")]
    if status == 401 or refusal.challenge is not None:
        headers.append((b"www-authenticate", build_challenge(refusal, parameters).encode("ascii")))
    if parameters.nonce is not None:
        headers.append((b"dpop-nonce", parameters.nonce.encode("ascii")))
    if parameters.step_up:
        headers.append((STEP_UP, b"/step-up/"))
    body = b'{"code":"%s"}' % code
    headers.append((b"content-length", b"%d" % len(body)))
    return GateResponse(status, headers, body)


def build_challenge(refusal: AnyRefusal, parameters: ChallengeParameters) -> str:
    """Return the value of `WWW-Authenticate`. Without an error it only names the supported schemes."""
    return format_challenge(
        refusal,
        acr_values=parameters.acr_values,
        max_age=parameters.max_age,
        scopes=parameters.scopes,
        dpop=parameters.dpop,
    )
