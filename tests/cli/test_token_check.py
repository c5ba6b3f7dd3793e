"""`seawall token check`: explains every check, exits by the verdict, and never prints the token."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from seawall_tokens.revocation.entry import Revocation
from seawall_tokens.revocation.store import RevocationStore
from tests.tokens import minting, proofs
from tests.tokens.jose import keys
from tests.tokens.minting import NOW, claims, header, token

from .conftest import Outcome, Run

POLICY = f"""
[[issuer]]
name = "one"
issuer = "{minting.ISSUER}"
audiences = ["{minting.AUDIENCE}"]
jwks_file = "keys.json"
"""


@pytest.fixture
def check(run: Run, tmp_path: Path) -> Run:
    """Run the verb on a token's text, which is put into a file, with the policy beside it."""
    (tmp_path / "policy.toml").write_text(POLICY)
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [keys.jwk(keys.rsa_key(), kid="one")]}))

    def call(text: str, *options: str) -> Outcome:
        (tmp_path / "token.txt").write_text(text)
        got = run("token", "check", "@token.txt", "--policy", "policy.toml", "--at", str(NOW), *options)
        for segment in text.removeprefix("Bearer ").split("."):
            if len(segment) > 12:
                assert segment[:40] not in got.out + got.err
        return got

    return call


def document(got: Outcome) -> dict[str, Any]:
    """The JSON answer."""
    found: dict[str, Any] = json.loads(got.out)
    return found


def test_a_good_token_passes_every_check(check: Run) -> None:
    got = check(token())
    assert got.code == 0, got
    assert "accepted: policy one" in got.out
    assert "claims (verified)" in got.out
    assert "person" in got.out
    assert f"{NOW - 10} (2026-09-21 14:13:10 UTC)" in got.out
    assert "not reached" not in got.out
    found = document(check(token(), "--json"))
    assert found["accepted"] is True
    assert found["verified"] is True
    assert found["refusal"] is None
    assert {step["outcome"] for step in found["checks"]} == {"passed"}
    assert {step["check"] for step in found["checks"] + found["not_run"]} == set(range(1, 16))
    assert found["claims"]["sub"] == "person"
    assert found["key"]["kid"] == "one"


def test_a_refused_token_is_explained(check: Run) -> None:
    got = check(token(claims(aud="https://other.example/")))
    assert got.code == 10
    assert "refused by check 9: audience-wrong" in got.out
    assert got.out.count("not reached") == 3
    found = document(check(token(claims(aud="https://other.example/")), "--json"))
    assert found["refusal"] == {
        "code": "audience-wrong",
        "check": 9,
        "words": "The token is for another service.",
        "detail": "",
        "source": "RFC 9068 section 4",
        "status": 401,
        "challenge": "invalid_token",
    }
    assert [step["code"] for step in found["checks"] if step["outcome"] == "refused"] == ["audience-wrong"]


def test_what_was_not_verified_is_said_to_be(check: Run) -> None:
    got = check(token(key=keys.rsa_key(1)))
    assert got.code == 10
    assert "claims (not verified: anybody could have written this)" in got.out
    got = check(token(head=header(jku="https://evil.example/keys")))
    assert "header-key-url" in got.out
    assert "https://evil.example/keys" in got.out


def test_what_could_not_be_judged_is_neither_accepted_nor_refused(check: Run, tmp_path: Path) -> None:
    nobody = 'jwks_uri = "http://127.0.0.1:9/keys"\nallow_loopback_http = true'
    (tmp_path / "policy.toml").write_text(POLICY.replace('jwks_file = "keys.json"', nobody))
    got = check(token())
    assert got.code == 1
    assert "key-source-unavailable" in got.out


@pytest.mark.parametrize(
    "text", ["", "nonsense", "a.b.c", "é.é.é", "\0\x1b[31m", "." * 5000, "A" * 2_000_000]
)
def test_any_text_is_explained(check: Run, text: str) -> None:
    got = check(text)
    assert got.code == 10
    assert "refused by check 1" in got.out
    assert "\x1b" not in got.out


