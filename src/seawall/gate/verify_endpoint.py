"""`/verify` as a bare ASGI function: peer, question, decision, answer. Whatever goes wrong in it refuses."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from seawall.gate import refusals
from seawall.gate.answers import NOTHING, Answer, allowed, refused, would_refuse
from seawall.gate.judge import Case, Judge, Verdict
from seawall.gate.keys_at_hand import MustWait
from seawall.gate.metrics import NOBODY
from seawall.gate.original_request import is_in_line, read_request
from seawall.gate.record import Record
from seawall.web.error_log import log_unexpected_error
from seawall_tokens.refusals import Refusal

if TYPE_CHECKING:
    from seawall.gate.metrics import Metrics

Send = Callable[[dict[str, Any]], Awaitable[None]]

MOST_WAITING = 64
"""Decisions of one worker that wait for a thread at once. More are refused at once: waiting must not pile up."""

_log = logging.getLogger("seawall.gate")


class VerifyEndpoint:
    """Answers the questions of proxies. `judge` gives the present judge, None while there is none.

    `threads` decide what must wait for keys, `proofs` what notes a proof of the sender; neither holds up the other.
    """

    def __init__(
        self,
        judge: Callable[[], Judge | None],
        metrics: Metrics,
        record: Record,
        threads: Executor,
        proofs: Executor,
        *,
        dry_run: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._judge = judge
        self._metrics = metrics
        self._record = record
        self._threads = threads
        self._proofs = proofs
        self._dry_run = dry_run
        self._clock = clock
        self._waiting = 0

    async def __call__(self, scope: Mapping[str, Any], send: Send) -> None:
        """Answer one question."""
        answer = await self.answer(scope)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def answer(self, scope: Mapping[str, Any]) -> Answer:
        """The answer to one question. Raises nothing but cancellation."""
        begin = time.perf_counter()
        now = self._clock()
        case: Case | None = None
        refusal: Refusal | refusals.GateRefusal
        in_line = is_in_line(scope)
        try:
            judge = self._asked_by_a_proxy(scope)
            case = Case(read_request(scope, judge.settings))
            verdict = await self._decided(judge, case, now)
            answer = allowed(verdict.identity, in_line=in_line)
            self._record.allowed(verdict, now)
            self._metrics.decided("allow", verdict.issuer or NOBODY, "", time.perf_counter() - begin)
        except (Refusal, refusals.GateRefusal) as raised:
            refusal = raised
        except Exception as error:  # noqa: BLE001 - nothing that goes wrong here may end in an answer that allows
            refusal = refusals.Broken()
            log_unexpected_error(_log, "/verify", error)
        else:
            return answer
        return self._refused(refusal, case, now, begin, in_line=in_line)

    def _asked_by_a_proxy(self, scope: Mapping[str, Any]) -> Judge:
        judge = self._judge()
        if judge is None:
            raise refusals.NotReady
        peer = (scope.get("client") or ("?",))[0]
        if peer not in judge.settings.trusted_proxies:
            raise refusals.ProxyUnlisted(peer or "unix")
        return judge

    def _refused(
        self,
        refusal: Refusal | refusals.GateRefusal,
        case: Case | None,
        now: float,
        begin: float,
        *,
        in_line: bool,
    ) -> Answer:
        try:
            answer = (
                would_refuse(refusal, in_line=in_line)
                if self._dry_run
                else refused(refusal, case.asks if case else NOTHING)
            )
            claims = self._record.refused(case, refusal, now, dry_run=self._dry_run)
            outcome = "would-refuse" if self._dry_run else "refuse"
            self._metrics.decided(outcome, self._issuer_in(claims), refusal.code, time.perf_counter() - begin)
        except Exception as error:  # noqa: BLE001 - a record that cannot be made does not turn a refusal into anything else
            log_unexpected_error(_log, "/verify", error)
            return refused(refusals.Broken())
        return answer

    def _issuer_in(self, claims: Mapping[str, Any]) -> str:
        """The policy's name for the issuer that a token names, whoever wrote it; never a name that is not in the policy."""
        judge, issuer, tenant = self._judge(), claims.get("iss"), claims.get("tid")
        if judge is None or not isinstance(issuer, str):
            return NOBODY
        entry = judge.policy.issuer_of(issuer, tenant if isinstance(tenant, str) else None)
        return entry.name if entry is not None else NOBODY

    async def _decided(self, judge: Judge, case: Case, now: float) -> Verdict:
        """The verdict, at once where nothing must be waited for, else from a thread and within the settings' time."""
        try:
            if case.request.proofs:
                # Proofs are noted in a file that other workers may be writing: the event loop must not wait for them.
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._proofs, judge.decide, case, now)
            return judge.decide(case, now)
        except MustWait:
            return await self._waited_for(judge, case, now)

    async def _waited_for(self, judge: Judge, case: Case, now: float) -> Verdict:
        if self._waiting >= MOST_WAITING:
            raise refusals.TooSlow
        self._waiting += 1
        try:
            async with asyncio.timeout(judge.settings.patience):
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._threads, judge.decide, case, now)
        except TimeoutError:
            raise refusals.TooSlow from None
        finally:
            self._waiting -= 1
