"""`seawall rules health`: real scans of small logs, of which is known what each rule does in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from seawall.detection.rules.sigma.health import name_log
from seawall.detection.rules.sigma.spellings import FAMILIES
from tests.cli.conftest import Run
from tests.detection.rules.vendor_records import google, m365, okta, sign_in

PACK = Path(str(resources.files("seawall.detection.rules") / "pack"))
GOLDEN = Path(__file__).parents[1] / "events" / "golden"
OKTA = {"product": "okta", "service": "okta"}
M365 = {"product": "m365", "service": "exchange"}
Rule = dict[str, Any]


def rule(number: int, title: str, logsource: Rule, selection: Rule, **more: Any) -> Rule:
    return {"title": title, "id": str(UUID(int=number)), "level": "high", "logsource": logsource,
            "detection": {"s": selection, "condition": "s"}, **more}  # fmt: skip


RULES = {
    "hits": rule(1, "It hits", OKTA, {"eventType": "zone.update"}),
    "noisy": rule(2, "It is noisy", OKTA, {"eventType": "user.session.start"}),
    "never": rule(3, "Its value is another", OKTA, {"eventType": "zone.update", "outcome.result": "FAILURE"}),
    "apart": rule(
        4, "Its conditions are apart", OKTA,
        {"eventType": "user.session.start", "client.ipAddress": "203.0.113.9", "outcome.result": "FAILURE"},
    ),
    "field": rule(5, "Its field is missing", OKTA, {"eventType": "zone.update", "client.colour": "red"}),
    "value": rule(6, "Its value is nowhere", OKTA, {"outcome.result": "DEFERRED"}),
    "waits": rule(7, "Its operation did not occur", OKTA, {"eventType": "policy.rule.delete"}),
    "log": rule(8, "Its log is missing", {"product": "azure", "service": "signinlogs"}, {"ResultType": "50126"}),
    "part": rule(9, "Its part of the log is missing", {"product": "gcp", "service": "google_workspace.token"},
                 {"eventName": "authorize"}),
    "idle": rule(10, "No vendor writes it", M365, {"UserId": "UPN"}),
    "broken": rule(11, "Nobody reads its log", {"product": "windows"}, {"EventID": 1}),
    "either": rule(12, "One of two ways hits", OKTA, {"eventType": "zone.update"}),
}  # fmt: skip
RULES["either"]["detection"] = {
    "a": {"eventType": "zone.update", "client.colour": "red"}, "b": {"eventType": "zone.update", "severity": "INFO"},
    "condition": "a or b",
}  # fmt: skip
STATES = {
    "hits": ("hits", None), "noisy": ("noisy", None), "never": ("never_hit", "value_missing"),
    "apart": ("never_hit", "never_together"), "field": ("cannot_hit", "field_missing"),
    "value": ("cannot_hit", "value_missing"), "waits": ("waits", "operation_missing"),
    "log": ("cannot_hit", "log_missing"), "part": ("cannot_hit", "log_missing"), "idle": ("cannot_hit", "never_written"),
    "broken": ("does_not_run", "unsupported"), "either": ("hits", None),
}  # fmt: skip


def correlation(number: int, title: str, rules: list[str], **more: Any) -> Rule:
    return {"title": title, "id": str(UUID(int=number)), "level": "high",
            "correlation": {"type": "event_count", "rules": rules, "group-by": ["actor.alternateId"], "timespan": "10m",
                            "condition": {"gte": 3}, **more}}  # fmt: skip


def written(place: Path, rules: dict[str, Rule]) -> Path:
    place.mkdir()
    for name, content in rules.items():
        (place / f"{name}.yml").write_text(yaml.safe_dump(content), "utf-8")
    return place


def event(event_type: str, day: int, minute: int = 0, who: str = "ann@x.example", **more: Any) -> Rule:
    """An event of March 2026; every one has its own id."""
    return okta(
        event_type, published=f"2026-03-{day:02}T09:{minute:02}:00.000Z", uuid=f"{event_type}-{day}-{minute}-{who}",
        actor={"id": who, "type": "User", "alternateId": who, "displayName": who}, **more,
    )  # fmt: skip


def lines(path: Path, records: Iterator[Rule] | list[Rule]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Ten days of Okta with sign-ins of ten accounts, a zone that was changed twice, a Google and a mailbox record."""
    place = tmp_path / "logs"
    place.mkdir()
    people = [f"p{number}@x.example" for number in range(10)]
    failed = {"result": "FAILURE", "reason": "INVALID_CREDENTIALS"}
    address = {**okta("x")["client"], "ipAddress": "203.0.113.9"}
    lines(place / "okta.jsonl", [
        *(event("user.session.start", day, at, who) for day in range(1, 11) for at, who in enumerate(people)),
        event("user.session.start", 3, 30, people[0], outcome=failed),
        event("user.session.start", 3, 40, people[1], client=address),
        event("zone.update", 2), event("zone.update", 9),
    ])  # fmt: skip
    lines(place / "others.jsonl", [google("admin", "CREATE_USER"), m365("MailItemsAccessed", "Exchange", 50)])
    return place


