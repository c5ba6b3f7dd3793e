"""`acr`, `amr` and `auth_time` in the forms that issuers write, and none that two readers read differently."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from seawall.gate import requirements
from seawall.gate.identity import identity_headers
from tests.tokens.judging import code
from tests.tokens.minting import NOW, claims, policy, token


def _written(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.250Z")


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"acr": 1}, "accepted"),
        ({"acr": 0}, "accepted"),
        ({"acr": "1"}, "accepted"),
        ({"acr": ""}, "claim-malformed"),
        ({"acr": True}, "claim-malformed"),
        ({"acr": 1.0}, "claim-malformed"),
        ({"acr": None}, "claim-malformed"),
        ({"acr": ["1"]}, "claim-malformed"),
        ({"amr": "pwd"}, "accepted"),
        ({"amr": ["pwd", "mfa"]}, "accepted"),
        ({"amr": []}, "accepted"),
        ({"amr": ""}, "claim-malformed"),
        ({"amr": "pwd mfa"}, "claim-malformed"),
        ({"amr": "pwd\tmfa"}, "claim-malformed"),
        ({"amr": None}, "claim-malformed"),
        ({"amr": [1]}, "claim-malformed"),
        ({"amr": {"mfa": True}}, "claim-malformed"),
        ({"auth_time": NOW}, "accepted"),
        ({"auth_time": "2020-03-24T07:30:55.566Z"}, "accepted"),
        ({"auth_time": "2020-03-24T07:30:55+01:00"}, "accepted"),
        ({"auth_time": "2020-03-24T07:30:55"}, "time-malformed"),
        ({"auth_time": "2020-13-24T07:30:55Z"}, "time-malformed"),
        ({"auth_time": "1790000000"}, "time-malformed"),
        ({"auth_time": "1969-12-31T00:00:00Z"}, "time-malformed"),
        ({"auth_time": None}, "time-malformed"),
        ({"auth_time": True}, "time-malformed"),
    ],
)
def test_forms_that_issuers_write(changes: dict[str, Any], verdict: str) -> None:
    """`acr: 1` and `amr: "pwd"` were claim-malformed; AD FS writes `auth_time` as a text."""
    assert code(token(claims(**changes))) == verdict


def test_a_demand_is_met_by_any_of_the_forms() -> None:
    strong = policy(acr_values=("2",), required_amr=frozenset({"mfa"}), max_authentication_age=3600)
    met = {"acr": 2, "amr": "mfa", "auth_time": _written(NOW - 100)}
    given = requirements.authentication_of_claims(met)
    assert (given.acr, given.amr, given.at) == ("2", frozenset({"mfa"}), NOW - 100 + 0.25)
    assert code(token(claims(**met)), strong) == "accepted"
    for changes, verdict in (
        ({"acr": 1}, "acr-insufficient"),
        ({"amr": "pwd"}, "amr-insufficient"),
        ({"auth_time": _written(NOW - 9000)}, "authentication-too-old"),
    ):
        assert code(token(claims(**met | changes)), strong) == verdict


def test_the_gate_hands_on_a_number_as_text() -> None:
    assert dict(identity_headers({"acr": 1, "amr": "pwd"}))[b"x-auth-acr"] == b"1"
    assert dict(identity_headers({"acr": 1, "amr": "pwd"}))[b"x-auth-amr"] == b"pwd"
    assert dict(identity_headers({"acr": True}))[b"x-auth-acr"] == b""
    assert requirements.authentication_of_claims(
        {"acr": True, "amr": {}, "auth_time": "now"}
    ) == requirements.Authentication(None, frozenset(), None)
