"""The data API over a real store: what is asked for is answered, whole and in order, and nothing else is."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall.console.context import ConsoleSettings
from seawall.storage.database import FirstImport, StoredSource
from tests.console.consoles import Browser, Console
from tests.console.filled import ANN, BOB, MARKUP, filled, incidents

WORST = f"{0:012x}"
HOSTILE_ONE = incidents()[-1].id


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A filled console that tests only read from."""
    with filled(tmp_path_factory.mktemp("shown"), ConsoleSettings()) as made:
        yield made


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Console]:
    """A filled console of a test's own."""
    with filled(tmp_path, ConsoleSettings()) as made:
        yield made


def got(browser: Browser, path: str, status: int = 200) -> Any:
    answer = browser.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


def all_of(browser: Browser, path: str) -> list[Any]:
    """Every page of a list."""
    found: list[Any] = []
    cursor, sign = "", "&" if "?" in path else "?"
    while True:
        page = got(browser, path + (f"{sign}cursor={cursor}" if cursor else ""))
        found += page["items"]
        if page["total"] is not None:
            assert page["total"] >= len(found)
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def names(rows: list[Any]) -> list[str]:
    return [row["id"] for row in rows]


def test_the_queue_is_worst_first_in_pages(shown: Console) -> None:
    rows = all_of(shown.browser(), "/api/incidents?queue=all&limit=7")
    assert names(rows) == names([{"id": incident.id} for incident in incidents()])
    assert rows[0]["announced_at"] is not None
    assert rows[0]["chips"][0]["short"] == "0 of 1,240 peers"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("queue=open", 10), ("queue=announced", 1), ("queue=answered", 0), ("queue=candidates", 20), ("queue=all", 30),
        ("queue=all&severity=critical&severity=low", 15), ("queue=all&q=severity:critical", 8), ("queue=all&tenant=org", 30),
        ("queue=all&tenant=nobody", 0), ("queue=all&q=account:ANN", 1), ("queue=all&q=is:raised", 10),
        ("queue=all&q=-is:raised", 20), ("queue=all&q=score>4.5", 2), ("queue=all&q=score%3E=4.5", 3),
        ("queue=all&q=-score>4.5", 28), ("queue=all&q=score<4.5 score>4", 1), ("queue=all&q=answer:none", 30),
        ("queue=all&q=answer:safe", 0), ("queue=all&q=network:hosting", 30), ("queue=all&q=after:2026-03-03", 16),
        ("queue=all&q=before:2026-03-03 account:user", 13), ("queue=all&q=%22%3Cscript%3E%22", 1), ("queue=all&q=nosuch", 0),
        ("queue=all&q=kind:account-takeover", 30),
    ],
)  # fmt: skip
def test_what_is_chosen(shown: Console, query: str, count: int) -> None:
    rows = all_of(shown.browser(), f"/api/incidents?limit=4&{query}")
    assert len(rows) == count
    assert len(set(names(rows))) == count
    assert got(shown.browser(), f"/api/incidents?limit=4&{query}")["total"] == count


@pytest.mark.parametrize(
    ("query", "field"),
    [("q=nosuch:x", "q"), ("q=severity:x", "q"), ("limit=0", "limit"), ("limit=201", "limit"), ("queue=x", "queue"), ("x=1", "x"),
     ("limit=1&limit=2", "limit"), ("q=-after:2026-01-01", "q"), ("severity=worst", "severity[0]"), ("sort=id", "sort")],
)  # fmt: skip
def test_nonsense_is_refused(shown: Console, query: str, field: str) -> None:
    error = got(shown.browser(), f"/api/incidents?{query}", 422)["error"]
    assert (error["code"], error["field"]) == ("invalid", field)