def by_name(out: str, folder: str = "mine") -> dict[str, Rule]:
    found = [row for row in json.loads(out)["rules"] if str(row["file"]).startswith(f"{folder}/")]
    return {Path(row["file"]).stem: row for row in found}


def test_each_rule_is_told_what_it_does_and_why(run: Run, logs: Path, tmp_path: Path) -> None:
    mine = written(tmp_path / "mine", RULES)
    got = run("rules", "health", str(logs), "--rules", str(mine), "--json")
    assert got.code == 0, "a noisy rule is a result, not an error"
    rows = by_name(got.out)
    assert {name: (row["state"], row["reason"]) for name, row in rows.items()} == STATES
    assert (rows["hits"]["hits"], rows["hits"]["days_with_hits"], rows["hits"]["accounts"]) == (2, 2, 1)
    assert rows["noisy"]["hits"] == 102
    assert "client.colour is missing from all of 2 records with its operation" in rows["field"]["why"]
    assert (
        "outcome.result is never `failure` in 2 records with its operation; it is `SUCCESS`"
        in rows["never"]["why"]
    )
    assert (rows["never"]["operation_records"], rows["apart"]["operation_records"]) == (2, 102)
    assert rows["log"]["why"] == "there is no log of this kind: Entra sign-ins"
    assert rows["part"]["why"] == "there is no log of this kind: Google Workspace (token)"
    assert "looks at logs that are not read here" in rows["broken"]["why"]
    document = json.loads(got.out)
    assert (document["from"], document["to"], document["days"]) == ("2026-03-01", "2026-03-10", 10)
    assert document["accounts"] == 12, "ten people, and Ann in two organisations"
    assert document["logs"] == {"m365": 1, "okta": 104, "google": 1}
    assert sum(document["counts"].values()) == sum(not row["is_part"] for row in document["rules"])


def test_rates_are_hits_a_day_for_a_thousand_accounts(run: Run, logs: Path, tmp_path: Path) -> None:
    mine = written(tmp_path / "mine", RULES)
    row = by_name(run("rules", "health", str(logs), "--rules", str(mine), "--json").out)["noisy"]
    assert row["hits_a_day_per_1000_accounts"] == pytest.approx(1_000 * 102 / 10 / 12, abs=0.001)
    assert row["share_of_accounts"] == pytest.approx(10 / 12, abs=1e-5)
    assert row["allowed_a_day_per_1000_accounts"] == 5
    assert "a scan gives it no weight" in row["why"]


def test_records_of_other_kinds_are_no_log_of_a_known_product(run: Run, tmp_path: Path) -> None:
    """A rule for Okta also looks at records of no known kind: they do not stand for Okta's log."""
    log = lines(
        tmp_path / "a.jsonl",
        [{"time": "2026-03-02T09:00:00Z", "action": "something", "user": "ann@x.example"}],
    )
    mine = written(tmp_path / "mine", {"hits": RULES["hits"]})
    document = run("rules", "health", str(log), "--rules", str(mine), "--json")
    row = by_name(document.out)["hits"]
    assert (row["reason"], row["why"]) == ("log_missing", "there is no log of this kind: Okta System Log")


def test_of_many_values_the_first_are_named(run: Run, tmp_path: Path) -> None:
    many = rule(40, "Many", OKTA, {"eventType": "zone.update", "outcome.result": ["A", "B", "C", "D", "E"]})
    log = lines(tmp_path / "a.jsonl", [event("zone.update", 2)])
    row = by_name(
        run(
            "rules", "health", str(log), "--rules", str(written(tmp_path / "mine", {"many": many})), "--json"
        ).out
    )["many"]
    assert row["why"].startswith("outcome.result is never `a` or `b` or `c` or 2 more in 1 record")


