"""`/verify` as a bare ASGI function: check the peer, read the request, authorise, respond. Every error is a refusal."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from seawall.gate import refusals
from seawall.gate.authorisation import AllowDecision, RequestAuthoriser, RequestContext
from seawall.gate.decision_log import DecisionLog
from seawall.gate.metrics import NOBODY
from seawall.gate.non_blocking_keys import KeyNotCached
from seawall.gate.original_request import is_in_line, read_request
from seawall.gate.responses import (
    NO_PARAMETERS,
    GateResponse,
    build_allow_response,
    build_dry_run_response,
    build_refusal_response,
)
from seawall.web.error_log import log_unexpected_error
from seawall_tokens.refusals import Refusal

if TYPE_CHECKING:
    from seawall.gate.metrics import Metrics

Send = Callable[[dict[str, Any]], Awaitable[None]]

MOST_WAITING = 64
"""Most decisions of a worker that wait for a thread; further ones are refused at once, so that waiting does not pile up."""

_log = logging.getLogger("seawall.gate")


class VerifyEndpoint:
    """Answer the requests of proxies. `authoriser` returns the present authoriser, None if there is none.

    `threads` run decisions that wait for keys, `proofs` those that record a DPoP proof; neither delays the other.
    """

    def __init__(
        self,
        authoriser: Callable[[], RequestAuthoriser | None],
        metrics: Metrics,
        decision_log: DecisionLog,
        threads: Executor,
        proofs: Executor,
        *,
        dry_run: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._authoriser = authoriser
        self._metrics = metrics
        self._decision_log = decision_log
        self._threads = threads
        self._proofs = proofs
        self._dry_run = dry_run
        self._clock = clock
        self._waiting = 0

    async def __call__(self, scope: Mapping[str, Any], send: Send) -> None:
        """Answer one request."""
        answer = await self.answer(scope)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def answer(self, scope: Mapping[str, Any]) -> GateResponse:
        """Return the response to one request. Raises nothing but cancellation."""
        begin = time.perf_counter()
        now = self._clock()
        context: RequestContext | None = None
        refusal: Refusal | refusals.GateRefusal
        in_line = is_in_line(scope)
        try:
            authoriser = self._check_proxy(scope)
            context = RequestContext(read_request(scope, authoriser.settings))
            allowed = await self._decide(authoriser, context, now)
            answer = build_allow_response(allowed.identity, in_line=in_line)
            self._decision_log.log_allowed(allowed, now)
            self._metrics.count_decision("allow", allowed.issuer or NOBODY, "", time.perf_counter() - begin)
        except (Refusal, refusals.GateRefusal) as raised:
            refusal = raised
        except Exception as error:  # noqa: BLE001 - no error may end in a response that allows
            refusal = refusals.GateBroken()
            log_unexpected_error(_log, "/verify", error)
        else:
            return answer
        return self._build_refusal(refusal, context, now, begin, in_line=in_line)

    def _check_proxy(self, scope: Mapping[str, Any]) -> RequestAuthoriser:
        authoriser = self._authoriser()
        if authoriser is None:
            raise refusals.NotReady
        peer = (scope.get("client") or ("?",))[0]
        if peer not in authoriser.settings.trusted_proxies:
            raise refusals.ProxyUnlisted(peer or "unix")
        return authoriser

    def _build_refusal(
        self,
        refusal: Refusal | refusals.GateRefusal,
        context: RequestContext | None,
        now: float,
        begin: float,
        *,
        in_line: bool,
    ) -> GateResponse:
        try:
            answer = (
                build_dry_run_response(refusal, in_line=in_line)
                if self._dry_run
                else build_refusal_response(refusal, context.challenge if context else NO_PARAMETERS)
            )
            claims = self._decision_log.log_refused(context, refusal, now, dry_run=self._dry_run)
            outcome = "would-refuse" if self._dry_run else "refuse"
            self._metrics.count_decision(
                outcome, self._issuer_in(claims), refusal.code, time.perf_counter() - begin
            )
        except Exception as error:  # noqa: BLE001 - a log line that fails does not change the refusal
            log_unexpected_error(_log, "/verify", error)
            return build_refusal_response(refusals.GateBroken())
        return answer

    def _issuer_in(self, claims: Mapping[str, Any]) -> str:
        """Return the policy's name of the issuer that a token claims, verified or not, `-` if it is not in the policy."""
        authoriser, issuer, tenant = self._authoriser(), claims.get("iss"), claims.get("tid")
        if authoriser is None or not isinstance(issuer, str):
            return NOBODY
        entry = authoriser.policy.issuer_of(issuer, tenant if isinstance(tenant, str) else None)
        return entry.name if entry is not None else NOBODY

    async def _decide(
        self, authoriser: RequestAuthoriser, context: RequestContext, now: float
    ) -> AllowDecision:
        """Authorise at once if nothing has to wait, else in a thread within the time limit."""
        try:
            if context.request.proofs:
                # Proofs are recorded in a file that other workers may lock: the event loop must not wait for it.
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._proofs, authoriser.authorise, context, now)
            return authoriser.authorise(context, now)
        except KeyNotCached:
            return await self._authorise_in_thread(authoriser, context, now)

    async def _authorise_in_thread(
        self, authoriser: RequestAuthoriser, context: RequestContext, now: float
    ) -> AllowDecision:
        if self._waiting >= MOST_WAITING:
            raise refusals.TooSlow
        self._waiting += 1
        try:
            async with asyncio.timeout(authoriser.settings.patience):
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._threads, authoriser.authorise, context, now)
        except TimeoutError:
            raise refusals.TooSlow from None
        finally:
            self._waiting -= 1
