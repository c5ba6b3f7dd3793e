"""Run cases against a verifier one by one. No behaviour of the verifier stops the run."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from seawall_base.errors import UsageError
from seawall_tokens.conformance.case import Case
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.token_factory import TokenFactory
from seawall_tokens.conformance.verifier import Verifier

TIME_LIMIT: Final = 5.0
"""Seconds that a verifier has for one token."""

MOST_TIMEOUTS: Final = 10
"""Consecutive timeouts after which the remaining cases count as timed out without being presented."""

Outcome = Literal["refused", "accepted", "crashed", "timed-out", "not-covered"]
Fault = Literal["", "let-in", "control-refused", "crashed", "timed-out", "other-code"]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The outcome of one case. `detail` is an exception's type and message; `code` is the verifier's own.

    `early`: an earlier presentation was refused although it had to be accepted. `compared`: codes are compared.
    """

    case: Case
    outcome: Outcome
    code: str = ""
    detail: str = ""
    seconds: float = 0.0
    compared: bool = False
    early: bool = False

    @property
    def fault(self) -> Fault:
        """Return what is wrong with the outcome; empty if it is right or the case was not covered."""
        if self.outcome in {"crashed", "timed-out"}:
            return "crashed" if self.outcome == "crashed" else "timed-out"
        if self.early:
            return "control-refused"
        if self.case.is_hostile:
            if self.outcome == "accepted":
                return "let-in"
            wrong = self.compared and self.code not in self.case.codes
            return "other-code" if self.outcome == "refused" and wrong else ""
        return "control-refused" if self.outcome == "refused" else ""

    @property
    def is_unproved_control(self) -> bool:
        """Return whether this is a valid token that was presented and not accepted, for whatever reason."""
        return not self.case.is_hostile and self.outcome not in {"accepted", "not-covered"}


@dataclass(frozen=True, slots=True)
class _Answer:
    outcome: Outcome
    code: str = ""
    detail: str = ""


def run(
    verifier: Verifier, cases: Iterable[Case], *, limit: float = TIME_LIMIT, now: float | None = None
) -> Iterator[CaseResult]:
    """Judge `verifier` by `cases`, in order. Each token is made just before it is presented; `now` fixes the time.

    After `MOST_TIMEOUTS` consecutive timeouts no further token is presented: every remaining case is `timed-out`.
    """
    hanging = 0
    for case in cases:
        if hanging >= MOST_TIMEOUTS and not case.needs & verifier.lacking:
            yield CaseResult(case, "timed-out", detail=f"not shown: {hanging} cases before it had no answer")
            continue
        result = run_case(verifier, case, limit=limit, now=now)
        if result.outcome != "not-covered":
            hanging = hanging + 1 if result.outcome == "timed-out" else 0
        yield result


def run_case(
    verifier: Verifier, case: Case, *, limit: float = TIME_LIMIT, now: float | None = None
) -> CaseResult:
    """Judge `verifier` by one case. `limit` is seconds for each presentation."""
    missing = case.needs & verifier.lacking
    if missing:
        return CaseResult(case, "not-covered", detail=f"lacks {', '.join(sorted(missing))}")
    presentation = case.build(TokenFactory(now))
    begin = time.perf_counter()
    answer, early = _present(verifier, presentation, limit)
    spent = time.perf_counter() - begin
    return CaseResult(case, answer.outcome, answer.code, answer.detail, spent, verifier.compare_codes, early)


def _present(verifier: Verifier, presentation: Presentation, limit: float) -> tuple[_Answer, bool]:
    """Return the answer that counts, and whether an earlier presentation was wrongly refused."""

    def ask() -> _Answer | None:
        return _ask(verifier, presentation)

    if presentation.at_once > 1:
        return _of_several(_within(limit, ask, presentation.at_once))
    answer, turns = _Answer("accepted"), 0
    while turns < presentation.times and answer.outcome == "accepted":
        (answer,), turns = _within(limit, ask), turns + 1
    return answer, turns < presentation.times


def _of_several(answers: list[_Answer]) -> tuple[_Answer, bool]:
    """Judge simultaneous presentations, of which exactly one must be accepted."""
    for answer in answers:
        if answer.outcome in {"crashed", "timed-out"}:
            return answer, False
    passed = sum(answer.outcome == "accepted" for answer in answers)
    if passed > 1:
        return _Answer("accepted", detail=f"{passed} of {len(answers)} at once"), False
    return next(answer for answer in answers if answer.outcome == "refused"), passed == 0


def _ask(verifier: Verifier, presentation: Presentation) -> _Answer | None:
    """Present a token once. Return None if the verifier returned an awaitable instead of a verdict.

    Any exception that is not one of the verifier's refusals is a crash.
    """
    try:
        if presentation.renewal is not None and verifier.renew is not None:
            verdict = verifier.renew(presentation.renewal, presentation.context)
        else:
            verdict = verifier.verify(presentation.token, presentation.context)
    except verifier.refusals as refusal:
        return _judge_refusal(verifier, refusal)
    except BaseException as error:  # noqa: BLE001 - whatever a verifier throws is a result
        return _Answer("crashed", detail=_describe(error))
    if inspect.isawaitable(verdict):
        getattr(verdict, "close", lambda: None)()
        return None
    return _Answer("accepted" if verdict is not None and verdict is not False else "refused")


def _judge_refusal(verifier: Verifier, refusal: BaseException) -> _Answer:
    try:
        code = str(verifier.code(refusal))
    except Exception as error:  # noqa: BLE001 - the adapter's own mistake, said as one
        return _Answer("crashed", detail=_writable(f"code() failed: {_describe(error)}"))
    return _Answer("refused", _writable(code), _describe(refusal))


def _within(limit: float, ask: Callable[[], _Answer | None], count: int = 1) -> list[_Answer]:
    """Present in threads, all at the same moment. A verifier that hangs is abandoned."""
    boxes: list[list[_Answer | None]] = [[] for _ in range(count)]
    gate = threading.Barrier(count)

    def asking(box: list[_Answer | None]) -> None:
        gate.wait()
        box.append(ask())

    threads = [
        threading.Thread(target=asking, args=(box,), name="seawall-conformance", daemon=True) for box in boxes
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + limit
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    return [_answer_in(box, limit) for box in boxes]


def _answer_in(box: list[_Answer | None], limit: float) -> _Answer:
    if not box:
        return _Answer("timed-out", detail=f"no answer within {limit:g} s")
    if box[0] is None:
        raise UsageError(
            "the verifier is asynchronous: it returned something to be awaited",
            fix="wrap it in a function that runs it to its end, with asyncio.run for example",
        )
    return box[0]


def _describe(error: BaseException) -> str:
    try:
        text = str(error)[:160]
    except Exception:  # noqa: BLE001 - an exception that cannot say what it is
        text = ""
    name = type(error).__name__
    return _writable(f"{name}: {text}" if text else name)


def _writable(text: str) -> str:
    """Replace lone surrogates, which no report can encode."""
    return text.encode("utf-8", "backslashreplace").decode()


def document(results: Iterable[CaseResult]) -> list[dict[str, Any]]:
    """Return the results as JSON values."""
    return [
        {
            "name": result.case.name,
            "family": result.case.family,
            "hostile": result.case.is_hostile,
            "outcome": result.outcome,
            "fault": result.fault,
            "harm": result.case.harm,
            "attack": result.case.attack,
            "source": result.case.source,
            "expected": list(result.case.codes),
            "code": result.code,
            "detail": result.detail,
            "milliseconds": round(result.seconds * 1000, 3),
        }
        for result in results
    ]
