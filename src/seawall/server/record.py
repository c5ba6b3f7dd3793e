"""Check 15 at the gate: a line for every token that was allowed or refused, and for every question that was refused."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from seawall.tokens import decision

if TYPE_CHECKING:
    from seawall.server.judge import Case, Verdict
    from seawall.server.refusals import GateRefusal
    from seawall.tokens.refusals import Refusal


class Record:
    """Writes decisions to the log. Public paths are counted, not logged: there is no token to speak of."""

    def allowed(self, case: Case, verdict: Verdict, now: float) -> None:  # noqa: ARG002 - both ways of ending look alike
        """Log an allowed request."""
        token = verdict.token
        if token is not None:
            decision.log(
                decision.decide(
                    None,
                    header=token.header,
                    claims=token.claims,
                    thumbprint=token.key.thumbprint,
                    now=now,
                )
            )

    def refused(
        self, case: Case | None, refusal: Refusal | GateRefusal, now: float, *, dry_run: bool
    ) -> None:
        """Log a refused request with what is known of its token."""
        token = case.token if case is not None else None
        if token is not None:
            header, claims, thumbprint = token.header, token.claims, token.key.thumbprint
        else:
            header, claims = (
                decision.read_unverified(case.compact) if case is not None and case.compact else ({}, {})
            )
            thumbprint = None
        made = decision.decide(
            refusal,  # type: ignore[arg-type] # code and check, all that is asked of it, both families have
            header=header,
            claims=claims,
            thumbprint=thumbprint,
            now=now,
            dry_run=dry_run,
        )
        if token is not None:
            made = dataclasses.replace(made, verified=True, key="good")
        decision.log(made)
