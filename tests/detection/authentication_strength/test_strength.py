"""What a sign-in was worth, from the columns of its event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seawall.detection.authentication_strength.strength import (
    CLAIMED,
    FEDERATED,
    LEGACY,
    METHOD_NAMES,
    MULTI,
    RESISTANT,
    RISK_UNTOLD,
    SINGLE,
    TEMPORARY,
    UNKNOWN,
    judge_strength,
)
from seawall.events.access_policy import PATHS


def said(*steps: tuple[str | None, ...], **more: Any) -> str:
    return json.dumps({"steps": [list(step) for step in steps], **more})


PASSWORD = ("Password", "Password in the cloud", "true", None)


@pytest.mark.parametrize(
    ("parameters", "level", "aal", "flags"),
    [
        (said(PASSWORD), SINGLE, 1, 0),
        (said(PASSWORD, ("Text message", None, "true", None)), MULTI, 2, 0),
        (said(PASSWORD, ("Mobile app notification", None, "false", "denied")), SINGLE, 1, 0),
        (said(("FIDO2 security key", None, "true", None)), RESISTANT, 3, 0),
        (said(("Passkey (FIDO2)", None, "true", None)), RESISTANT, 2, 0),
        (said(("Windows Hello for Business", None, "true", None)), RESISTANT, 3, 0),
        (said(("Temporary Access Pass", None, "true", None)), MULTI, 2, TEMPORARY),
        (said(("Previously satisfied", None, "true", "MFA requirement satisfied by claim in the token")), MULTI, 2, CLAIMED),
        (said((None, None, "false", "MFA requirement satisfied by claim in the token")), MULTI, 2, CLAIMED),
        (said(PASSWORD, requirement="multiFactorAuthentication"), MULTI, 2, CLAIMED),
        (said(("Password", "Federated", "true", None)), UNKNOWN, 0, FEDERATED),
        (said(("Email OTP", None, "true", None)), SINGLE, 1, 0),
        (said(("Some method of the future", None, "true", None)), UNKNOWN, 0, 0),
    ],
)  # fmt: skip
def test_steps_tell_the_level(parameters: str, level: int, aal: int, flags: int) -> None:
    strength = judge_strength("", "oauth", "success", "", parameters)
    assert (strength.level, strength.aal, strength.flags & ~RISK_UNTOLD) == (level, aal, flags)


def test_the_strongest_method_is_named() -> None:
    strength = judge_strength("", "", "success", "", said(PASSWORD, ("Phone call", None, "true", None)))
    assert METHOD_NAMES[strength.method] == "voice"


@pytest.mark.parametrize(
    ("method", "level", "flags"),
    [
        ("password", SINGLE, 0),
        ("mfa", MULTI, 0),
        ("mfa_claim", MULTI, CLAIMED),
        ("phishing_resistant", RESISTANT, 0),
        ("", UNKNOWN, 0),
    ],
)
def test_without_steps_the_column_tells(method: str, level: int, flags: int) -> None:
    strength = judge_strength(method, "", "success", "", "")
    assert (strength.level, strength.flags & ~RISK_UNTOLD) == (level, flags)


def test_a_legacy_protocol_is_one_factor_whatever_else_is_said() -> None:
    strength = judge_strength(
        "mfa_claim", "legacy", "success", "", said(requirement="multiFactorAuthentication")
    )
    assert (strength.level, strength.flags & LEGACY, PATHS[strength.path]) == (SINGLE, LEGACY, "legacy")


@pytest.mark.parametrize(
    "parameters", ["[]", "{", '{"steps": 3}', '{"steps": [[1, 2, 3, 4], "x", []]}', "[" * 5_000]
)
def test_hostile_parameters_tell_nothing(parameters: str) -> None:
    assert judge_strength("", "", "success", "", parameters).level == UNKNOWN
