"""One list of Entra's results: what Microsoft says of each, and that rooms and rules take their sets from it."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest
import yaml

from seawall.events.microsoft.entra_error_codes import INTERRUPTED_NAMES, is_interrupted
from seawall.events.microsoft.entra_results import (
    CODES,
    MISTAKEN,
    NO_DENIAL,
    NOT_GIVEN,
    PROMPT_DENIED,
    UNDOCUMENTED,
    factor_code,
    numbers,
)
from seawall.events.microsoft.entra_signin import row
from tests.detection.rules.vendor_records import sign_in

ROOT = Path(__file__).parents[2]
PACK = Path(str(resources.files("seawall.detection.rules") / "pack"))
FAILED = numbers("wrong-password", "locked", "password-expired", "no-account", "account-disabled")
SETS = {
    "prompt_bombing": numbers("second-factor-failed"),
    "prompt_approved_after_denial": numbers("second-factor-failed"),
    "password_spray": FAILED, "password_spray_slow": FAILED, "legacy_spray": FAILED,
    "password_guessing": numbers("wrong-password", "locked"),
    "accounts_locked_out": numbers("locked"),
    "policies_probed": numbers("policy"),
    "application_secret_guessed": numbers("application-credential"),
}  # fmt: skip


def test_each_result_is_there_once_with_microsofts_words_and_a_source() -> None:
    assert len({one.number for one in CODES}) == len(CODES)
    for one in CODES:
        assert one.number.isdigit()
        assert one.meanings
        assert one.source
        assert bool(one.text) is (one.source != UNDOCUMENTED), one.number


@pytest.mark.parametrize("number", ["50133", "500131", "50158", "50088", "50074", "50076", "50072"])
def test_what_is_no_denial_is_not_taken_for_one(number: str) -> None:
    """50133 is a session that a change of password ended; 500131 an assertion for somebody else; 50158 a challenge elsewhere;
    50088 a limit on telephone calls; 50074 and 50076 say that a second factor is required."""
    assert number not in NOT_GIVEN
    assert NOT_GIVEN == ("500121", PROMPT_DENIED)


def test_interrupts_are_the_same_by_number_and_by_name() -> None:
    for one in CODES:
        assert is_interrupted(one.number) is ("interrupted" in one.meanings)
        assert (one.name in INTERRUPTED_NAMES) is (bool(one.name) and "interrupted" in one.meanings)


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("MFA denied; user declined the authentication", "500121"),
        ("MFA Denied; user did not respond to mobile app notification", "500121"),
        ("MFA denied; Phone App Reported Fraud", "500121"),
        ("MFA denied; user hung up the phone call without succeeding the authentication", "500121"),
        (None, "500121"),
        ("MFA denied; user entered incorrect code", MISTAKEN),
        ("MFA denied; invalid mobile app verification code", MISTAKEN),
        ("MFA denied; unable to reach the user\u2019s phone", MISTAKEN),
        ("MFA denied; phone call went to voicemail", MISTAKEN),
    ],
)
def test_details_tell_a_denial_from_a_mistake(detail: str | None, expected: str) -> None:
    """Entra has one number for both; its details are those of the page on sign-in events of multifactor authentication."""
    assert factor_code("500121", detail) == expected
    assert factor_code("50074", detail) == "50074"


def test_details_are_read_from_the_status_or_else_from_the_last_step_that_failed() -> None:
    steps = [
        {"authenticationMethod": "Password", "succeeded": True, "authenticationStepResultDetail": "Correct password"},
        {"authenticationMethod": "Text message", "succeeded": False,
         "authenticationStepResultDetail": "MFA denied; user entered incorrect code"},
    ]  # fmt: skip
    by_step = row(sign_in(500121, authenticationDetails=steps))
    by_status = row(sign_in(500121, status={
        "errorCode": 500121, "failureReason": "Authentication failed during strong authentication request.",
        "additionalDetails": "MFA denied; user entered incorrect code"}))  # fmt: skip
    assert "MFA denied; user entered incorrect code" in by_step[:-1]
    assert "MFA denied; user entered incorrect code" in by_status[:-1]


@pytest.mark.parametrize("rule", SETS)
def test_the_packs_rules_ask_for_the_lists_numbers(rule: str) -> None:
    documents = list(yaml.safe_load_all((PACK / "microsoft" / f"{rule}.yml").read_text("utf-8")))
    asked = next(
        one["detection"]["selection"]["ResultType"] for one in documents
        if "detection" in one and one["detection"]["selection"]["ResultType"] != 0
    )  # fmt: skip
    assert {str(one) for one in (asked if isinstance(asked, list) else [asked])} == {*SETS[rule]}
    mistaken = [one["detection"]["mistaken"] for one in documents if "mistaken" in one.get("detection", {})]
    for said in mistaken:
        assert said == {"Status.additionalDetails|contains": list(NO_DENIAL)}


def test_every_result_that_a_rule_asks_for_is_in_the_list() -> None:
    known = {one.number for one in CODES} | {"0"}
    for path in sorted(PACK.glob("microsoft/*.yml")):
        text = path.read_text("utf-8")
        for block in re.findall(r"ResultType:((?:\s+- \d+)+|\s*\d+)", text):
            assert {*re.findall(r"\d+", block)} <= known, path.name


def test_no_room_has_a_list_of_its_own() -> None:
    pattern = re.compile(
        r"[\"'](?:50\d{3}|500\d{3}|53\d{3}|530032|65001|90094)[\"']|\b(?:500121|50133|500131|50158|50088)\b"
    )
    for path in sorted((ROOT / "src" / "seawall").rglob("*.py")):
        where = path.relative_to(ROOT / "src" / "seawall")
        if where.parts[0] != "lab" and where.as_posix() != "events/microsoft/entra_results.py":
            assert pattern.findall(path.read_text("utf-8")) == [], where