def test_other_orders(shown: Console) -> None:
    browser = shown.browser()
    by_time = [row["last_event"] for row in all_of(browser, "/api/incidents?queue=all&sort=-time&limit=11")]
    assert by_time == sorted(by_time, reverse=True)
    by_account = [row["account"] for row in all_of(browser, "/api/incidents?queue=all&sort=account&limit=11")]
    assert by_account == sorted(by_account)


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "ü", "A" * 9000, "..%2f", "%00"])
def test_a_made_up_cursor_is_refused(shown: Console, cursor: str) -> None:
    for path in ("/api/incidents?queue=all", "/api/problems?", f"/api/incidents/{WORST}/records?"):
        assert shown.browser().get(f"{path}&cursor={cursor}").status_code in {400, 422}


def test_a_cursor_is_of_its_list_alone(shown: Console) -> None:
    cursor = got(shown.browser(), "/api/incidents?queue=all&limit=3")["next_cursor"]
    for other in ("queue=open", "queue=all&sort=account", "queue=all&q=ann", "queue=all&tenant=org"):
        got(shown.browser(), f"/api/incidents?{other}&limit=3&cursor={cursor}", 400)
    got(shown.browser(), f"/api/problems?cursor={cursor}", 400)


def test_one_incident_by_either_id(shown: Console) -> None:
    value = got(shown.browser(), f"/api/incidents/{WORST}")
    assert value == got(shown.browser(), "/api/incidents/0ld")
    assert (value["id"], value["aliases"], value["answers"]) == (WORST, ["0ld"], [])
    assert value["text"].startswith("CRITICAL")


@pytest.mark.parametrize("id_", ["nosuch", "..%2f..", "%00", "x" * 5000, "'", "%F0%9F%98%80"])
def test_no_such_incident(shown: Console, id_: str) -> None:
    for rest in ("", "/plan", "/plan.json", "/records", "/evidence.zip"):
        answer = shown.browser().get(f"/api/incidents/{id_}{rest}")
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not-found"


def test_the_records_of_an_incident(shown: Console) -> None:
    rows = all_of(shown.browser(), f"/api/incidents/{WORST}/records?limit=3")
    assert names(rows) == [f"id-{n}" for n in range(10)]
    assert all(row["is_intruder"] for row in rows)
    assert rows[0]["network"] == "AS64501 Example Hosting"
    assert rows[0]["raw"]["src_location"] == "NL"
    assert rows[0]["raw"]["time"] == rows[0]["time"]


def test_the_records_of_an_account(shown: Console) -> None:
    path = f"/api/account/records?tenant=org&account={ANN}&limit=25"
    newest = all_of(shown.browser(), path)
    assert names(newest) == [f"id-{n}" for n in reversed(range(60))]
    assert [row["is_intruder"] for row in newest] == [False] * 50 + [True] * 10
    assert names(all_of(shown.browser(), f"{path}&order=oldest")) == [f"id-{n}" for n in range(60)]
    some = all_of(shown.browser(), f"{path}&from={newest[10]['time']}&to={newest[0]['time']}")
    assert names(some) == [f"id-{n}" for n in reversed(range(49, 59))]
    assert all_of(shown.browser(), "/api/account/records?tenant=x&account=y") == []


def test_records_that_state_no_organisation(shown: Console) -> None:
    rows = all_of(shown.browser(), "/api/account/records?tenant=y.example&account=nobody@y.example")
    assert names(rows) == ["none-1"]
    assert got(shown.browser(), "/api/record?tenant=y.example&id=none-1")["id"] == "none-1"


@pytest.mark.parametrize(
    "span", ["from=x", "to=2026-13-01", "from=2026-03-02&to=2026-03-01", "from=", "order=best"]
)
def test_a_span_that_makes_no_sense(shown: Console, span: str) -> None:
    error = got(shown.browser(), f"/api/account/records?tenant=org&account={ANN}&{span}", 422)["error"]
    assert error["field"] in {"from", "to", "order"}


def test_one_record(shown: Console) -> None:
    record = got(shown.browser(), "/api/record?tenant=org&id=id-3")
    assert (record["account"], record["is_intruder"]) == (ANN, True)
    assert not got(shown.browser(), "/api/record?tenant=org&id=id-30")["is_intruder"]
    got(shown.browser(), "/api/record?tenant=org&id=nosuch", 404)
    got(shown.browser(), "/api/record?tenant=org", 422)


