"""Seawall's own verification, judged by the kit: every hostile token refused by its code, every control accepted."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from seawall_tokens.conformance.battery import cases
from seawall_tokens.conformance.case import Case
from seawall_tokens.conformance.run import run, run_case
from seawall_tokens.conformance.token_factory import TokenFactory
from seawall_tokens.refusals import REFUSALS
from seawall_tokens.verify import access_token, claim_checks, examination, key_checks
from seawall_tokens.verify.replay import MemoryReplayGuard
from seawall_tokens.verify.state import ExaminationState
from tests.every import check_every
from tests.tokens.conformance.seawall_verifier import binding_of, policy_of, verifier


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """The record of every refusal is not what is tested here."""
    caplog.set_level(logging.CRITICAL, "seawall")


def _is_judged_as_expected(case: Case) -> None:
    result = run_case(verifier, case)
    if case.is_hostile:
        assert (result.outcome, result.code) == ("refused", case.codes[0]), result.detail
    else:
        assert result.outcome == "accepted", result.detail
    assert result.fault == ""


def test_each_case() -> None:
    check_every(cases(), _is_judged_as_expected, name=lambda case: case.name)


def test_every_expected_code_exists() -> None:
    assert {code for case in cases() for code in case.codes} <= REFUSALS.keys()


NOT_SHOWN = {
    "internal": "nothing is known that causes it",
    "key-revoked": "a denied key is refused as revoked before its state is looked at",
    "key-source-unavailable": "the kit hands the key set over: it is there, or it is invalid",
    "revocations-unavailable": "the kit hands the revocations over",
    "issuer-mismatch": "an issuer that no policy names is unknown",
    "claim-not-allowed": "the kit has no conditions on the values of claims",
    "dpop-replay-unknown": "a guard that is full or broken",
    "dpop-nonce-required": "the kit has no nonces",
    "dpop-nonce-wrong": "the kit has no nonces",
    "scope-insufficient": "a service asks for scopes after the token was accepted",
}


def test_nearly_every_refusal_is_shown() -> None:
    """What the battery never brings about is named here, with the reason."""
    shown = {case.codes[0] for case in cases() if case.is_hostile}
    assert REFUSALS.keys() - shown == NOT_SHOWN.keys()


REMOVABLE: dict[int, Callable[[ExaminationState], None]] = {
    4: key_checks.check_key_issuer,
    5: key_checks.check_key_state,
    11: examination.check_revocations,
    2: key_checks.check_signature,
    7: claim_checks.check_type,
    8: claim_checks.check_issuer_and_tenant,
    9: claim_checks.check_claims,
    10: claim_checks.check_times,
    14: claim_checks.check_authentication,
    12: examination.check_binding,
}
"""Checks that nothing after them needs, by number."""


@pytest.mark.parametrize("number", REMOVABLE)
def test_the_battery_notices_a_missing_check(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verifier that leaves out one check lets hostile tokens in: the battery does not lean on others."""
    left_out = REMOVABLE[number]
    runs = tuple(check.run for check in examination.CHECKS)
    assert left_out in runs
    monkeypatch.setattr(access_token, "_RUNS", tuple(step for step in runs if step is not left_out))
    mine = [case for case in cases() if case.is_hostile and REFUSALS[case.codes[0]].check == number]
    let_in = [result.case.name for result in run(verifier, mine) if result.fault == "let-in"]
    assert len(let_in) >= 5, let_in
    if number == 4:
        assert {"storm-0558", "storm-0558-unmarked", "storm-0558-many"} <= set(let_in)


def test_what_explains_a_refusal_gives_the_same_reason() -> None:
    """`seawall token check` shows steps; over the whole battery they end as verification does."""
    for case in cases():
        presentation = case.build(TokenFactory())
        if presentation.renewal is not None or presentation.times > 1 or presentation.at_once > 1:
            continue
        context = presentation.context
        examined = examination.examine(
            presentation.token,
            policy_of(context),
            context.now,
            request=binding_of(context),
            replay=MemoryReplayGuard(),
        )
        expected = case.codes[0] if case.is_hostile else None
        assert (examined.refusal and examined.refusal.code) == expected, case.name
