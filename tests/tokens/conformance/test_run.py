"""The runner: what a verifier may do, and what is said of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from seawall_base.errors import UsageError
from seawall_tokens.conformance import Context, Refused, RenewalAttempt, Verifier
from seawall_tokens.conformance import verifier as verifiers
from seawall_tokens.conformance.battery import cases, with_baseline
from seawall_tokens.conformance.case import Case
from seawall_tokens.conformance.matrix import LEVELS, failing, faulty, has_passed, rows, totals, void_reason
from seawall_tokens.conformance.run import MOST_TIMEOUTS, CaseResult, document, run, run_case

(HOSTILE,) = cases(("storm-0558",))
(CONTROL,) = cases(("form-sound",))
(TWICE,) = cases(("dpop-replayed",))
(AT_ONCE,) = cases(("dpop-replayed-at-once",))
(RENEWAL,) = cases(("renewal-sound",))
(MANY,) = cases(("storm-0558-many",))


def accepts(token: str, context: Context) -> dict[str, Any]:
    return {"sub": token[:3] + context.audience}


def raises(error: BaseException) -> Callable[[str, Context], Any]:
    def verify(token: str, context: Context) -> Any:
        raise error

    return verify


@pytest.mark.parametrize(
    ("verify", "outcome", "hostile_fault", "control_fault"),
    [
        (accepts, "accepted", "let-in", ""),
        (lambda token, context: True, "accepted", "let-in", ""),
        (lambda token, context: {}, "accepted", "let-in", ""),
        (lambda token, context: None, "refused", "", "control-refused"),
        (lambda token, context: False, "refused", "", "control-refused"),
        (raises(Refused()), "refused", "", "control-refused"),
        (raises(ValueError("x")), "crashed", "crashed", "crashed"),
        (raises(RecursionError()), "crashed", "crashed", "crashed"),
        (raises(SystemExit(0)), "crashed", "crashed", "crashed"),
        (raises(KeyboardInterrupt()), "crashed", "crashed", "crashed"),
    ],
)
def test_every_answer_has_one_meaning(
    verify: Callable[[str, Context], Any], outcome: str, hostile_fault: str, control_fault: str
) -> None:
    hostile, control = run_case(Verifier(verify), HOSTILE), run_case(Verifier(verify), CONTROL)
    assert (hostile.outcome, hostile.fault) == (outcome, hostile_fault)
    assert (control.outcome, control.fault) == (outcome, control_fault)


def test_named_exceptions_are_refusals_and_others_are_not() -> None:
    refused = run_case(Verifier(raises(LookupError("no such key")), refusals=(LookupError,)), HOSTILE)
    assert (refused.outcome, refused.detail) == ("refused", "LookupError: no such key")
    assert run_case(Verifier(raises(KeyError("kid")), refusals=(LookupError,)), HOSTILE).outcome == "refused"
    assert run_case(Verifier(raises(TypeError("x")), refusals=(LookupError,)), HOSTILE).fault == "crashed"


def test_a_verifier_that_hangs_is_left_behind() -> None:
    begin = time.monotonic()
    result = run_case(Verifier(lambda token, context: time.sleep(30)), HOSTILE, limit=0.2)
    assert (result.outcome, result.fault) == ("timed-out", "timed-out")
    assert time.monotonic() - begin < 20


def test_what_is_lacking_is_not_covered_and_never_passed() -> None:
    verifier = Verifier(accepts, lacks={"tenants"})
    result = run_case(verifier, MANY)
    assert (result.outcome, result.fault, result.detail) == ("not-covered", "", "lacks tenants")
    assert totals([result])["refused"] == 0
    assert run_case(verifier, RENEWAL).outcome == "not-covered"
    assert failing([result], "accepted") == []
    assert failing([result], "not-covered") == [result]


def test_renewals_are_asked_of_renew_alone() -> None:
    asked: list[RenewalAttempt] = []

    def renew(attempt: RenewalAttempt, context: Context) -> bool:
        asked.append(attempt)
        return attempt.credential in context.grants

    assert run_case(Verifier(raises(ValueError("not me")), renew=renew), RENEWAL).outcome == "accepted"
    assert len(asked) == 1


def test_of_two_presentations_the_last_counts_and_the_first_must_pass() -> None:
    answers = iter([True, False])
    assert run_case(Verifier(lambda token, context: next(answers)), TWICE).fault == ""
    assert run_case(Verifier(accepts), TWICE).fault == "let-in"
    early = run_case(Verifier(lambda token, context: None), TWICE)
    assert (early.outcome, early.early, early.fault) == ("refused", True, "control-refused")
    assert totals([early])["refused"] == 0


def test_of_presentations_at_once_exactly_one_may_pass() -> None:
    lock, seen = threading.Lock(), set()

    def once(token: str, context: Context) -> bool:
        with lock:
            new = context.request.proofs not in seen
            seen.add(context.request.proofs)
            return new

    def hasty(token: str, context: Context) -> bool:
        new = context.request.proofs not in seen
        time.sleep(0.5)
        seen.add(context.request.proofs)
        return new

    assert run_case(Verifier(once), AT_ONCE).fault == ""
    result = run_case(Verifier(hasty), AT_ONCE)
    assert result.fault == "let-in"
    assert result.detail.endswith("of 8 at once")
    assert run_case(Verifier(lambda token, context: None), AT_ONCE).fault == "control-refused"
    assert run_case(Verifier(raises(ValueError())), AT_ONCE).fault == "crashed"


def test_a_code_that_cannot_be_told_is_a_crash() -> None:
    def code(error: BaseException) -> str:
        raise KeyError(error)

    result = run_case(Verifier(raises(Refused("x")), code=code), HOSTILE)
    assert result.fault == "crashed"
    assert result.detail.startswith("code() failed: KeyError")


def test_codes_are_compared_where_the_verifier_has_them() -> None:
    right = Verifier(raises(Refused("key-issuer-mismatch")), compare_codes=True)
    wrong = Verifier(raises(Refused("expired")), compare_codes=True)
    assert run_case(right, HOSTILE).fault == ""
    assert (run_case(wrong, HOSTILE).fault, run_case(wrong, HOSTILE).code) == ("other-code", "expired")
    assert run_case(Verifier(raises(Refused("expired"))), HOSTILE).fault == ""


async def awaited(token: str, context: Context) -> bool:
    return True


def test_an_asynchronous_verifier_is_not_taken_for_one_that_accepts() -> None:
    with pytest.raises(UsageError, match="asynchronous"):
        run_case(Verifier(awaited), CONTROL)


def test_an_unknown_capability_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="no such capability: telepathy"):
        Verifier(accepts, lacks=["telepathy"])


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nothing", "is not a verifier"),
        (":x", "is not a verifier"),
        ("no_such_module_here:x", "cannot be imported"),
        ("seawall_tokens.conformance:no_such_name", "cannot be imported"),
        ("seawall_tokens.conformance:CAPABILITIES", "neither a function"),
    ],
)
def test_a_wrong_place_is_said(place: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        verifiers.load(place)


def test_functions_and_verifiers_are_loaded() -> None:
    assert verifiers.load("tests.tokens.conformance.test_run:accepts").verify is accepts
    assert verifiers.load("tests.tokens.conformance.seawall_verifier:verifier").compare_codes


def test_a_verifier_that_accepts_everything_is_found_out() -> None:
    chosen = cases(("form", "time"))
    results = list(run(Verifier(accepts), chosen))
    total = totals(results)
    assert total["accepted"] == total["hostile"] == sum(case.is_hostile for case in chosen)
    assert sum(total["let_in"].values()) == total["accepted"]
    assert total["controls_accepted"] == total["controls"]
    assert [row["family"] for row in rows(results)] == ["form", "time"]


def test_a_verifier_that_refuses_everything_is_found_out() -> None:
    results = list(run(Verifier(lambda token, context: None), cases(("form",))))
    assert totals(results)["accepted"] == 0
    assert {result.case.name for result in failing(results, "accepted")} == {"form-sound", "form-es256"}


@pytest.mark.parametrize(
    "verify",
    [
        raises(ValueError("always")),
        raises(SystemExit(0)),
        raises(Refused()),
        lambda token, context: None,
        lambda token, context: False,
        accepts,
    ],
    ids=["crashes", "exits", "refuses", "none", "false", "accepts"],
)
@pytest.mark.parametrize("level", LEVELS)
def test_no_verifier_passes_that_gives_every_token_one_answer(
    verify: Callable[[str, Context], Any], level: Any
) -> None:
    """A verifier that crashed on all 700 tokens passed: "0 of 639 refused, 0 of 61 controls accepted", exit 0."""
    results = list(run(Verifier(verify), cases(("form", "binding"))))
    assert not has_passed(results, level)
    assert bool(failing(results, level)) == (level != "never")


def test_one_control_that_crashes_or_hangs_fails_at_every_level() -> None:
    for outcome in ("crashed", "timed-out", "refused"):
        results = [_result(CONTROL, "accepted"), _result(HOSTILE, "refused"), _result(CONTROL, outcome)]
        assert [len(failing(results, level)) for level in LEVELS] == [1, 1, 1, 1, 0]
        assert not has_passed(results, "accepted")


def test_a_verifier_that_never_answers_is_given_up() -> None:
    """Ten unanswered tokens are enough: the rest, an hour of waiting, is counted as unanswered and not shown."""
    shown: list[str] = []
    wait = threading.Event()

    def hangs(token: str, context: Context) -> None:
        shown.append(token)
        wait.wait()

    chosen = (*cases(("form",)), *cases(("revocation",)))
    results = list(run(Verifier(hangs, lacks=["revocation"]), chosen, limit=0.01))
    wait.set()
    assert len(shown) == MOST_TIMEOUTS
    assert sum(result.outcome == "timed-out" for result in results) == len(cases(("form",)))
    assert not has_passed(results, "accepted")


def test_a_slow_verifier_is_not_given_up() -> None:
    turns = iter(range(1000))

    def sometimes(token: str, context: Context) -> None:
        if next(turns) % 2:
            time.sleep(0.5)

    results = list(run(Verifier(sometimes), cases(("form",))[:24], limit=0.05))
    assert {result.detail for result in results if result.outcome == "timed-out"} == {
        "no answer within 0.05 s"
    }


def test_a_choice_without_a_sound_token_is_given_one() -> None:
    """`--only storm-0558` against a verifier that crashes always had nothing to show that it ever accepts a token."""
    assert [case.name for case in with_baseline((HOSTILE,))] == ["form-sound", "storm-0558"]
    assert [case.name for case in with_baseline((RENEWAL,))] == ["form-sound", "renewal-sound"]
    assert with_baseline((CONTROL, HOSTILE)) == (CONTROL, HOSTILE)


def test_a_run_in_which_nothing_was_shown_does_not_pass() -> None:
    lacking = Verifier(accepts, lacks=["revocation"])
    results = list(run(lacking, with_baseline(cases(("revocation",)))))
    assert void_reason(results).startswith("no hostile token was shown")
    assert not has_passed(results, "accepted")
    assert void_reason([]) == "no sound token was accepted"
    assert void_reason([_result(CONTROL, "accepted")]) == ""


def _result(case: Case, outcome: Any, **more: Any) -> CaseResult:
    return CaseResult(case, outcome, **more)


def test_levels_grow_stricter_and_the_worst_comes_first() -> None:
    results = [
        _result(HOSTILE, "refused", code="x", compared=True),
        _result(HOSTILE, "timed-out"),
        _result(HOSTILE, "crashed"),
        _result(HOSTILE, "accepted"),
        _result(CONTROL, "refused"),
        _result(MANY, "not-covered"),
        _result(CONTROL, "accepted"),
    ]
    counts = {level: len(failing(results, level)) for level in LEVELS}
    assert counts == {"accepted": 2, "crashed": 4, "code": 5, "not-covered": 6, "never": 0}
    order = [result.fault for result in faulty(results)]
    assert order == ["control-refused", "let-in", "crashed", "timed-out", "other-code"]


def test_an_exception_that_cannot_speak_is_a_crash_too() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    result = run_case(Verifier(raises(Mute())), HOSTILE)
    assert (result.outcome, result.detail) == ("crashed", "Mute")
    assert run_case(Verifier(raises(ValueError("\ud800"))), HOSTILE).detail == "ValueError: \\ud800"


def test_the_document_has_no_token() -> None:
    seen: list[str] = []

    def verify(token: str, context: Context) -> None:
        seen.append(token)

    (written,) = document(run(Verifier(verify), [HOSTILE]))
    assert seen[0] not in repr(written)
    assert written["name"] == "storm-0558"
    assert written["expected"] == ["key-issuer-mismatch"]
