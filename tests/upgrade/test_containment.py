"""Plans and journals of version 0.1: what was done is not done again, what is left is done, and all of it is taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall.response.containment.documents import plan_to_document
from seawall.response.containment.journal import read_journal
from seawall.response.containment.planning import make_plan
from seawall.response.containment.session import read_plan_of_journal
from seawall.response.signals.containment_notices import read_notices
from tests.cli.conftest import Run
from tests.response.containment.graph import Graph
from tests.response.containment.okta_api import Okta
from tests.response.containment.running import asking
from tests.response.containment.running import run as carry_out
from tests.response.containment.samples import ANN, evidence, incident, row
from tests.response.containment.serving import served
from tests.upgrade.conftest import Unpack, VerbInJson
from tests.upgrade.told import in_words_of_now

APPLY = ("respond", "apply", "plan.json", "--apply", "--approver", "Bob Example", "--config", "respond.toml")


@pytest.fixture
def kept(unpack: Unpack) -> Path:
    return unpack("containment")


@pytest.fixture
def okta(kept: Path) -> Iterator[Okta]:
    """The organisation as the journal left it: the provider deactivated, the password replaced."""
    vendor = Okta()
    vendor.add_user(ANN)
    vendor.providers["0oa1"] = {"id": "0oa1", "status": "INACTIVE"}
    with served(vendor):
        settings = (kept / "respond.toml").read_text("utf-8").splitlines()
        assert settings[0] == "[okta]"
        settings[1] = f'base_url = "{vendor.base}"'
        (kept / "respond.toml").write_text("\n".join(settings) + "\n", "utf-8")
        yield vendor


def test_a_plan_is_what_would_be_planned_today(kept: Path, run: Run) -> None:
    before = json.loads((kept / "plan.json").read_text("utf-8"))
    assert run("respond", "plan", "1", "--out", "out", "--to", "again.json").code == 0
    again = json.loads((kept / "again.json").read_text("utf-8"))
    assert in_words_of_now(again) == in_words_of_now(before)


def test_what_is_left_is_done_and_all_is_taken_back(
    kept: Path, okta: Okta, run: Run, answer: VerbInJson
) -> None:
    before = (kept / "plan.journal.jsonl").read_bytes()
    done = run(*APPLY, "--json")
    assert done.code == 0, done.err
    steps = json.loads(done.out)["steps"]
    assert {one["step"].rpartition("-")[0]: one["state"] for one in steps if one["state"] != "done"} == {
        "remove-method": "left out"
    }
    assert not any("deactivate" in str(call) or "password" in str(call) for call in okta.changes())
    assert (kept / "plan.journal.jsonl").read_bytes().startswith(before)
    undone = answer(
        "respond", "undo", "plan.journal.jsonl", "--apply", "--approver", "Bob", "--config", "respond.toml"
    )
    assert undone["steps"]
    assert (okta.users[ANN]["status"], okta.providers["0oa1"]["status"]) == ("ACTIVE", "ACTIVE")
    assert len(read_journal(kept / "plan.journal.jsonl")) > len(before.splitlines())


def test_a_journal_that_was_changed_is_refused(kept: Path, run: Run) -> None:
    journal = kept / "plan.journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"Ann Example", b"Eve Example"))
    refused = run("respond", "undo", "plan.journal.jsonl")
    assert refused.code == 1
    assert "fix:" in refused.err


def test_a_return_is_looked_for(kept: Path, answer: VerbInJson) -> None:
    found = answer("respond", "watch", "plan.journal.jsonl", "out")
    assert (found["records_after"], found["returns"]) == (0, [])


def test_a_journal_of_microsoft_is_undone(kept: Path) -> None:
    """The rule of the mailbox was removed, the account shut: undone by what the journal read before."""
    path = kept / "microsoft.journal.jsonl"
    events = [one.event for one in read_notices(read_journal(path))]
    assert sorted(set(events)) == ["account-disabled", "credential-change", "session-revoked"]
    made = make_plan(
        evidence(row("New-InboxRule", mailbox=ANN, kind="mail_rule", parameters={"Name": "r"})),
        incident=incident("record-1"),
    )
    opened: Any = json.loads(path.read_text("utf-8").splitlines()[0])
    assert in_words_of_now(opened["plan"]) == in_words_of_now(json.loads(json.dumps(plan_to_document(made))))
    graph = Graph()
    graph.add_user(ANN)
    graph.users[ANN]["accountEnabled"] = False
    with served(graph):
        results = carry_out(read_plan_of_journal(path), path, asking({"microsoft": graph}), "undo")
    disabled = next(step for step in results if step.startswith("disable-account"))
    assert results[disabled].state == "undone"
    assert graph.users[ANN]["accountEnabled"] is True
    assert read_notices(read_journal(path))[-1].event == "account-enabled"
