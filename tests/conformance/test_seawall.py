"""Seawall's own verification, judged by the kit: every hostile token refused by its code, every control accepted."""

from __future__ import annotations

import pytest

from seawall.conformance.battery import cases
from seawall.conformance.case import Case
from seawall.conformance.run import judge
from seawall.tokens.refusals import REFUSALS
from tests.conformance.seawall_verifier import verifier


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_each_case(case: Case) -> None:
    result = judge(verifier, case)
    if case.hostile:
        assert (result.outcome, result.code) == ("refused", case.codes[0]), result.detail
    else:
        assert result.outcome == "accepted", result.detail
    assert result.fault == ""


def test_every_expected_code_exists() -> None:
    assert {code for case in cases() for code in case.codes} <= REFUSALS.keys()


NOT_SHOWN = {
    "internal": "nothing is known that causes it",
    "key-revoked": "a denied key is refused as revoked before its state is looked at",
    "key-source-unavailable": "the kit hands the key set over: it is there, or it is invalid",
    "revocations-unavailable": "the kit hands the revocations over",
    "issuer-mismatch": "an issuer that no policy names is unknown",
    "dpop-replay-unknown": "a guard that is full or broken",
    "dpop-nonce-required": "the kit has no nonces",
    "dpop-nonce-wrong": "the kit has no nonces",
}


def test_nearly_every_refusal_is_shown() -> None:
    """What the battery never brings about is named here, with the reason."""
    shown = {case.codes[0] for case in cases() if case.hostile}
    assert REFUSALS.keys() - shown == NOT_SHOWN.keys()
