"""A gate's policy, decision log and store of version 0.1: the policy is taken, a token of then is judged as then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.upgrade.conftest import MOMENT, Unpack, VerbInJson


@pytest.fixture
def kept(unpack: Unpack) -> Path:
    return unpack("gate")


def judged(answer: VerbInJson, code: int = 0) -> dict[str, Any]:
    words = ("token", "check", "--policy", "gate/policy.toml", "--file", "token.txt", "--at", MOMENT + 120)
    document: dict[str, Any] = answer(*words, code=code)
    return document


def test_the_policy_is_taken(kept: Path, answer: VerbInJson) -> None:
    checked = answer("gate", "--policy", "gate/policy.toml", "--check")
    assert (checked["issuers"], checked["paths"], checked["missing"]) == (["main"], 2, [])
    assert checked["store"] == "gate/revocations.db"


def test_a_token_is_judged_as_it_was_until_it_is_revoked(kept: Path, answer: VerbInJson, run: Run) -> None:
    (kept / "token.txt").chmod(0o600)
    assert judged(answer)["accepted"] is True
    revoke = ("token", "revoke", "--store", "gate/revocations.db", "--kid", "k1", "--reason", "leaked")
    assert run(*revoke).code == 0
    assert judged(answer, 10)["refusal"]["code"] == "revoked-key"


def test_the_decision_log_says_which_keys_are_used(kept: Path, answer: VerbInJson) -> None:
    lines = (kept / "gate/decisions.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["code"] for line in lines] == ["", "path-scope", "risk-raised"]
    words = (
        "keys",
        "audit",
        "gate/signals.json",
        "--issuer",
        "https://issuer.example",
        "--used",
        "gate/decisions.jsonl",
    )
    codes = {finding["code"] for finding in answer(*words)["findings"]}
    assert "unlisted-still-used" in codes
