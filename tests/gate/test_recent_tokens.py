"""A token that was verified moments ago is asked again for everything that can change, and for nothing longer than that."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from seawall.gate import recent_tokens
from seawall.gate.recent_tokens import MOST, SECONDS, RecentTokens
from seawall_tokens.jose.key_set import read_key_set
from seawall_tokens.policy.issuer_policy import IssuerKey, IssuerPolicy, Policy
from seawall_tokens.refusals import Refusal
from seawall_tokens.refusals.signing_key import KeyUnknown
from seawall_tokens.revocation.entry import Revocation
from seawall_tokens.revocation.snapshot import EMPTY, Revocations, weights
from seawall_tokens.verify.access_token import verify_access_token
from seawall_tokens.verify.replay import MemoryReplayGuard
from seawall_tokens.verify.request_binding import RequestBinding
from tests.gate.gates import AUDIENCE, ISSUER, Issuer

REQUEST = RequestBinding(method="GET", url="https://app.example/")


@dataclass
class Keys:
    """A key source that the test changes."""

    held: IssuerKey | None

    def lookup(self, issuer: str, kid: str, now: float) -> IssuerKey:
        if self.held is None or self.held.key.kid != kid:
            raise KeyUnknown
        return self.held


def held(issuer: Issuer, state: Any = "active", until: float = 0.0) -> IssuerKey:
    return IssuerKey(read_key_set(json.dumps(issuer.jwks()).encode()).keys[0], 0.0, state, until)


@dataclass
class Bench:
    """One issuer and its recent tokens; `verified` counts how often a token was verified from the beginning."""

    issuer: Issuer = field(default_factory=Issuer)
    revocations: Revocations = field(default_factory=Revocations)

    def __post_init__(self) -> None:
        self.keys = Keys(held(self.issuer))
        entry = IssuerPolicy(name="main", issuer=ISSUER, audiences=frozenset({AUDIENCE}), keys=self.keys)
        self.recent = RecentTokens(Policy((entry,), self.revocations))
        self.now = time.time()

    def code(self, token: str, request: RequestBinding = REQUEST) -> str:
        try:
            self.recent.verify(token.encode(), self.now, request=request, replay=MemoryReplayGuard())
        except Refusal as refusal:
            return refusal.code
        return ""


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each verification from the beginning."""
    calls: list[int] = []

    def counted(*given: Any, **more: Any) -> Any:
        calls.append(1)
        return verify_access_token(*given, **more)

    monkeypatch.setattr(recent_tokens, "verify_access_token", counted)
    return calls


def test_a_burst_is_verified_twice(whole: list[int]) -> None:
    bench = Bench()
    token = bench.issuer.token()
    assert [bench.code(token) for _ in range(10)] == [""] * 10
    assert len(whole) == 2
    bench.now += SECONDS + 0.1
    assert [bench.code(token) for _ in range(10)] == [""] * 10
    assert len(whole) == 4
    bench.now -= 60
    assert bench.code(bench.issuer.token(iat=int(bench.now))) == ""


def test_what_changes_is_asked_each_time(whole: list[int]) -> None:
    bench = Bench()
    token = bench.issuer.token(sub="ann")
    assert [bench.code(token) for _ in range(2)] == ["", ""]

    entry = Revocation(kind="subject", issuer=ISSUER, value="ann", reason="x", who="y", at=bench.now)
    bench.revocations.swap(EMPTY.apply_changes(weights([entry], now=bench.now)))
    assert bench.code(token) == "revoked-subject"
    bench.revocations.swap(EMPTY)
    assert bench.code(token) == ""

    bench.revocations.keep_fresh(-1)
    assert bench.code(token) == "revocations-unavailable"
    bench.revocations.keep_fresh(60)

    usual = bench.keys.held
    assert usual is not None
    for state, code in (("revoked", "key-revoked"), ("retired", "key-retired")):
        bench.keys.held = IssuerKey(usual.key, 0.0, state)  # type: ignore[arg-type]
        assert bench.code(token) == code
    bench.keys.held = IssuerKey(usual.key, 0.0, "active", bench.now + 60)
    assert bench.code(token) == "key-quarantined"
    bench.keys.held = None
    assert bench.code(token) == "key-unknown"
    assert len(whole) == 2
    bench.keys.held = usual
    assert bench.code(token) == ""


def test_another_key_of_the_same_name_verifies_anew(whole: list[int]) -> None:
    bench = Bench()
    token = bench.issuer.token()
    assert [bench.code(token) for _ in range(3)] == [""] * 3
    bench.keys.held = held(Issuer())
    assert bench.code(token) == "signature-invalid"
    assert len(whole) == 3


def test_it_expires_to_the_second(whole: list[int]) -> None:
    bench = Bench()
    token = bench.issuer.token(exp=int(bench.now) + 1)
    bench.now = int(bench.now) + 1 + 59.9
    assert [bench.code(token) for _ in range(3)] == [""] * 3
    bench.now += 0.2
    assert bench.code(token) == "expired"


def test_the_sender_is_asked_each_time() -> None:
    bench = Bench()
    token = bench.issuer.token(cnf={"jkt": "a" * 43})
    assert bench.code(token) == "sender-downgrade"
    plain = bench.issuer.token()
    assert [bench.code(plain) for _ in range(3)] == [""] * 3
    assert (
        bench.code(plain, RequestBinding(method="GET", url="https://app.example/", scheme="DPoP"))
        == "dpop-unbound"
    )


def test_a_refused_token_is_not_remembered(whole: list[int]) -> None:
    bench = Bench()
    token = bench.issuer.token(aud="other")
    assert [bench.code(token) for _ in range(3)] == ["audience-wrong"] * 3
    assert len(whole) == 3


def test_a_neighbour_of_a_remembered_token_is_not_remembered(whole: list[int]) -> None:
    bench = Bench()
    token = bench.issuer.token()
    assert [bench.code(token) for _ in range(3)] == [""] * 3
    for changed in (token[:-4] + "AAAA", token + ".", token.swapcase(), token[1:]):
        assert bench.code(changed) != ""


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_tokens, "MOST", 10)
    bench = Bench()
    for _ in range(40):
        token = bench.issuer.token()
        assert [bench.code(token) for _ in range(3)] == [""] * 3
        assert bench.code(bench.issuer.token()) == ""
    assert 0 < len(bench.recent._young) + len(bench.recent._old) <= 10
    assert 0 < len(bench.recent._met) <= 10
    assert MOST < 10_000


def test_an_error_while_asking_again_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    token = bench.issuer.token()
    assert [bench.code(token) for _ in range(3)] == [""] * 3

    def broken(*_: Any) -> None:
        raise RuntimeError("not what was meant")

    monkeypatch.setattr(recent_tokens, "fill_state", broken)
    assert bench.code(token) == "internal"
