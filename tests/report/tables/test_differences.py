"""What a later scan has that an earlier one has not: nothing for equal results, and each new thing once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from seawall.report.tables.differences import NAMES, compare_results
from seawall.report.tables.incident_differences import compare_incidents
from seawall.storage.files.incident_documents import write_incidents
from tests.cli.conftest import Run, run
from tests.cli.samples import INCIDENT
from tests.sample_events import event, sign_in

from .test_tables import EVENTS, RULES, cells, results

__all__ = ["run"]


def folder(place: Path, incidents: Any = (INCIDENT,), events: Any = EVENTS, rules: Any = RULES) -> Path:
    results(place, events, rules)
    write_incidents(place / "incidents.jsonl", incidents)
    return place


def test_equal_results_differ_in_nothing(tmp_path: Path) -> None:
    found = compare_results(folder(tmp_path / "a"), folder(tmp_path / "b"))
    assert [table.name for table in found] == list(NAMES)
    assert not any(table.rows for table in found)


def test_incidents_are_new_gone_or_changed() -> None:
    grown = replace(INCIDENT, id="grown", score=9.0, severity="critical", events=("e2", "e3"))
    other = replace(INCIDENT, id="other", account="bob@contoso.example", events=("e9",))
    candidate = replace(other, id="candidate", account="cid@contoso.example", raised=False)
    new, gone, changed = compare_incidents(
        [INCIDENT, candidate], [grown, other, replace(candidate, raised=True)]
    )
    assert sorted(cells(new, "id")) == [("candidate",), ("other",)]
    assert not gone.rows
    assert cells(changed, "severity_before", "severity", "score_before", "score", "id_before", "id") == [
        ("high", "critical", 7.5, 9.0, INCIDENT.id, "grown")
    ]
    assert cells(compare_incidents([other], [])[1], "id") == [("other",)]


def test_an_incident_of_the_same_account_without_a_common_record_is_another() -> None:
    later = replace(INCIDENT, id="later", events=("e7",))
    new, gone, changed = compare_incidents([INCIDENT], [later])
    assert (cells(new, "id"), cells(gone, "id"), changed.rows) == ([("later",)], [(INCIDENT.id,)], ())


def test_new_accounts_networks_applications_and_rule_hits_are_listed(tmp_path: Path) -> None:
    more = [
        sign_in("n1", day=9, account="eve@x.example", app_uid="odd", src_asn=64511, src_asn_name="Far"),
        sign_in("n2", day=9, account="failed@x.example", status="failure", app_uid="never"),
        event("n3", day=9, account="system", account_type="system", app_uid="upkeep"),
    ]
    rules = json.loads(json.dumps(RULES))
    rules["rules"][0]["accounts"].append({**rules["rules"][0]["accounts"][0], "account": "eve@x.example"})
    found = compare_results(
        folder(tmp_path / "a"), folder(tmp_path / "b", events=[*EVENTS, *more], rules=rules)
    )
    rows = {table.name: table for table in found}
    assert cells(rows["new-accounts"], "account") == [("eve@x.example",)]
    assert cells(rows["new-networks"], "network", "who") == [("AS64511 Far", "eve@x.example")]
    assert cells(rows["new-applications"], "application", "accounts") == [("odd", 1)]
    assert cells(rows["new-rule-hits"], "rule", "account") == [("A quiet rule", "eve@x.example")]


def test_the_verb_prints_all_or_one_and_refuses_what_is_no_result(tmp_path: Path, run: Run) -> None:
    one, two = folder(tmp_path / "a"), folder(tmp_path / "b", incidents=[])
    answer = run("diff", str(one), str(two))
    assert answer.code == 0
    assert INCIDENT.title in answer.out
    document = json.loads(run("diff", str(one), str(two), "--table", "gone-incidents", "--json").out)
    assert document["tables"]["gone-incidents"]["rows"][0]["score"] == INCIDENT.score
    assert run("diff", str(one), str(tmp_path / "none")).code == 3
    assert run("diff", str(one), str(two), "--table", "sign-ins").code == 2
