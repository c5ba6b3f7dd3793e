"""The same incident gives the same plan, forms, return and case, from a scan's folder and from the store of a watch."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import seawall
from seawall.cli.main import main
from seawall.lab.worlds import WorldSettings, make_world
from seawall.response.containment.documents import read_plan
from seawall.response.containment.values import ContainmentPlan
from seawall.response.export.writing import FORMS
from seawall.response.incident_sources import ScanResults
from seawall.response.plan_request import PlanRequest, request_plan
from seawall.response.scope_values import Scope, ScopeSubject
from seawall.response.stored_incidents import StoredEvents, open_stored_incidents
from seawall.storage.files.incident_documents import read_incidents
from seawall.storage.lake import Lake
from seawall.storage.location import open_store
from seawall_base.errors import UsageError
from tests.response.containment.samples import incident
from tests.sample_events import event, table

MOST = 6
APP = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world of two organisations whose records come in several shapes: scanned into `out`, watched into `store`."""
    folder = tmp_path_factory.mktemp("both")
    families = ("consent_phishing", "bec_forwarding", "service_credential", "token_replay", "aitm_phishing")
    make_world(
        WorldSettings(5, tenants=2, accounts=12, days=14, attacks=5, families=families, density=0.3),
        folder / "world",
    )
    seawall.scan(folder / "world/logs", folder / "out")
    assert main(["watch", str(folder / "world/logs"), "--store", str(folder / "store"), "--once", "-q"]) == 0
    return folder


def bare(plan: ContainmentPlan | None) -> ContainmentPlan:
    """A plan without where it was made from, and the id that follows from that."""
    assert plan is not None
    return replace(plan, id="", created_from="")


def test_every_incident_has_the_same_plan_from_both(place: Path) -> None:
    results, steps = ScanResults(place / "out"), 0
    with open_store(place / "store") as opened:
        kept = open_stored_incidents(opened)
        for found in [one for one in read_incidents(place / "out/incidents.jsonl") if one.raised][:MOST]:
            assert kept.incident(found.id) == found
            from_scan, from_store = (
                request_plan(results, PlanRequest(found)),
                request_plan(kept, PlanRequest(found)),
            )
            assert bare(from_store) == bare(from_scan)
            steps += len(bare(from_scan).actions)
    assert steps > MOST


def test_the_verbs_say_the_same_of_both(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    results, store = str(place / "out"), str(place / "store")
    id_ = ScanResults(place / "out").incident("1").id
    assert main(["scope", results, "--incident", "1", "--out", "scope-1", "-q"]) == 0
    assert main(["scope", "--store", store, "--incident", id_[:8], "--out", "scope-2", "-q"]) == 0
    scopes = [json.loads((tmp_path / name / "scope.json").read_text()) for name in ("scope-1", "scope-2")]
    # Whom a record that could not be read leaves open is known of a scan's problems, and of a store's is not.
    touched = [{one["name"] for one in scope["accounts"] if one["verdict"] == "touched"} for scope in scopes]
    assert touched[0] == touched[1] != set()
    scope = ["--scope", "scope-1/scope.json", "--possible"]
    assert main(["respond", "plan", "1", "--out", results, *scope, "--to", "plan-1.json"]) == 0
    named = ["--store", store, "--incident", id_]
    assert main(["respond", "plan", *named, *scope, "--to", "plan-2.json"]) == 0
    assert bare(read_plan(tmp_path / "plan-1.json")) == bare(read_plan(tmp_path / "plan-2.json"))
    assert main(["respond", "export", "1", "--out", results, "--to", "forms-1"]) == 0
    assert main(["respond", "export", *named, "--to", "forms-2"]) == 0
    made = {path.name for path in (tmp_path / "forms-1").iterdir()}
    assert made >= {FORMS["ocsf"], FORMS["stix"], FORMS["records"], FORMS["reasons"]}
    for name in made:
        assert (tmp_path / "forms-1" / name).read_bytes() == (tmp_path / "forms-2" / name).read_bytes()
    assert main(["respond", "notify", "begin", "case-1", "--scope", "scope-2/scope.json"]) == 0
    assert main(["respond", "notify", "begin", "case-2", *named]) == 0
    recipients = [
        (tmp_path / f"case-{n}/case.toml").read_text().split("[[recipients]]", 1)[1] for n in (1, 2)
    ]
    assert recipients[0] == recipients[1]
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "1", "--out", "OUT", "--store", "STORE"], "--out or --store"),
        (["plan", "1", "--incident", "1", "--store", "STORE"], "given twice"),
        (["plan", "--store", "STORE", "--incident", "nosuch"], "no incident 'nosuch'"),
        (["plan", "--store", "STORE"], "neither incident nor scope"),
        (["plan", "1", "--store", "missing"], "there is no store"),
        (["export", "--store", "STORE", "--form", "ocsf"], "give INCIDENT"),
        (["notify", "begin", "case", "--store", "STORE"], "--incident"),
        (["notify", "begin", "case", "--incident", "1", "--scope", "x"], "--store"),
        (["notify", "begin", "case"], "exactly one of --scope and --store"),
        (["watch", "plan.journal.jsonl"], "exactly one of PATH and --store"),
        (["watch", "plan.journal.jsonl", "OUT", "--store", "STORE"], "exactly one of PATH and --store"),
    ],
    ids=range(11),
)
def test_what_makes_no_sense_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    places = {"OUT": str(place / "out"), "STORE": str(place / "store")}
    assert main(["respond", *[places.get(word, word) for word in words]]) == (1 if "missing" in words else 2)
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""


