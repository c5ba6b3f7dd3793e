"""What a real journal says was done is told; what it does not say was done is not."""

from __future__ import annotations

from pathlib import Path

from seawall.response.containment.history import Phase
from seawall.response.containment.journal import read_journal
from seawall.response.containment.planning import make_plan
from seawall.response.signals.containment_notices import read_notices
from seawall.response.signals.event import SignalNotice
from tests.response.containment.graph import Graph
from tests.response.containment.running import asking, run
from tests.response.containment.samples import ANN, ANN_ID, TENANT, evidence, incident, row
from tests.response.containment.serving import Fault, served

ISSUER = f"https://login.microsoftonline.com/{TENANT}/v2.0"


def told(path: Path, *faults: Fault, phases: tuple[Phase, ...] = ("apply",)) -> list[SignalNotice]:
    """Carry out Ann's plan at a server with these faults, and return what is to be told."""
    graph = Graph()
    graph.add_user(ANN)
    graph.faults += faults
    made = make_plan(evidence(row("New-InboxRule", mailbox=ANN, kind="mail_rule", parameters={"Name": "r"})),
                incident=incident("record-1"))  # fmt: skip
    with served(graph):
        for phase in phases:
            run(made, path, asking({"microsoft": graph}), phase)
    return read_notices(read_journal(path))


def test_each_step_that_was_done_is_told_once(tmp_path: Path) -> None:
    found = told(tmp_path / "journal")
    assert sorted({notice.event for notice in found}) == [
        "account-disabled", "credential-change", "session-revoked",
    ]  # fmt: skip
    disabled = [notice for notice in found if notice.event == "account-disabled"]
    assert len(disabled) == 1
    assert disabled[0].subject.identifier()["identifiers"] == [
        {"format": "iss_sub", "iss": ISSUER, "sub": ANN_ID},
        {"format": "email", "email": ANN},
    ]
    assert read_notices(read_journal(tmp_path / "journal")) == found


def test_what_the_vendor_refused_is_told_to_nobody(tmp_path: Path) -> None:
    refused = Fault("PATCH", "", status=403, code="Authorization_RequestDenied", times=99)
    found = told(tmp_path / "journal", refused)
    assert {notice.event for notice in found} <= {"session-revoked"}


def test_an_account_that_was_opened_again_is_told(tmp_path: Path) -> None:
    found = told(tmp_path / "journal", phases=("apply", "undo"))
    assert [notice.event for notice in found].count("account-enabled") == 1
    assert found[-1].event == "account-enabled"