@pytest.mark.parametrize("day", ["2026-03-02", "2026-03-05", "1970-01-01", "9999-12-30"])
def test_one_record_with_a_right_or_wrong_day(shown: Console, day: str) -> None:
    assert got(shown.browser(), f"/api/record?tenant=org&id=id-3&day={day}")["id"] == "id-3"
    assert got(shown.browser(), f"/api/record?tenant=y.example&id=none-1&day={day}")["id"] == "none-1"
    got(shown.browser(), f"/api/record?tenant=org&id=nosuch&day={day}", 404)


@pytest.mark.parametrize(
    "day", ["", "x", "2026-02-30", "2026-3-2", "0001-01-01", "9999-12-31", "2026-03-02T00"]
)
def test_one_record_of_no_day(shown: Console, day: str) -> None:
    error = got(shown.browser(), f"/api/record?tenant=org&id=id-3&day={day}", 422)["error"]
    assert error["field"] == "day"


def test_hostile_records_stay_text(shown: Console) -> None:
    rows = all_of(shown.browser(), "/api/account/records?tenant=org&account=eve@x.example")
    assert MARKUP in {row["user_agent"] for row in rows}
    assert all(row["raw"]["unmapped"] == '{"a":' * 9 for row in rows)


def test_evidence(own: Console) -> None:
    answer = own.browser().get("/api/incidents/0ld/evidence.zip?tz=Europe/Berlin")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="seawall-{WORST}.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        lines = archive.read("events.jsonl").splitlines()
        assert [json.loads(line)["id"] for line in lines] == [f"id-{n}" for n in range(10)]
        assert "4 further records" in archive.read("README.txt").decode()
        assert len(json.loads(archive.read("finding.json"))["evidences"]) == 10
        assert json.loads(archive.read("bundle.json"))["type"] == "bundle"
    with own.context.database.reading() as work:
        entry = work.audit.page(limit=100)[-1]
    assert (entry.action, entry.subject, entry.actor) == ("evidence-exported", WORST, "local")
    assert own.browser().get(f"/api/incidents/{HOSTILE_ONE}/evidence.zip").status_code == 200


@pytest.mark.parametrize(
    "zone", ["", "x", "../../etc/passwd", "Europe", "Europe/Nowhere", "/etc/localtime", "%00", "a" * 65]
)
def test_no_such_zone(shown: Console, zone: str) -> None:
    error = got(shown.browser(), f"/api/incidents/{WORST}/evidence.zip?tz={zone}", 422)["error"]
    assert error["field"] == "tz"


def test_the_queue_as_a_table(shown: Console) -> None:
    answer = shown.browser().get("/api/incidents.csv?queue=all")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="seawall-incidents.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row["id"] for row in rows] == [incident.id for incident in incidents()]
    assert rows[-1]["summary"].startswith("'=cmd")
    assert rows[-1]["account"] == MARKUP
    assert rows[0]["score"] == "5.0"
    few = shown.browser().get(f"/api/incidents.csv?queue=all&q=account:{ANN}").text
    assert few.count("\r\n") == 2
    with shown.context.database.reading() as work:
        taken = [one for one in work.audit.page(limit=100) if one.action == "incidents-exported"]
    assert [(one.subject, one.actor, dict(one.details)) for one in taken[-2:]] == [
        ("all", "local", {"query": ""}),
        ("all", "local", {"query": f"account:{ANN}"}),
    ]