def test_ids_of_before_and_ranks_lead_to_an_incident_of_a_store(place: Path) -> None:
    with open_store(place / "store") as opened:
        kept = open_stored_incidents(opened)
        worst = kept.incident("1")
        assert worst.raised
        with opened.database.writing() as work:
            work.aliases.put({"old-id": worst.id}, at=1)
        assert kept.incident("old-id") == kept.incident(worst.id[:9]) == worst
        with pytest.raises(UsageError, match="no incident"):
            kept.incident("x" * 1_000)


def planned(folder: Path, rows: list[dict[str, Any]], **changes: Any) -> ContainmentPlan | None:
    with Lake.create(folder / "events") as lake:
        lake.append(table(rows))
        return request_plan(StoredEvents(lake, "here"), question(**changes))


def question(scope: Scope | None = None, *, with_possible: bool = False, **changes: Any) -> PlanRequest:
    time = 1_772_442_000_000_000  # tests.sample_events.START
    values = {
        "tenant": "org",
        "account": "ann@x.example",
        "first_event": time,
        "last_event": time + 3_600_000_000,
    }
    return PlanRequest(incident("r1", **{**values, **changes}), scope, with_possible=with_possible)


def test_an_application_of_two_organisations_is_blocked_by_its_own_id(tmp_path: Path) -> None:
    here, there = (f"{n:08d}-aaaa-4bbb-8ccc-000000000001" for n in (9, 1))
    own: dict[str, Any] = {"account": APP, "account_type": "service", "mailbox": None}
    rows = [
        event("r1", **own, actor_user_uid=here, src_ip="192.0.2.1"),
        event("r0", -3, **own, actor_user_uid=here, src_ip="192.0.2.2"),
        event("other", -3, **own, org_uid="another", actor_user_uid=there, src_ip="192.0.2.3"),
    ]
    made = planned(tmp_path, rows, account=APP)
    assert made is not None
    assert made.actor is not None
    assert made.actor.usual["addresses"] == ("192.0.2.2",)
    assert {action.object_id for action in made.actions} == {here}


@pytest.mark.parametrize("tenant", ["unknown", "x.example", "org"])
def test_events_that_state_no_organisation_are_the_accounts(tenant: str, tmp_path: Path) -> None:
    rule = {"kind": "mail_rule", "activity_name": "New-InboxRule", "parameters": json.dumps({"Name": "tidy"})}
    made = planned(tmp_path, [event("r1", 0, 5, org_uid=None, **rule)], tenant=tenant)
    assert made is not None
    removed = [action for action in made.actions if action.kind == "remove_inbox_rule"]
    assert [(action.tenant, action.evidence) for action in removed] == [(tenant, ("r1",))]


def test_an_application_without_an_organisation_is_nobodys_where_there_are_several(tmp_path: Path) -> None:
    rows = [event("r1", org_uid=None, account=APP, account_type="service"), event("r2", org_uid="one")]
    assert planned(tmp_path / "several", rows, account=APP) is None
    assert planned(tmp_path / "one", rows, account=APP, tenant="one") is not None


def test_accounts_that_are_possible_do_not_hide_what_the_holder_usually_shows(tmp_path: Path) -> None:
    rows = [event("r1", src_ip="192.0.2.66"), event("r0", -3), event("b1", 0, 1, account="bob@x.example")]
    asked = question()
    assert asked.incident is not None
    start, end = asked.incident.first_event - 7 * 86_400_000_000, asked.incident.last_event
    bob = ScopeSubject("account", "org", "bob@x.example", "possible", ("doubt",))
    scope = Scope(start, end, (), (), (bob,), (), ())
    made = planned(tmp_path, rows, scope=scope, with_possible=True)
    assert made is not None
    assert made.actor is not None
    assert made.actor.usual["addresses"] == ("203.0.113.7",)
    assert {action.account for action in made.actions} == {"ann@x.example", "bob@x.example"}


def test_a_record_that_came_in_two_shapes_is_one_step(tmp_path: Path) -> None:
    rule = {"kind": "mail_rule", "activity_name": "New-InboxRule", "parameters": json.dumps({"Name": "tidy"})}
    rows = [
        event("r1", 0, 5, **rule),
        event("r1", 0, 5, **rule, source="office_activity", source_file="b.json"),
    ]
    made = planned(tmp_path, rows)
    assert made is not None
    assert [action.evidence for action in made.actions if action.kind == "remove_inbox_rule"] == [("r1",)]


def test_where_nothing_of_the_accounts_is_stored_there_is_no_plan(tmp_path: Path) -> None:
    assert (
        planned(tmp_path, [event("old", -60), event("late", 30), event("b", account="bob@x.example")]) is None
    )


def test_a_store_is_looked_through_for_a_return(place: Path, tmp_path: Path) -> None:
    from seawall.response.adaptation import search_for_return
    from seawall.response.containment.values import Containment
    from seawall.response.returning_attacker import look_in_logs, look_in_store

    made = bare(
        request_plan(ScanResults(place / "out"), PlanRequest(ScanResults(place / "out").incident("1")))
    )
    assert made.actor is not None
    contained = Containment("c", made.actor.first, made.actor.first + 30 * 86_400_000_000, made.actor)
    with open_store(place / "store") as opened:
        from_store, reading = look_in_store(opened.lake, contained)
    from_logs, read = look_in_logs([place / "world/logs"], contained)
    assert from_store.returns() == from_logs.returns() != ()
    assert 0 < reading.records <= read.records
    assert search_for_return([], contained).returns() == ()