def test_rules_of_many_conditions_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from seawall.detection.rules.sigma import probes
    from seawall.detection.rules.sigma.load import load_rules

    long = {"eventType": "zone.update", **{f"client.field{number}": "x" for number in range(300)}}
    rules = {
        f"r{number}": rule(100 + number, f"Long {number}", OKTA, {**long, "client.own": str(number)})
        for number in range(60)
    }
    monkeypatch.setattr(probes, "MOST_PROBES", 100)
    counted = probes.RuleProbes(load_rules([written(tmp_path / "mine", rules)], with_pack=False))
    needs = [len(way.needs) for ways in counted.alternatives for way in ways]
    assert max(needs) <= probes.MOST_NEEDS
    assert len(counted) <= probes.MOST_PROBES + 2 * probes.MOST_NEEDS + 3 * len(rules), (
        "and each rule as a whole"
    )


def test_one_burst_is_no_noise(run: Run, tmp_path: Path) -> None:
    records = [event("user.session.start", day, 0) for day in range(1, 11)]
    records += [event("zone.update", 5, minute) for minute in range(40)]
    log = lines(tmp_path / "a.jsonl", records)
    mine = written(tmp_path / "mine", {"hits": RULES["hits"]})
    row = by_name(run("rules", "health", str(log), "--rules", str(mine), "--json").out)["hits"]
    assert (row["state"], row["hits"]) == ("hits", 40)
    assert row["hits_a_day_per_1000_accounts"] > row["allowed_a_day_per_1000_accounts"]


def test_only_the_last_days_count(run: Run, logs: Path, tmp_path: Path) -> None:
    mine = written(tmp_path / "mine", RULES)
    got = run("rules", "health", str(logs), "--rules", str(mine), "--days", "1", "--json")
    rows = by_name(got.out)
    assert json.loads(got.out)["days"] == 1
    assert rows["noisy"]["hits"] == 10
    assert (rows["hits"]["state"], rows["hits"]["hits"]) == ("waits", 0)
    assert rows["never"]["state"] == "waits"
    two = by_name(run("rules", "health", str(logs), "--rules", str(mine), "--days", "2", "--json").out)
    assert (two["hits"]["state"], two["hits"]["hits"], two["never"]["operation_records"]) == ("hits", 1, 1)
    assert run("rules", "health", str(logs), "--days", "0").code == 2


def test_correlations_say_which_of_their_rules_stops_them(run: Run, logs: Path, tmp_path: Path) -> None:
    named = {
        name: {**RULES[name], "name": name, "level": "informational"}
        for name in ("hits", "noisy", "waits", "log")
    }
    chain = {"type": "temporal", "condition": None}
    mine = written(tmp_path / "mine", {
        **named, "often": correlation(20, "Often", ["noisy"], **{"group-by": ["eventType"]}),
        "seldom": correlation(21, "Seldom", ["hits"]), "one_waits": correlation(22, "Both", ["hits", "waits"], **chain),
        "no_log": correlation(23, "None", ["log"]), "apart": correlation(24, "Apart", ["noisy", "hits"], **chain),
    })  # fmt: skip
    for path in mine.glob("*.yml"):
        content = yaml.safe_load(path.read_text("utf-8"))
        if content.get("correlation", {}).get("condition", 0) is None:
            del content["correlation"]["condition"]
            path.write_text(yaml.safe_dump(content), "utf-8")
    rows = by_name(run("rules", "health", str(logs), "--rules", str(mine), "--json").out)
    assert rows["often"]["hits"] > 0
    assert rows["hits"]["is_part"]
    assert (rows["seldom"]["state"], rows["seldom"]["reason"]) == ("never_hit", "never_together")
    assert (
        rows["seldom"]["why"]
        == "the rules that it counts hit 2 records, never as often as it asks within 10 minutes"
    )
    assert (rows["one_waits"]["state"], rows["no_log"]["reason"]) == ("waits", "log_missing")
    assert rows["apart"]["why"].endswith("never together as it asks within 10 minutes")


def test_the_table_can_be_read_at_once(run: Run, logs: Path, tmp_path: Path) -> None:
    mine = written(tmp_path / "mine", RULES)
    got = run("rules", "health", str(logs), "--rules", str(mine))
    assert got.code == 0
    assert got.out.startswith("106 events of 12 accounts in 10 days, 2026-03-01 to 2026-03-10.\n")
    assert "logs: Microsoft 365 audit log (1), Okta System Log (104), Google Workspace (1)\n" in got.out
    headings = [line for line in got.out.splitlines() if re.match("[A-Z]{2}", line)]
    assert [line.split(" (")[0] for line in headings] == [
        "NOISY: hit more often than their level allows", "HIT", "NEVER HIT, though the operation occurs",
        "CANNOT HIT in these logs", "DO NOT RUN", "WAIT: the log is there, the operation did not occur",
    ]  # fmt: skip
    assert "Its log is missing" not in got.out, "only counted"
    assert "  2 rules: there is no log of this kind: Google Workspace (takeout)\n" in got.out
    assert got.err.endswith(f"next: seawall doctor {logs}\n") or "doctor" in got.err
    every = run("rules", "health", str(logs), "--rules", str(mine), "--all", "--quiet")
    assert "Its log is missing" in every.out
    assert every.err == ""