def test_views_are_of_their_owner(own: Console) -> None:
    browser = own.browser()
    assert got(browser, "/api/views") == {"items": []}
    for name in ("mine", "a/b", "ü &?"):
        answer = browser.send("PUT", f"/api/views/{name.replace('?', '%3F')}", {"query": "q=is%3Aopen"})
        assert answer.json() == {"name": name, "query": "q=is%3Aopen"}
    assert [view["name"] for view in got(browser, "/api/views")["items"]] == ["a/b", "mine", "ü &?"]
    with own.context.database.reading() as work:
        assert work.views.of("somebody") == []
    assert browser.send("DELETE", "/api/views/mine").status_code == 204
    assert browser.send("DELETE", "/api/views/mine").status_code == 404
    assert browser.send("PUT", "/api/views/a%0Ab", {"query": ""}).status_code == 404
    assert browser.send("PUT", f"/api/views/{'x' * 101}", {"query": ""}).status_code == 422
    assert browser.send("PUT", "/api/views/x", {"query": "x" * 4001}).status_code == 422
    assert browser.send("PUT", "/api/views/x", {"query": "x", "owner": "y"}).status_code == 422


def test_health(shown: Console) -> None:
    health = got(shown.browser(), "/api/health/ingest")
    assert [(source["name"], source["state"]) for source in health["sources"]] == [
        (MARKUP, "silent"),
        ("m365/org", "ok"),
    ]
    assert health["sources"][1]["typical_gap_seconds"] == 3600
    assert health["gaps"][0]["text"] == "a gap"
    assert health["problems"] == [{"code": "not-json", "count": 3, "example": f"{MARKUP}0"}]
    assert health["outbox"] == {"waiting": 0, "failed": 0, "last_error": None}
    assert health["unjudged"] == []
    assert all(source["is_judged"] for source in health["sources"])


def test_health_tells_what_is_not_judged(own: Console) -> None:
    now = own.clock()
    with own.context.database.writing() as work:
        work.sources.put(
            [
                StoredSource("other/org", "other", "org", 9, 0, now, now, now, None, None),
                StoredSource("other/unknown", "other", "unknown", 5, 0, now, now, now, None, None),
            ]
        )
    health = got(own.browser(), "/api/health/ingest")
    assert health["unjudged"] == [
        "5 of 5 records of organisation unknown are of no log that Seawall recognises: nothing in them was judged."
    ]
    judged = {source["name"]: source["is_judged"] for source in health["sources"]}
    assert judged["m365/org"]
    assert not judged["other/org"]


def test_problems(shown: Console) -> None:
    rows = all_of(shown.browser(), "/api/problems?limit=2")
    assert [row["line"] for row in rows] == [0, 1, 2]
    assert all_of(shown.browser(), "/api/problems?code=no-time") == []
    assert len(all_of(shown.browser(), "/api/problems?code=not-json&limit=1")) == 3


def test_history_and_what_is_not_judged(shown: Console) -> None:
    with shown.context.database.writing() as work:
        work.incidents.mark_history([f"{3:012x}"])
        work.first_imports.put([FirstImport("org", 0, False, 20_000, waiting_from=20_005)])
        late = {
            "tenant": "",
            "code": "late",
            "start": 86_400_000_000,
            "text": "Events of 1970-01-02 came too late.",
        }
        work.settings.put("coverage", {"notes": [late, {**late, "code": "gap"}]})
    try:
        browser = shown.browser()
        rows = all_of(browser, "/api/incidents?queue=all&q=is:history")
        assert [(row["id"], row["history"]) for row in rows] == [(f"{3:012x}", True)]
        assert len(all_of(browser, "/api/incidents?queue=all&q=-is:history")) == 29
        assert got(browser, f"/api/incidents/{3:012x}")["history"] is True
        assert got(browser, f"/api/incidents/{WORST}")["history"] is False
        summary = got(browser, "/api/summary")
        assert summary["unjudged"] == [
            {"tenant": "", "from": "1970-01-02T00:00:00Z", "text": "Events of 1970-01-02 came too late."},
            {
                "tenant": "org",
                "from": "2024-10-09T00:00:00Z",
                "text": "Events from 2024-10-09 on are scored and wait to be judged.",
            },
        ]
    finally:
        with shown.context.database.writing() as work:
            work.incidents.remove([f"{3:012x}"])
            work.incidents.put([one for one in incidents() if one.id == f"{3:012x}"])
            work.first_imports.put([FirstImport("org", 0, False, 20_000)])
            work.settings.forget("coverage")


