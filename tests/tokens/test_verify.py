"""Verification as a whole: what it answers, the sender, the log, and that nothing but a refusal leaves it."""

from __future__ import annotations

import json
import logging
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from seawall_tokens.jose.key import read_key
from seawall_tokens.refusals import Internal, Refusal
from seawall_tokens.verify import decision
from seawall_tokens.verify.access_token import verify_access_token
from seawall_tokens.verify.examination import CHECKS, examine
from tests.tokens.jose import keys
from tests.tokens.judging import code
from tests.tokens.minting import ISSUER, NOW, claims, header, policy, token


def test_a_good_token_is_accepted_with_what_it_says() -> None:
    rules = policy()
    accepted = verify_access_token(token(), rules, NOW)
    assert accepted.claims == claims()
    assert accepted.header == header()
    assert (accepted.issuer, accepted.subject, accepted.client, accepted.tenant) == (
        ISSUER,
        "person",
        "application",
        None,
    )
    assert accepted.policy is rules.issuers[0]
    assert accepted.key.kid == "one"
    with pytest.raises(TypeError):
        accepted.claims["sub"] = "other"  # type: ignore[index]
    assert "person" not in repr(accepted)
    assert verify_access_token(token().encode(), rules, NOW).subject == "person"


def test_check_12_a_bound_token_needs_its_proof() -> None:
    thumbprint = "A" * 43
    assert code(token(claims(cnf={"jkt": thumbprint}))) == "sender-downgrade"
    assert code(token(claims(cnf={"x5t#S256": thumbprint}))) == "sender-downgrade"
    assert code(token(claims(cnf={"kid": "x"}))) == "sender-binding-unknown"
    for demand in ("dpop", "mtls", "required"):
        assert code(token(), policy(sender=demand)) == "sender-missing"


def test_every_check_but_13_and_15_has_a_step() -> None:
    assert {check.number for check in CHECKS} == set(range(1, 15)) - {13}
    names = [check.run.__name__ for check in CHECKS]
    assert names.index("check_revocations") < names.index("check_signature") < names.index("check_type")
    assert len(set(names)) == len(names)


class _Broken:
    """Raises what nobody expects, with the token in its hands."""

    def lookup(self, issuer: str, kid: str, now: float) -> Any:
        raise KeyError(f"no key for {issuer}: SECRET")


def test_what_is_unexpected_is_refused_and_leaves_no_trace() -> None:
    with pytest.raises(Internal) as raised:
        verify_access_token(token(), policy(keys=_Broken()), NOW)
    assert (raised.value.status, raised.value.challenge) == (403, None)
    assert raised.value.__context__ is None
    assert raised.value.__cause__ is None
    shown = "".join(traceback.format_exception(raised.value))
    assert "SECRET" not in shown
    with pytest.raises(Internal):
        verify_access_token(token(), None, NOW)  # type: ignore[arg-type]


def test_an_examination_says_where_it_ended() -> None:
    explained = examine(token(claims(aud="other")), policy(), NOW)
    outcomes = [step.outcome for step in explained.steps]
    place = outcomes.index("refused")
    assert explained.steps[place].check.number == 9
    assert set(outcomes[:place]) == {"passed"}
    assert set(outcomes[place + 1 :]) == {"not reached"}
    assert explained.claims["sub"] == "person"
    assert explained.header["kid"] == "one"
    assert {step.outcome for step in examine(token(), policy(), NOW).steps} == {"passed"}
    nothing = examine("", policy(), NOW)
    assert (dict(nothing.claims), dict(nothing.header)) == ({}, {})


def _lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(record.getMessage()) for record in caplog.records if record.name == "seawall.tokens"]


def test_check_15_every_decision_is_logged_and_never_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="seawall.tokens")
    texts = [token(), token(claims(aud="other")), token(claims(sub=7)), token(head=header(kid="two")),
             token(key=keys.rsa_key(1)), token(head=header(jku="https://evil.example/")), "nonsense", ""]  # fmt: skip
    for text in texts:
        code(text)
    lines = _lines(caplog)
    assert [(line["outcome"], line["code"], line["verified"], line["key"]) for line in lines] == [
        ("accepted", "", True, "good"),
        ("refused", "audience-wrong", True, "good"),
        ("refused", "claim-malformed", True, "good"),
        ("refused", "key-unknown", False, "key-unknown"),
        ("refused", "signature-invalid", False, "signature-invalid"),
        ("refused", "header-key-url", False, "not looked at"),
        ("refused", "segments-not-three", False, "not looked at"),
        ("refused", "token-missing", False, "not looked at"),
    ]
    thumbprint = read_key(keys.jwk(keys.rsa_key())).thumbprint
    assert [line["thumbprint"] for line in lines] == [thumbprint] * 3 + [None, thumbprint, None, None, None]
    assert lines[0]["issuer"] == lines[3]["issuer"] == lines[5]["issuer"] == ISSUER
    assert lines[0]["kid"] == "one"
    written = "\n".join(record.getMessage() for record in caplog.records)
    for text in texts[:6]:
        for segment in text.split("."):
            assert segment[:40] not in written
    assert "token-1" not in written


def test_check_15_a_dry_run_says_would_refuse(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Refusal):
        verify_access_token(token(claims(aud="other")), policy(), NOW, dry_run=True)
    assert [line["outcome"] for line in _lines(caplog)] == ["would-refuse"]


def test_check_15_a_decision_that_cannot_be_written_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise OSError("the disk is full: SECRET")

    monkeypatch.setattr("seawall_tokens.verify.decision.log", broken)
    monkeypatch.setattr("seawall_tokens.verify.decision.LOGGER.isEnabledFor", lambda _: True)
    with pytest.raises(Internal):
        verify_access_token(token(), policy(), NOW)
    with pytest.raises(Refusal) as raised:
        verify_access_token(token(claims(aud="other")), policy(), NOW)
    assert raised.value.code == "audience-wrong"


class _FullDisk(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise OSError("the disk is full: SECRET")


def test_check_15_a_broken_handler_changes_no_refusal_into_anything_else() -> None:
    handler = _FullDisk()
    decision.LOGGER.addHandler(handler)
    decision.LOGGER.setLevel(logging.INFO)
    try:
        assert code(token(claims(aud="other"))) == "audience-wrong"
        with pytest.raises(Internal) as raised:
            verify_access_token(token(), policy(), NOW)
        assert "SECRET" not in "".join(traceback.format_exception(raised.value))
    finally:
        decision.LOGGER.removeHandler(handler)
        decision.LOGGER.setLevel(logging.NOTSET)


def test_threads_do_not_disturb_each_other() -> None:
    rules = policy()
    good = token()
    bad = [token(claims(aud="other")), token(key=keys.rsa_key(1)), token(head=header(kid="two")), "a.b.c", ""]
    wanted = [code(text, rules) for text in bad]

    def work(number: int) -> list[str]:
        seen = []
        for turn in range(100):
            assert verify_access_token(good, rules, NOW).subject == "person"
            with pytest.raises(Refusal):
                verify_access_token(token(head=header(x=f"{number}-{turn}"), key=keys.rsa_key(1)), rules, NOW)
            if turn % 20 == 0:
                seen += [code(text, rules) for text in bad]
        return seen

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [wanted * 5] * 8
