"""Half a million hostile tokens: nothing but named refusals comes out, and nothing is accepted that was not signed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from seawall_tokens import verify_access_token, verify_jws
from seawall_tokens.refusals import REFUSALS, Refusal
from seawall_tokens.revocation.entry import Revocation
from seawall_tokens.revocation.snapshot import Revocations
from seawall_tokens.signals.event_token import SignalRefused, Transmitter, Transmitters, transmitter_policy
from seawall_tokens.verify.renewal import check_renewal
from seawall_tokens.verify.replay import MemoryReplayGuard
from seawall_tokens.verify.request_binding import RequestBinding
from tests.tokens import fuzz, minting
from tests.tokens.jose import keys
from tests.tokens.minting import AUDIENCE, NOW
from tests.tokens.test_renewal import REQUEST

REQUEST_BINDING = RequestBinding(method="GET", url="https://api.example/")
UNEXPECTED = {"internal", "key-source-unavailable", "revocations-unavailable"}
"""Refusals that would mean that something broke: a token alone must bring none of them about."""


def campaign(seed: int, count: int) -> Counter[tuple[str, str]]:
    """Throw tokens at every door; return how often each gave each code. Fails at the first that is no named refusal."""
    plain, strict = fuzz.policies()
    revoked = Revocations.of(
        [Revocation(kind="subject", issuer="*", value="nobody", reason="r", who="w", at=0.0)], now=float(NOW)
    )
    jwk = keys.jwk(fuzz.KEY, kid="one", alg="EdDSA")
    source = minting.source(jwk)
    sender = transmitter_policy(
        name="t", issuer=minting.ISSUER, audiences=[AUDIENCE], keys=source, algorithms=["EdDSA"], token_types=["at+jwt"]
    )  # fmt: skip
    transmitters = Transmitters([Transmitter(policy=sender, speaks_for=(minting.ISSUER,))])
    guard = MemoryReplayGuard()
    rule = minting.entry(keys=source)

    def renew(token: Any) -> None:
        text = token if isinstance(token, str) else token.decode("latin-1")
        request = type(REQUEST)(
            **{name: getattr(REQUEST, name) for name in REQUEST.__slots__} | {"presented": text}
        )
        check_renewal(request, rule, revoked, 10_000.0)

    doors: dict[str, Callable[[Any], object]] = {
        "plain": lambda token: verify_access_token(token, plain, NOW),
        "strict": lambda token: verify_access_token(
            token, type(strict)(strict.issuers, revoked), NOW, request=REQUEST_BINDING, replay=guard
        ),
        "jws": lambda token: verify_jws(token, jwk),
        "event": lambda token: transmitters.read(token, NOW),
        "renewal": renew,
    }
    found: Counter[tuple[str, str]] = Counter()
    for number, shot in enumerate(fuzz.shots(seed, count)):
        for name, ask in doors.items():
            code = _code(ask, shot.token, f"seed {seed}, token {number}, {name}")
            assert code not in UNEXPECTED, f"seed {seed}, token {number}, {name}: {code}"
            if code == "" and name != "renewal":
                assert shot.sound, f"seed {seed}, token {number}, {name}: accepted, and nobody signed it"
            found[name, code] += 1
    return found


def _code(ask: Callable[[Any], object], token: Any, place: str) -> str:
    code = ""
    try:
        ask(token)
    except Refusal as raised:
        code = raised.code if REFUSALS.get(raised.code) is type(raised) else "internal"
    except SignalRefused as raised:
        code = "internal" if raised.temporary else raised.err
    except BaseException as error:
        raise AssertionError(f"{place}: {type(error).__name__} is no refusal") from error
    return code


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "seawall")


def test_two_thousand_tokens_bring_out_nothing_but_named_refusals() -> None:
    found = campaign(1, 2_000)
    assert sum(found.values()) == 5 * 2_000
    codes = {code for name, code in found if name == "strict"}
    assert len(codes) > 25, codes
    assert found["plain", ""] > 20
    assert found["strict", ""] > found["plain", ""]


def test_a_seed_decides_everything() -> None:
    assert [shot.token for shot in fuzz.shots(7, 300)] == [shot.token for shot in fuzz.shots(7, 300)]
    assert campaign(7, 300) == campaign(7, 300)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_half_a_million_tokens_bring_out_nothing_but_named_refusals(seed: int) -> None:
    """Ten parts of 50,000 tokens, each at five doors."""
    found = campaign(1_000 + seed, 50_000)
    assert sum(found.values()) == 5 * 50_000
