"""One plan for all incidents of an attack: from results and from a store, in one order, and without those of other attacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seawall.detection.incident import AttackLink, Incident
from seawall.response.containment.planning import make_plan
from seawall.response.incident_sources import ScanResults
from seawall.response.plan_request import PlanRequest, request_plan
from seawall.response.stored_incidents import open_stored_incidents
from seawall.storage.files.incident_documents import write_incidents
from seawall.storage.location import open_store
from tests.cli.conftest import Run, run
from tests.cli.test_respond import write_events
from tests.response.containment.samples import ANN, TENANT, evidence, incident, row

__all__ = ["run"]
BOB, EVE, MIA = (f"{name}@example.org" for name in ("bob", "eve", "mia"))


def tie(id_: str, account: str) -> AttackLink:
    return AttackLink(id_, account, "account", ANN)


MEMBERS = (
    incident("record-1", id="a" * 12, attack="a" * 12, attack_links=(tie("b" * 12, BOB),)),
    incident(
        "record-2", id="b" * 12, account=BOB, attack="a" * 12, score=2.0, severity="low",
        attack_links=(tie("a" * 12, ANN), tie("c" * 12, EVE), tie("f" * 12, "gone@example.org")),
    ),
    incident("record-3", id="c" * 12, account=EVE, attack="a" * 12, score=1.0, attack_links=(tie("b" * 12, BOB),)),
    incident("record-4", id="d" * 12, account=MIA, score=0.5),
)  # fmt: skip
"""Ann and Eve are tied by way of Bob alone; Mia stands alone."""

RULE = {"Name": "x", "ForwardTo": "evil@evil.example", "Identity": "x"}
ROWS = [
    row("New-InboxRule", number, account=account, parameters=RULE, src_ip="203.0.113.9")
    for number, account in enumerate((ANN, BOB, EVE, MIA), start=1)
]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    write_incidents(folder / "incidents.jsonl", MEMBERS)
    write_events(folder / "events.parquet", ROWS)
    return folder


def accounts_of(members: list[Incident]) -> list[str]:
    return [one.account for one in members]


def test_members_are_found_by_way_of_each_other_in_results(out: Path) -> None:
    kept = ScanResults(out)
    for one in MEMBERS[:3]:
        assert accounts_of(kept.attack(one)) == [ANN, BOB, EVE]
    assert accounts_of(kept.attack(MEMBERS[3])) == [MIA]


def test_members_are_found_in_a_store_by_former_ids_too(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", make=True) as store:
        with store.database.writing() as work:
            renamed = replace(MEMBERS[2], id="e" * 12)
            work.incidents.put([*MEMBERS[:2], renamed, MEMBERS[3]])
            work.aliases.put({"c" * 12: "e" * 12}, at=1)
        assert accounts_of(open_stored_incidents(store).attack(MEMBERS[0])) == [ANN, BOB, EVE]


def test_one_plan_covers_every_account_and_closes_all_ways_back_before_blocking(out: Path) -> None:
    plan = request_plan(ScanResults(out), PlanRequest(MEMBERS[0], others=MEMBERS[1:3]))
    assert plan is not None
    assert {step.account for step in plan.actions} == {ANN, BOB, EVE}
    assert plan.incident == MEMBERS[0].id
    kinds = [step.kind for step in plan.actions]
    assert kinds.count("disable_account") == kinds.count("remove_inbox_rule") == 3
    assert max(n for n, kind in enumerate(kinds) if kind == "disable_account") < kinds.index("reset_password")
    assert plan.actor is not None
    assert plan.actor.accounts == (ANN, BOB, EVE)
    assert any(f"The severity of the incident of {BOB} is low" in text for text in plan.warnings)
    alone = request_plan(ScanResults(out), PlanRequest(MEMBERS[0]))
    assert alone is not None
    assert {step.account for step in alone.actions} == {ANN}
    assert alone.id != plan.id


def test_each_account_has_the_steps_of_its_own_kind_at_the_gate() -> None:
    systems = {(TENANT, name): frozenset({"microsoft"}) for name in (ANN, BOB)}
    forged = replace(MEMBERS[1], kind="forged-or-stolen-token")
    made = evidence(systems=systems)
    plan = make_plan(made, incident=MEMBERS[0], others=[forged], with_gate=True)
    assert "forged tokens" in " ".join(plan.warnings)
    assert [step.account for step in plan.actions if step.kind == "block_key"] == [BOB]
    known = make_plan(made, incident=MEMBERS[0], others=[forged], with_gate=True, thumbprints=("jkt",))
    assert [bool(step.calls) for step in known.actions if step.kind == "block_key"] == [True]


def test_the_command_plans_for_the_attack(run: Run, out: Path) -> None:
    done = run("respond", "plan", "2", "--out", str(out), "--attack")
    assert done.code == 0, done.err
    assert all(name in done.out for name in (ANN, BOB, EVE))
    assert MIA not in done.out
    refused = run("respond", "plan", "--scope", "scope.json", "--out", str(out), "--attack")
    assert (refused.code, "--attack needs an incident" in refused.err) == (2, True)
