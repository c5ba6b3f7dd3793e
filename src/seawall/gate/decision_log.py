"""Check 15 at the gate: log every decision about a token, and every other refused request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from seawall.gate.refusals import GateRefusal
from seawall_tokens.verify import decision

if TYPE_CHECKING:
    from seawall.gate.authorisation import AllowDecision, RequestContext
    from seawall_tokens.refusals import Refusal


class DecisionLog:
    """Write decisions as JSON lines with `write`. Requests to public paths are counted but not logged: they have no token."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def log_allowed(self, allowed: AllowDecision, now: float) -> None:
        """Log an allowed request. The line of a token is cached, because only its time differs between requests."""
        verified = allowed.verified
        if verified is None:
            return
        if verified.line is None:
            token = verified.token
            verified.line = decision.split_accepted_line(token.header, token.claims, token.key.thumbprint)
        before, after = verified.line
        self._write(f"{before}{round(now, 3)}{after}")

    def log_refused(
        self, context: RequestContext | None, refusal: Refusal | GateRefusal, now: float, *, dry_run: bool
    ) -> Mapping[str, Any]:
        """Log a refused request with the facts about its token; return the token's claims, which may be unverified."""
        token = context.verified.token if context is not None and context.verified is not None else None
        if token is not None:
            header, claims, thumbprint = token.header, token.claims, token.key.thumbprint
        else:
            header, claims = (
                decision.read_unverified(context.compact) if context and context.compact else ({}, {})
            )
            thumbprint = None
        line = decision.decide(
            refusal,  # type: ignore[arg-type] # only code and check are read, which both families have
            header=header,
            claims=claims,
            thumbprint=thumbprint,
            now=now,
            dry_run=dry_run,
            verified=True if token is not None else None,
        ).line()
        if isinstance(refusal, GateRefusal) and refusal.detail:
            line = f'{line.removesuffix("}")}, "detail": {json.dumps(decision.harmless(refusal.detail))}}}'
        self._write(line)
        return claims
