"""What `/verify` answers: 204 or 200 with who it is, or 401, 403, 503 with the challenge that fits. Nothing else exists."""

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


class Refused(Protocol):
    """What a refusal of a token or of the gate knows about itself."""

    @property
    def code(self) -> str: ...  # noqa: D102
    @property
    def words(self) -> str: ...  # noqa: D102
    @property
    def status(self) -> int: ...  # noqa: D102
    @property
    def challenge(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Asks:
    """What a challenge adds for the client.

    `acr_values` and `max_age` (seconds) say how to step up, `scopes` what is missing, `nonce` is for the next DPoP
    proof. `dpop`: the client used DPoP or must. `step_up`: this gate itself can be asked for the authentication.
    """

    acr_values: Sequence[str] = ()
    max_age: int | None = None
    scopes: Sequence[str] = ()
    nonce: str | None = None
    dpop: bool = False
    step_up: bool = False


NOTHING = Asks()


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response. A status of the 200s is made by `allowed` and `would_refuse` alone."""

    status: int
    headers: Headers
    body: bytes = b""


def allowed(identity: Headers, *, in_line: bool = False) -> Answer:
    """Go on, and this is who it is.

    `in_line`: the question stood in the request line behind `/verify`, as Envoy asks. Envoy takes 200 alone for a yes.
    """
    if in_line:
        return Answer(200, [*identity, NO_STORE, (b"content-length", b"0")])
    return Answer(204, [*identity, NO_STORE])


def would_refuse(refusal: Refused, *, in_line: bool = False) -> Answer:
    """Dry run: go on, though it would have been refused. Says nothing of who it is, because nobody vouches for that."""
    return allowed([*NOBODY, (WOULD_REFUSE, refusal.code.encode("ascii"))], in_line=in_line)


def refused(refusal: Refused, asks: Asks = NOTHING) -> Answer:
    """The refusal with its challenge (RFC 6750, 9449, 9470). A status that would not refuse becomes 403."""
    code = refusal.code.encode("ascii", "replace")
    status = refusal.status if refusal.status in {401, 403, 503} else 403
    headers: Headers = [(CODE, code), NO_STORE, (b"content-type", b"application/json")]
    if status == 401 or refusal.challenge is not None:
        headers.append((b"www-authenticate", challenge(refusal, asks).encode("ascii")))
    if asks.nonce is not None:
        headers.append((b"dpop-nonce", asks.nonce.encode("ascii")))
    if asks.step_up:
        headers.append((STEP_UP, b"/step-up/"))
    body = b'{"code":"%s"}' % code
    headers.append((b"content-length", b"%d" % len(body)))
    return Answer(status, headers, body)


def challenge(refusal: Refused, asks: Asks) -> str:
    """Return the value of `WWW-Authenticate`. Without an error to name it only says which schemes are understood."""
    return format_challenge(
        refusal, acr_values=asks.acr_values, max_age=asks.max_age, scopes=asks.scopes, dpop=asks.dpop
    )
