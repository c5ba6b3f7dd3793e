"""Each step is wired in and needed: without it, the token that it alone refuses would be accepted, or nothing would."""

from __future__ import annotations

from typing import Any

import pytest

from seawall_tokens.jose.key import parse_key
from seawall_tokens.policy.issuer_policy import Policy
from seawall_tokens.refusals import Refusal
from seawall_tokens.revocation.entry import Revocation
from seawall_tokens.revocation.snapshot import Revocations
from seawall_tokens.verify import access_token
from seawall_tokens.verify.examination import CHECKS
from tests.tokens import minting
from tests.tokens.jose import keys
from tests.tokens.minting import NOW, claims, entry, header, policy, token

FILLING = {"read_form", "read_header", "read_claims", "find_issuer", "find_key", "check_key_fitness"}
"""Steps without which there is nothing for the later ones to look at."""


def _retired() -> Policy:
    found = minting.Keys()
    found.add(parse_key(keys.jwk(keys.rsa_key(), kid="one")), "retired")
    return policy(keys=found)


def _revoked() -> Policy:
    entries = [Revocation(kind="subject", value="person", reason="lost", who="me", at=float(NOW))]
    return Policy((entry(),), Revocations.of(entries, now=NOW))


GUARDED: dict[str, tuple[str, Policy]] = {
    "check_algorithm_allowed": (
        token(head=header(alg="PS256")),
        policy(keys=minting.rsa_source(alg="PS256")),
    ),
    "check_key_issuer": (token(), policy(keys=minting.rsa_source(issuer="https://elsewhere.example/"))),
    "check_key_state": (token(), _retired()),
    "check_bound_algorithm": (
        token(head=header(alg="PS256")),
        policy(algorithms=frozenset({"RS256", "PS256"})),
    ),
    "check_revocations": (token(), _revoked()),
    "check_signature": (token(key=keys.rsa_key(1)), policy()),
    "check_type": (token(head=header(typ="JWT")), policy()),
    "check_issuer_and_tenant": (token(claims(tid="9188040d-6c67-4c5b-b112-36a304b66dad")), policy()),
    "check_claims": (token(claims(aud="other")), policy()),
    "check_times": (token(claims(exp=NOW - 100)), policy()),
    "check_authentication": (token(), policy(acr_values=("strong",))),
    "check_binding": (token(claims(cnf={"jkt": "A" * 43})), policy()),
}


def _without(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    left = tuple(check.run for check in CHECKS if check.run.__name__ != name)
    assert len(left) == len(CHECKS) - 1
    monkeypatch.setattr(access_token, "_RUNS", left)


def _code(text: str, rules: Policy) -> str:
    try:
        access_token.verify_access_token(text, rules, NOW)
    except Refusal as refusal:
        return refusal.code
    return "accepted"


def test_every_step_is_here() -> None:
    assert GUARDED.keys() | FILLING == {check.run.__name__ for check in CHECKS}


@pytest.mark.parametrize("name", sorted(GUARDED))
def test_without_the_step_its_token_would_pass(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, rules = GUARDED[name]
    assert _code(text, rules) not in {"accepted", "internal"}
    _without(monkeypatch, name)
    # Nothing but the missing step stands in the way; where the signature's own step stops it, that fails closed.
    expected: Any = {"check_algorithm_allowed": "alg-key-mismatch", "check_bound_algorithm": "internal"}
    assert _code(text, rules) == expected.get(name, "accepted")


@pytest.mark.parametrize("name", sorted(FILLING))
def test_without_a_step_that_others_need_nothing_passes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _code(token(), policy()) == "accepted"
    _without(monkeypatch, name)
    assert _code(token(), policy()) == ("claim-missing" if name == "read_claims" else "internal")