def test_logs_in_which_all_is_well_end_with_0(run: Run, tmp_path: Path) -> None:
    log = lines(tmp_path / "a.jsonl", [event("zone.update", 2), event("zone.update", 3)])
    got = run("rules", "health", str(log))
    assert got.code == 0, got.out
    assert "A network zone" in got.out or "network zone" in got.out


def test_a_missing_field_is_told_and_a_parameter_that_nobody_set_is_no_such_field(
    run: Run, tmp_path: Path
) -> None:
    mailbox = m365("Set-Mailbox", "Exchange", 1, Parameters=[{"Name": "Identity", "Value": "ann"}])
    log = lines(tmp_path / "a.jsonl", [event("zone.update", 2), mailbox])
    hidden = {"Operation": "Set-Mailbox", "Parameters.HiddenFromAddressListsEnabled": "True"}
    mine = written(tmp_path / "mine", {"field": RULES["field"], "set": rule(41, "Set", M365, hidden)})
    got = run("rules", "health", str(log), "--rules", str(mine))
    assert got.code == 0
    assert "client.colour is missing from all of 1 record with its operation" in " ".join(got.out.split())
    rows = by_name(run("rules", "health", str(log), "--rules", str(mine), "--json").out)
    assert (rows["field"]["state"], rows["field"]["reason"]) == ("cannot_hit", "field_missing")
    assert (rows["set"]["state"], rows["set"]["reason"]) == ("never_hit", "field_missing")


def test_hostile_names_and_values_stay_text(run: Run, tmp_path: Path) -> None:
    """Titles of rules and values of logs may hold colours, markup, directions of writing and line ends."""
    evil = "\x1b[31m[red]ann\u202e\r\nHIT (9)"
    mine = written(
        tmp_path / "mine",
        {"evil": {**RULES["never"], "title": f"Title {evil}", "id": evil}, "field": RULES["field"]},
    )
    outcome = {"result": evil, "reason": None}
    log = lines(tmp_path / "a.jsonl", [event("zone.update", 2, outcome=outcome)])
    for shown in (("--all",), ("--json",)):
        got = run("rules", "health", str(log), "--rules", str(mine), *shown)
        assert got.code == 0
        assert "\x1b" not in got.out
        assert "\u202e" not in got.out or shown == ("--json",)
        assert "\nHIT (9)" not in got.out
        assert "[red]" in got.out


def test_no_logs_are_an_error_and_damaged_ones_are_not(run: Run, tmp_path: Path) -> None:
    assert run("rules", "health", str(tmp_path / "nowhere")).code == 3
    empty = tmp_path / "empty"
    empty.mkdir()
    got = run("rules", "health", str(empty))
    assert got.code == 3
    assert "nothing was read" in got.err
    log = tmp_path / "a.jsonl"
    log.write_text("{broken\n" + json.dumps(event("zone.update", 2)) + "\n" + "[" * 3_000 + "\n", "utf-8")
    document = json.loads(run("rules", "health", str(log), "--json").out)
    assert (document["events"], document["problems"] > 0) == (1, True)
    assert document["records"] == document["events"] + document["problems"]


def test_hits_are_those_of_a_scan(run: Run, tmp_path: Path) -> None:
    """Every rule that ships hits its own records; the numbers are those that a scan writes into rules.json."""
    logs = tmp_path / "logs"
    logs.mkdir()
    for number, path in enumerate(sorted(PACK.glob("*/*.positive.jsonl"))):
        text = path.read_text("utf-8").replace(
            "6f1f3c0e-2f0b-4a57-9d0e-0b7c1a52e9d4", str(UUID(int=(number + 1) << 64))
        )
        text = text.replace("C00example", f"C{number:07}").replace("example.com", f"t{number}.example.com")
        (logs / path.name).write_text(text, "utf-8")
    run("scan", str(logs), "--out", str(tmp_path / "out"), "--quiet")
    scanned = json.loads((tmp_path / "out" / "rules.json").read_text("utf-8"))["rules"]
    expected = {row["id"]: row["hits"] for row in scanned}
    document = json.loads(run("rules", "health", str(logs), "--json").out)
    rows = {row["id"]: row for row in document["rules"] if not row["is_part"]}
    assert {name: row["hits"] for name, row in rows.items()} == {name: expected[name] for name in rows}
    assert [name for name, row in rows.items() if not row["hits"]] == []
    assert set(document["counts"]) <= {"hits", "noisy"}


