"""Every refusal becomes a 401, 403 or 503 with the challenge of its standard."""

from __future__ import annotations

import pytest

from seawall.gate.refusals import GATE_REFUSALS, GateRefusal, PathScopeInsufficient, StepUpNeeded
from seawall.gate.responses import (
    NO_PARAMETERS,
    ChallengeParameters,
    build_allow_response,
    build_dry_run_response,
    build_refusal_response,
)
from seawall_tokens.refusals import REFUSALS


@pytest.mark.parametrize("kind", [*REFUSALS.values(), *GATE_REFUSALS.values()], ids=lambda kind: kind.code)
def test_every_refusal_refuses(kind: type[Exception]) -> None:
    refusal = kind()
    answer = build_refusal_response(refusal)  # type: ignore[arg-type]
    headers = dict(answer.headers)
    assert answer.status in {401, 403, 503}
    assert headers[b"x-seawall-code"].decode() == refusal.code  # type: ignore[attr-defined]
    assert (b"www-authenticate" in headers) or answer.status != 401
    assert not any(name.startswith(b"x-auth-") for name in headers)


class Odd(GateRefusal):
    """A refusal with a status that is none."""

    code = "odd"
    status = 200


def test_a_refusal_can_never_allow() -> None:
    assert build_refusal_response(Odd()).status == 403


def challenge(refusal: GateRefusal, asks: ChallengeParameters = NO_PARAMETERS) -> str:
    return dict(build_refusal_response(refusal, asks).headers)[b"www-authenticate"].decode()


def test_challenges_follow_their_standards() -> None:
    words = StepUpNeeded.words
    assert challenge(StepUpNeeded(), ChallengeParameters(acr_values=("a", "b"), max_age=60)) == (
        f'Bearer error="insufficient_user_authentication", error_description="{words}", acr_values="a b", max_age="60"'
    )
    assert challenge(PathScopeInsufficient(), ChallengeParameters(scopes=('read"', "write"))).endswith(
        ', scope="read write"'
    )
    missing = REFUSALS["token-missing"]()
    assert dict(build_refusal_response(missing).headers)[b"www-authenticate"] == b"Bearer"
    assert dict(build_refusal_response(missing, ChallengeParameters(dpop=True)).headers)[
        b"www-authenticate"
    ].startswith(b'Bearer, DPoP algs="ES256')
    nonce = build_refusal_response(REFUSALS["dpop-nonce-required"](), ChallengeParameters(nonce="n1"))
    assert dict(nonce.headers)[b"dpop-nonce"] == b"n1"
    assert dict(nonce.headers)[b"www-authenticate"].startswith(b'DPoP algs="')
    assert b'error="use_dpop_nonce"' in dict(nonce.headers)[b"www-authenticate"]


def test_allowing_says_who_it_is_and_a_dry_run_does_not() -> None:
    assert build_allow_response([(b"x-auth-subject", b"ann")]).status == 204
    assert build_allow_response([(b"x-auth-subject", b"ann")], in_line=True).status == 200
    answer = build_dry_run_response(StepUpNeeded())
    assert (answer.status, dict(answer.headers)[b"x-seawall-would-refuse"]) == (204, b"risk-step-up")
    assert not any(value for name, value in answer.headers if name.startswith(b"x-auth-"))