def test_the_summary(shown: Console) -> None:
    summary = got(shown.browser(), "/api/summary")
    assert (summary["open"], summary["announced"], summary["answered"], summary["empty"]) == (10, 1, 0, False)
    assert sum(summary["by_severity"].values()) == 10
    assert summary["budget"]["tenants"][0]["tenant"] == "org"
    assert (summary["budget"]["today"], summary["budget"]["spent"]) == (1, 10)
    assert (summary["ingest"]["state"], summary["ingest"]["records"]) == ("none", 80)
    assert (summary["silent_sources"], summary["accounts"], summary["tenants"]) == (1, 3, ["org"])


def test_the_budget(own: Console) -> None:
    browser = own.browser()
    assert browser.send("PUT", "/api/settings/budget", {"per_day": 7}).json() == {"per_day": 7}
    assert got(browser, "/api/summary")["budget"]["per_day"] == 7
    assert browser.send("PUT", "/api/settings/budget", {"per_day": None}).json() == {"per_day": None}
    for wrong in ({"per_day": -1}, {"per_day": "x"}, {}, {"per_day": 1e9}, {"per_day": 1, "x": 1}):
        assert browser.send("PUT", "/api/settings/budget", wrong).status_code == 422
    with own.context.database.reading() as work:
        changes = [entry for entry in work.audit.page(limit=100) if entry.action == "budget-changed"]
    assert [entry.details for entry in changes] == [
        {"before": None, "after": 7.0},
        {"before": 7.0, "after": None},
    ]


def test_the_threshold(own: Console) -> None:
    browser = own.browser()
    path = "/api/settings/threshold"
    shipped = got(browser, "/api/summary")["threshold"]["shipped"]
    assert browser.send("PUT", path, {"least_score": -1.5}).json() == {"least_score": -1.5}
    shown = got(browser, "/api/summary")["threshold"]
    assert (shown["least_score"], shown["chosen"], shown["configured"]) == (-1.5, -1.5, None)
    assert 0 < shown["chance"] < 1
    assert browser.send("PUT", path, {"least_score": -12}).json() == {"least_score": -12}
    assert got(browser, "/api/summary")["threshold"]["least_score"] is None, "off"
    assert browser.send("PUT", path, {"least_score": None}).json() == {"least_score": None}
    assert got(browser, "/api/summary")["threshold"]["least_score"] == shipped
    for wrong in ({"least_score": -13}, {"least_score": "off"}, {}, {"least_score": 1, "x": 1}):
        assert browser.send("PUT", path, wrong).status_code == 422
    with own.context.database.reading() as work:
        changes = [entry for entry in work.audit.page(limit=100) if entry.action == "threshold-changed"]
    assert [entry.details for entry in changes] == [
        {"before": None, "after": -1.5},
        {"before": -1.5, "after": -12.0},
        {"before": -12.0, "after": None},
    ]


def test_an_incident_shows_its_chance(shown: Console) -> None:
    listed = got(shown.browser(), "/api/incidents")["items"]
    assert [row["chance"] for row in listed] == sorted((row["chance"] for row in listed), reverse=True)
    assert all(0 <= row["chance"] <= 1 for row in listed)
    alone = got(shown.browser(), f"/api/incidents/{listed[0]['id']}")
    assert alone["chance"] == listed[0]["chance"]


def test_an_empty_store(tmp_path: Path) -> None:
    from tests.console.consoles import console

    with console(tmp_path, ConsoleSettings()) as made:
        browser = made.browser()
        assert got(browser, "/api/summary")["empty"] is True
        assert got(browser, "/api/incidents") == {"items": [], "next_cursor": None, "total": 0}
        for path in (f"/api/account/records?tenant=org&account={BOB}", "/api/record?tenant=org&id=x"):
            assert got(browser, path, 503)["error"]["code"] == "unavailable"