def test_fields_of_sign_ins_that_one_log_lacks_are_found_in_the_other(run: Run, tmp_path: Path) -> None:
    """A rule for Entra's sign-ins also looks at those of the audit log: it can hit where either has its fields."""
    asked = rule(
        30,
        "Odd requirement",
        {"product": "azure", "service": "signinlogs"},
        {"authenticationRequirement": "strange"},
    )
    mine = written(tmp_path / "mine", {"odd": asked})
    audit = lines(tmp_path / "audit.jsonl", [m365("UserLoggedIn", "AzureActiveDirectory", 15)])
    row = by_name(run("rules", "health", str(audit), "--rules", str(mine), "--json").out)["odd"]
    assert (row["state"], row["reason"]) == ("cannot_hit", "field_missing")
    assert row["why"] == (
        "authenticationRequirement is missing from all of 1 sign-in record of Microsoft 365 audit log; "
        "there is no log of this kind: Entra sign-ins"
    )
    entra = lines(tmp_path / "entra.jsonl", [sign_in(createdDateTime="2026-03-02T10:00:00Z")])
    row = by_name(run("rules", "health", str(audit), str(entra), "--rules", str(mine), "--json").out)["odd"]
    assert (row["state"], row["reason"]) == ("cannot_hit", "value_missing")
    assert "it is `multiFactorAuthentication`" in row["why"]


def test_rules_for_risk_detections_ask_for_risk_detections(run: Run, logs: Path, tmp_path: Path) -> None:
    asked = rule(
        31,
        "Odd risk",
        {"product": "azure", "service": "riskdetection"},
        {"riskEventType": "anonymizedIPAddress"},
    )
    mine = written(tmp_path / "mine", {"odd": asked})
    row = by_name(run("rules", "health", str(logs), "--rules", str(mine), "--json").out)["odd"]
    assert (row["state"], row["reason"]) == ("cannot_hit", "log_missing")
    assert row["why"] == "there is no log of this kind: risk detections and alerts of vendors"
    risk = {
        "id": "4f5b6a70-0a52-4b3b-9d1e-2a0a5f1d9c11", "riskEventType": "leakedCredentials", "riskLevel": "high",
        "riskState": "atRisk", "detectedDateTime": "2026-03-02T10:00:00Z", "userPrincipalName": "ann@x.example",
        "userId": "7a1e0d34-5c0f-4ae5-9e0f-0a37f5f0a6b2", "detectionTimingType": "offline", "source": "IdentityProtection",
        "activity": "user", "ipAddress": None, "requestId": None, "riskDetail": "none",
        "activityDateTime": "2026-03-02T10:00:00Z", "lastUpdatedDateTime": "2026-03-02T10:00:00Z",
    }  # fmt: skip
    here = lines(tmp_path / "risk.jsonl", [risk])
    row = by_name(run("rules", "health", str(here), "--rules", str(mine), "--json").out)["odd"]
    assert (row["state"], row["reason"]) == ("cannot_hit", "value_missing")
    assert row["why"].endswith("it is `leakedCredentials`")


def test_every_family_of_sources_has_a_name_for_readers() -> None:
    assert [family for family in FAMILIES if name_log(family) == family] == []


def test_records_that_are_there_twice_are_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for name in ("a", "b"):
        lines(tmp_path / "logs" / f"{name}.jsonl", [event("zone.update", 2), event("zone.update", 3)])
    got = run("rules", "health", str(tmp_path / "logs"), "--days", "1", "--json")
    document = json.loads(got.out)
    assert {name: document[name] for name in ("records", "events", "duplicates", "logs")} == {
        "records": 4,
        "events": 1,
        "duplicates": 1,
        "logs": {"okta": 2},
    }
    assert (
        "1 event and 1 duplicate of 1 account in 1 day"
        in run("rules", "health", str(tmp_path / "logs"), "--days", "1").out
    )


def test_every_known_log_belongs_to_a_family_of_sources() -> None:
    """Otherwise its records are counted in no log."""
    known = {source for family in FAMILIES.values() for source in family.sources}
    folders = {path.name for path in GOLDEN.iterdir() if any(path.glob("*.event.json"))}
    assert folders - known == set()
