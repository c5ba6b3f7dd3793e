"""`seawall token conformance` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Run

LAX = """
from seawall_tokens.conformance import Verifier
from seawall_tokens.conformance.token_factory import TokenFactory

sound = {TokenFactory().token().split(".")[0]}

def verify(token, context):
    return {"token": token}

def refuse(token, context):
    return None

def chatter(token, context):
    print("verifying", len(token))
    raise ValueError(token[-1:])

def shout(token, context):
    raise ValueError("\\x1b[2J" + token[:10])

def crash(token, context):
    raise ValueError("always")

def discern(token, context):
    if len(token.split(".")) == 3 and token.split(".")[0] in sound:
        return {"sub": "somebody"}
    return None

partial = Verifier(discern, lacks=["tenants"])
narrow = Verifier(discern, lacks=["revocation"])
"""


@pytest.fixture
def module(tmp_path: Path) -> str:
    """A module of verifiers in the current folder, under a name of its own."""
    name = f"lax_{abs(hash(str(tmp_path)))}"
    (tmp_path / f"{name}.py").write_text(LAX)
    return name


def test_what_is_let_in_is_said_in_words_and_fails(run: Run, module: str) -> None:
    result = run("token", "conformance", "--verifier", f"{module}:verify", "--only", "binding")
    assert result.code == 10
    assert "storm-0558" in result.out
    assert "the stolen key for personal accounts" in result.out
    assert "let in, forgery" in result.err
    assert run("token", "conformance", "--verifier", f"{module}:verify", "--fail-on", "never").code == 0


def test_the_matrix_fits_a_narrow_terminal(run: Run, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    matrix = run("token", "conformance", "--verifier", f"{module}:verify").out.split("\n\n")[0].splitlines()
    for family in ("key-fitness", "revocation", "all"):
        assert any(line.startswith(f"{family} ") for line in matrix), matrix
    for word in ("hostile", "refused", "let", "in", "code", "controls", "accepted", "crashed", "covered"):
        assert word in " ".join(matrix[:2]).split(), matrix
    assert max(map(len, matrix)) <= 80


@pytest.mark.parametrize("only", ["form,binding", "storm-0558"])
@pytest.mark.parametrize("level", ["accepted", "crashed", "code", "not-covered"])
def test_a_verifier_that_crashes_always_fails(run: Run, module: str, only: str, level: str) -> None:
    """It said "0 of 639 hostile tokens refused, 0 of 61 controls accepted" and exited with 0."""
    arguments = ("--verifier", f"{module}:crash", "--only", only, "--fail-on", level)
    result = run("token", "conformance", *arguments)
    assert result.code == 10
    assert "not accepted: the verifier fails, whatever else it refused" in result.err
    assert "this run shows nothing: no sound token was accepted" in result.err
    answer = json.loads(run("token", "conformance", *arguments, "--json").out)
    assert (answer["passed"], answer["void"]) == (False, "no sound token was accepted")


def test_a_run_that_shows_no_hostile_token_fails(run: Run, module: str) -> None:
    result = run("token", "conformance", "--verifier", f"{module}:narrow", "--only", "revocation")
    assert result.code == 10
    assert "this run shows nothing: no hostile token was shown" in result.err


def test_the_exit_code_can_be_silenced_and_the_verdict_cannot(run: Run, module: str) -> None:
    arguments = ("--verifier", f"{module}:verify", "--only", "binding", "--fail-on", "never", "--json")
    result = run("token", "conformance", *arguments)
    assert result.code == 0
    assert json.loads(result.out)["passed"] is False


def test_refused_controls_fail(run: Run, module: str) -> None:
    result = run("token", "conformance", "--verifier", f"{module}:refuse", "--only", "form")
    assert result.code == 10
    assert "control-refused" in result.out


def test_nothing_to_complain_of(run: Run, module: str) -> None:
    arguments = (
        "token",
        "conformance",
        "--verifier",
        f"{module}:partial",
        "--only",
        "storm-0558,storm-0558-many",
    )
    result = run(*arguments)
    assert result.code == 0
    assert "1 case not covered" in result.err
    assert run(*arguments, "--fail-on", "not-covered").code == 10


def test_what_a_verifier_says_cannot_steer_the_terminal(run: Run, module: str) -> None:
    result = run(
        "token",
        "conformance",
        "--verifier",
        f"{module}:shout",
        "--only",
        "form-sound",
        "--fail-on",
        "crashed",
    )
    assert result.code == 10
    assert "\x1b" not in result.out
    assert "ValueError" in result.out


def test_json(run: Run, module: str) -> None:
    result = run(
        "token",
        "conformance",
        "--verifier",
        f"{module}:verify",
        "--only",
        "binding",
        "--except",
        "storm-0558",
        "--json",
    )
    assert result.code == 10
    answer = json.loads(result.out)
    assert answer["passed"] is False
    assert answer["totals"]["accepted"] == answer["totals"]["hostile"] - answer["totals"]["crashed"]
    names = [case["name"] for case in answer["cases"]]
    assert "storm-0558-expired" in names
    assert "storm-0558" not in names


def test_what_a_verifier_prints_is_not_in_the_answer(run: Run, module: str) -> None:
    result = run(
        "token", "conformance", "--verifier", f"{module}:chatter", "--only", "alphabet-surrogate", "--json"
    )
    baseline, case = json.loads(result.out)["cases"]
    assert baseline["name"] == "form-sound"
    assert (case["outcome"], case["detail"]) == ("crashed", "ValueError: \\udcff")
    assert "verifying" in result.err


def test_the_list(run: Run) -> None:
    lines = run("token", "conformance", "--list").out.splitlines()
    assert len(lines) > 600
    assert lines[0].split("\t")[:3] == ["form", "form-sound", "control"]
    listed = json.loads(run("token", "conformance", "--list", "--only", "renewal", "--json").out)["cases"]
    assert {case["family"] for case in listed} == {"renewal"}
    assert all("renewal" in case["needs"] for case in listed)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "no verifier"),
        (("--verifier", "x"), "is not a verifier"),
        (("--verifier", "no_such_module:x"), "cannot be imported"),
        (("--list", "--only", "nothing"), "no such family or case"),
        (("--list", "--only", "form", "--except", "form"), "--only and --except leave no case"),
    ],
)
def test_mistakes_are_usage_errors(run: Run, arguments: tuple[str, ...], words: str) -> None:
    result = run("token", "conformance", *arguments)
    assert result.code == 2
    assert words in result.err