def test_claims_can_neither_steer_the_terminal_nor_smuggle_tokens(check: Run) -> None:
    inner = token(claims(sub="inner"))
    said = claims(**{"name\x1b[2J": "\x1b]0;x\x07", "bidi": "a\u202eb", "inner": inner, "list": [{"x": inner}],
                     "markup": "[red]x[/red]", "long": "word " * 500})  # fmt: skip
    for options in ((), ("--json",)):
        got = check(token(said, header(note="\x1b[31m")), *options)
        assert got.code == 0, got
        assert "\x1b" not in got.out
        assert inner[:40] not in got.out
        assert inner.split(".")[1][:30] not in got.out
        assert "(withheld)" in got.out
        assert "[red]x[/red]" in got.out
        assert "word " * 100 not in got.out
    assert "\u202e" not in check(token(said)).out


def test_the_token_comes_from_one_place(
    run: Run, check: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = token()
    check(text)  # writes the files
    common = ("--policy", "policy.toml", "--at", str(NOW), "--json")

    def piped(octets: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(octets)))

    assert run("token", "check", "--file", "token.txt", *common).code == 0
    assert run("token", "check", text, *common).code == 0
    for written in (text, text + "\n", f"  Bearer {text}\r\n", f"DPoP {text}"):
        piped(written.encode())
        assert run("token", "check", *common).code == 0
        piped(written.encode())
        assert run("token", "check", "-", *common).code == 0
    piped(b"\xff\xfe")
    assert run("token", "check", *common).code == 10
    assert run("token", "check", text, "--file", "token.txt", *common).code == 2
    assert run("token", "check", "--file", "absent.txt", *common).code == 3
    assert run("token", "check", "@absent.txt", *common).code == 3
    assert run("token", "check", f"@{tmp_path}", *common).code == 3


def test_nobody_is_left_waiting_at_a_terminal(run: Run, check: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    check(token())

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    got = run("token", "check", "--policy", "policy.toml")
    assert got.code == 2
    assert "no token was given" in got.err


def test_a_file_that_is_given_as_a_token_is_noticed(run: Run, check: Run) -> None:
    check(token())
    got = run("token", "check", "token.txt", "--policy", "policy.toml")
    assert got.code == 2
    assert "fix: give @token.txt" in got.err


def test_a_policy_that_makes_no_sense_is_a_usage_error(run: Run, check: Run, tmp_path: Path) -> None:
    check(token())
    (tmp_path / "policy.toml").write_text(POLICY + 'algorithms = ["HS256"]\n')
    got = run("token", "check", "@token.txt", "--policy", "policy.toml")
    assert got.code == 2
    assert "policy.toml:7:" in got.err
    assert run("token", "check", "@token.txt", "--policy", "absent.toml").code == 2
    assert run("token", "check", "@token.txt").code == 2


def test_the_store_of_revocations_is_asked(check: Run, tmp_path: Path) -> None:
    assert "no revocation store" in check(token()).err
    assert check(token(), "--quiet").err == ""
    (tmp_path / "policy.toml").write_text(POLICY + '[revocations]\nstore = "revocations.db"\n')
    assert check(token()).code == 1, "a store that is named and not there is no empty one"
    with RevocationStore.create(tmp_path / "revocations.db") as store:
        assert check(token()).code == 0
        assert check(token()).err == ""
        store.append([Revocation(kind="subject", value="person", reason="lost", who="me", at=float(NOW))])
    got = check(token())
    assert got.code == 10
    assert "revoked-subject" in got.out


def test_a_bound_token_is_checked_with_its_proof(check: Run, tmp_path: Path) -> None:
    thumbprint = "A" * 43
    bound = token(claims(cnf={"x5t#S256": thumbprint}))
    assert "sender-downgrade" in check(bound).out
    (tmp_path / "client.pem").write_text("no certificate")
    got = check(bound, "--certificate", "client.pem")
    assert (got.code, "mtls-m" in got.out) == (10, True)
    assert check(bound, "--certificate", "absent.pem").code == 3
    assert check(bound, "--proof", "token.txt").code == 2
    key = ECKey.generate_key("P-256")
    text = token(claims(cnf={"jkt": key.thumbprint()}))
    (tmp_path / "proof.txt").write_text(proofs.proof(key, text, iat=NOW))
    got = check(text, "--proof", "proof.txt", "--url", "https://api.example/mail")
    assert got.code == 0, got
    assert "dpop-url-mismatch" in check(text, "--proof", "proof.txt", "--url", "https://other.example/").out


def test_help_shows_examples_before_options(run: Run) -> None:
    got = run("token", "check", "--help")
    assert got.code == 0
    assert got.out.index("Examples:") < got.out.index("Options:")
    assert "Exit codes:" in got.out
