"""The gate's decision, judged by the kit: between header and verdict nothing is lost and nothing is added."""

from __future__ import annotations

import logging

import pytest

from seawall_tokens.conformance.battery import cases
from seawall_tokens.conformance.case import Case
from seawall_tokens.conformance.run import run_case
from tests.every import check_every
from tests.tokens.conformance.gate_verifier import verifier

NOT_IN_A_HEADER = {
    "blank-before": "any number of blanks may stand between scheme and token (RFC 9110 section 11.4)"
}


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """The record of every refusal is not what is tested here."""
    caplog.set_level(logging.CRITICAL, "seawall")


def _is_judged_as_expected(case: Case) -> None:
    result = run_case(verifier, case)
    assert result.outcome == ("refused" if case.is_hostile else "accepted"), result.detail
    assert result.fault == "", f"{result.code}: {result.detail}"


def test_each_case() -> None:
    in_a_header = [case for case in cases((), tuple(NOT_IN_A_HEADER)) if "renewal" not in case.needs]
    check_every(in_a_header, _is_judged_as_expected, name=lambda case: case.name)
