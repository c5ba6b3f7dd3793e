"""Every reason to refuse has one class, one code and one check."""

from __future__ import annotations

import re
from typing import Any

import pytest

from seawall_tokens.refusals import REFUSALS, Internal, Refusal


def _all(kind: type[Refusal]) -> set[type[Refusal]]:
    return {kind for child in kind.__subclasses__() for kind in (child, *_all(child))}


def test_every_class_has_its_own_code() -> None:
    assert set(REFUSALS.values()) == _all(Refusal)
    assert all(REFUSALS[code].code == code for code in REFUSALS)
    assert len(REFUSALS) == len(set(REFUSALS.values()))


@pytest.mark.parametrize("kind", REFUSALS.values(), ids=lambda kind: kind.code)
def test_every_class_says_what_it_is(kind: type[Refusal]) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.code)
    assert kind.__name__ == "".join(part.capitalize() for part in kind.code.split("-"))
    assert 0 <= kind.check <= 14
    assert kind.words.endswith(".")
    assert kind.source
    assert kind.status in {401, 403}
    assert str(kind()) == f"{kind.code}: {kind.words}"
    assert str(kind("claim exp")) == f"{kind.code}: {kind.words} (claim exp)"


def test_a_code_is_given_once() -> None:
    with pytest.raises(TypeError):
        type("Again", (Refusal,), {}, code="internal", check=0, source="")
    assert REFUSALS["internal"] is Internal


def test_where_another_token_would_not_help_no_new_one_is_asked_for() -> None:
    helpless = {
        kind.code
        for kind in REFUSALS.values()
        if kind.status == 403 and kind.challenge is None and kind.check != 13
    }
    assert helpless == {"internal", "dpop-replay-unknown", "key-source-unavailable",
                        "key-set-mixed", "key-set-invalid", "key-duplicate-kid",
                        "revocations-unavailable"}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "given", "challenge"),
    [
        ("expired", {}, 'Bearer error="invalid_token", error_description="The token has expired."'),
        ("token-missing", {}, "Bearer"),
        ("scope-insufficient", {"scopes": ("a", 'b"\r\n')},
         'Bearer error="insufficient_scope", error_description="The token lacks a scope that the request needs.", scope="a b"'),
        ("authentication-too-old", {"acr_values": ("phr",), "max_age": 300},
         ('Bearer error="insufficient_user_authentication", error_description="The sign-in was too long ago (auth_time).", '
         'acr_values="phr", max_age="300"')),
    ],
)  # fmt: skip
def test_the_challenge_of_an_answer(code: str, given: dict[str, Any], challenge: str) -> None:
    assert REFUSALS[code](**given).response_headers == {"WWW-Authenticate": challenge}


def test_a_proof_that_fails_is_answered_with_the_scheme_dpop() -> None:
    assert REFUSALS["dpop-replayed"]().response_headers["WWW-Authenticate"].startswith('DPoP algs="ES256 ')


def test_nothing_is_asked_of_the_client_where_the_fault_is_ours() -> None:
    assert REFUSALS["key-source-unavailable"]().response_headers == {}
