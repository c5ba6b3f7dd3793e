"""A case of version 0.1: its register is whole, a draft of then is approved now, and nobody is told the same twice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.response.notification.mail_server import Server, serving
from tests.upgrade.conftest import Unpack, VerbInJson

NOTIFY = ("respond", "notify")


@pytest.fixture
def notes(unpack: Unpack) -> dict[str, Any]:
    """What the register was, what approves the draft that waits, and the code of Ben's letter."""
    found: dict[str, Any] = json.loads((unpack("notification") / "register.json").read_text("utf-8"))
    return found


def towards(server: Server, case: Path) -> None:
    """Let the case's letters go to this server."""
    lines = case.read_text("utf-8").splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("port = "))
    lines[place] = f"port = {server.port}"
    case.write_text("\n".join(lines), "utf-8")


def test_the_register_is_whole_and_says_who_was_told(notes: dict[str, Any], answer: VerbInJson) -> None:
    found = answer(*NOTIFY, "register", "case/case.toml", "--head", notes["head"])
    assert {"head": found["head"], "deliveries": found["deliveries"], "paper": found["paper"]} == {
        name: notes[name] for name in ("head", "deliveries", "paper")
    }
    ben = answer(*NOTIFY, "register", "case/case.toml", "--who", "ben@contoso.example")
    assert (ben["told"], ben["deliveries"][0]["state"]) == (True, "acknowledged")
    carla = answer(*NOTIFY, "register", "case/case.toml", "--who", "carla@contoso.example")
    assert [one["way"] for one in carla["otherwise"]] == ["telephone"]


def test_letters_are_what_the_register_says(
    notes: dict[str, Any], answer: VerbInJson, tmp_path: Path
) -> None:
    ben = answer(*NOTIFY, "register", "case/case.toml", "--who", "ben@contoso.example")
    for name, digest in ben["versions"][0]["files"].items():
        letter = tmp_path / "case/letters/ben/v1" / name
        assert hashlib.sha256(letter.read_bytes()).hexdigest() == digest


def test_a_draft_of_then_is_sent_and_goes_on_in_the_register(
    notes: dict[str, Any], run: Run, answer: VerbInJson, tmp_path: Path
) -> None:
    """Ben gets the correction, Carla the letter that failed, Anna nothing: she has one that says the same."""
    before = (tmp_path / "case/register.jsonl").read_bytes()
    with serving() as server:
        towards(server, tmp_path / "case/case.toml")
        send = (*NOTIFY, "send", "case/case.toml", "--draft", notes["draft"], "--approved-by", "Eva Muster")
        sent = run(*send, "--resend", "carla", "--json")
        assert sent.code == 0, sent.err
        told = sorted(str(message["To"]) for message in server.messages)
    assert [address.partition("@")[0].rpartition("<")[2] for address in told] == ["ben", "carla"]
    assert (tmp_path / "case/register.jsonl").read_bytes().startswith(before)
    states = {
        (one["recipient"], one["version"]): one["state"]
        for one in answer(*NOTIFY, "register", "case/case.toml")["deliveries"]
    }
    assert states[("ben", 2)] == "sent"
    acknowledged = run(*NOTIFY, "acknowledge", "case/case.toml", "--code", notes["code"], "--by", "Ben")
    assert acknowledged.code == 0, acknowledged.err


def test_letters_are_drafted_again(notes: dict[str, Any], run: Run) -> None:
    drafted = run(*NOTIFY, "draft", "case/case.toml")
    assert drafted.code == 0, drafted.err
    assert "--draft" in drafted.err
