"""Accounts, their time, and what ties incidents together, over a real store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seawall.console.context import ConsoleSettings
from seawall.detection.incident import BaselineComparison
from seawall_base.times import rfc3339
from tests.console.consoles import Browser, Console
from tests.console.filled import ANN, BOB, filled, incidents
from tests.console.samples import DAY, INCIDENT

WORST = f"{0:012x}"
TIMELINE = f"/api/account/timeline?tenant=org&account={ANN}"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with filled(tmp_path_factory.mktemp("accounts"), ConsoleSettings()) as made:
        alone = BaselineComparison("network", "Rare Hosting", (), 0.0, 30.0, 1, 1240, True)
        told = replace(INCIDENT.reasons[0], value="Rare Hosting")
        both = [
            replace(one, usual=(alone,), reasons=(told,), related=(BOB,) if number == 0 else ())
            for number, one in enumerate(incidents()[:2])
        ]
        both.append(replace(incidents()[2], usual=(replace(alone, peers_with=900),), reasons=(told,)))
        like = replace(incidents()[3], usual=(replace(alone, now="Rare Hosting East"),))
        both.append(replace(like, reasons=(replace(told, value="Rare Hosting East"),)))
        with made.context.database.writing() as work:
            work.incidents.put(both)
        yield made


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Console]:
    with filled(tmp_path, ConsoleSettings()) as made:
        yield made


@pytest.fixture
def browser(shown: Console) -> Browser:
    return shown.browser()


def got(browser: Browser, path: str, status: int = 200) -> Any:
    answer = browser.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_the_accounts(browser: Browser) -> None:
    rows = got(browser, "/api/accounts?sort=name")["items"]
    assert [(row["tenant"], row["account"], row["events"]) for row in rows][:2] == [
        ("org", ANN, 60),
        ("org", BOB, 10),
    ]
    assert (rows[0]["incidents"], rows[0]["worst"], rows[0]["type"]) == (1, 5.0, "user")
    assert rows[-1]["account"] == "nobody@y.example"
    assert rows[-1]["tenant"] == "y.example"


@pytest.mark.parametrize(
    "order", ["", "sort=worst", "sort=name", "sort=-last", "q=x.example", "q=e&sort=worst"]
)
def test_accounts_in_order(browser: Browser, order: str) -> None:
    rows = got(browser, f"/api/accounts?limit=200&{order}")["items"]
    places = {
        "worst": lambda row: (row["worst"] is None, -(row["worst"] or 0.0), row["tenant"], row["account"]),
        "name": lambda row: (row["tenant"] == "y.example", row["tenant"], row["account"]),
    }
    if "last" in order:
        assert [row["last"] for row in rows] == sorted((row["last"] for row in rows), reverse=True)
    else:
        expected = "name" if order in {"sort=name", "q=x.example"} else "worst"
        assert rows == sorted(rows, key=places[expected])
    assert len(rows) > 1


def test_accounts_in_no_order(browser: Browser) -> None:
    assert got(browser, "/api/accounts?sort=best", 422)["error"]["field"] == "sort"


@pytest.mark.parametrize("order", ["", "&sort=name", "&sort=-last"])
def test_accounts_in_pages(browser: Browser, order: str) -> None:
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = got(browser, f"/api/accounts?limit=1{order}{f'&cursor={cursor}' if cursor else ''}")
        found += [row["account"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert found == [row["account"] for row in got(browser, f"/api/accounts?limit=200{order}")["items"]]
    assert [row["account"] for row in got(browser, "/api/accounts?q=BOB")["items"]] == [BOB]
    assert got(browser, "/api/accounts?q=%25&tenant=org")["items"] == []
    assert got(browser, "/api/accounts?tenant=nosuch")["items"] == []


def test_an_account(browser: Browser) -> None:
    value = got(browser, f"/api/account?tenant=org&account={ANN}")
    assert (value["events"], value["active_days"], value["type"]) == (60, 1, "user")
    assert [(n["value"], n["country"], n["class"], n["events"]) for n in value["networks"]] == [
        ("AS64500 Home", "DE", "residential", 50),
        ("AS64501 Example Hosting", "NL", "residential", 10),
    ]
    assert [client["value"] for client in value["clients"]] == ["chrome/browser"]
    assert [row["id"] for row in value["incidents"]] == [WORST]


@pytest.mark.parametrize("account", ["nosuch", "", "%00", "x" * 2000, "' OR 1=1 --"])
def test_no_such_account(browser: Browser, account: str) -> None:
    got(browser, f"/api/account?tenant=org&account={account}", 404)
    got(browser, f"/api/account/timeline?tenant=org&account={account}", 404)


def test_an_account_without_events(browser: Browser) -> None:
    value = got(browser, "/api/account?tenant=org&account=user5@x.example")
    assert (value["events"], value["first"], len(value["incidents"])) == (
        0,
        value["incidents"][0]["first_event"],
        1,
    )


def test_an_account_that_states_no_organisation(browser: Browser) -> None:
    value = got(browser, "/api/account?tenant=y.example&account=nobody@y.example")
    assert value["events"] == 1
    assert got(browser, "/api/account/timeline?tenant=y.example&account=nobody@y.example")["lanes"]


def test_the_time_of_an_account(browser: Browser) -> None:
    told = got(browser, f"{TIMELINE}&slots=10")
    lanes = {lane["network"]: lane for lane in told["lanes"]}
    assert set(lanes) == {"AS64500 Home", "AS64501 Example Hosting"}
    assert sum(count for _, count, _ in lanes["AS64500 Home"]["points"]) == 50
    assert all(count == intruder for _, count, intruder in lanes["AS64501 Example Hosting"]["points"])
    assert all(0 <= slot < 10 for lane in told["lanes"] for slot, _, _ in lane["points"])
    assert told["marks"][0]["incident"] == WORST


def test_a_span_of_it(browser: Browser) -> None:
    told = got(browser, f"{TIMELINE}&from=2026-03-02T09:30:00Z&to=2026-03-02T09:40:00Z&slots=5")
    assert (told["from"], told["to"], told["slot_seconds"]) == (
        "2026-03-02T09:30:00Z",
        "2026-03-02T09:40:00Z",
        120,
    )
    assert [lane["points"] for lane in told["lanes"]] == [[[n, 2, 0] for n in range(5)]]
    assert got(browser, f"{TIMELINE}&from=2000-01-01&to=2000-01-02")["lanes"] == []


@pytest.mark.parametrize(
    "wrong", ["slots=0", "slots=501", "from=x", "from=2026-03-02&to=2026-03-02", "to=1970-01-01"]
)
def test_a_span_that_makes_no_sense(browser: Browser, wrong: str) -> None:
    assert got(browser, f"{TIMELINE}&{wrong}", 422)["error"]["field"] in {"slots", "from", "to"}


def test_what_ties_incidents_together(browser: Browser) -> None:
    told = got(browser, f"/api/incidents/{WORST}/related")
    assert [
        (one["key"], one["value"], [a["account"] for a in one["accounts"]]) for one in told["shared"]
    ] == [("network", "Rare Hosting", [BOB, "user2@x.example"])]
    assert told["family"] == "family-1"
    assert [row["account"] for row in told["incidents"]] == [BOB, "user2@x.example"]
    assert told["shared"][0]["accounts"][0]["events"] == 5


@pytest.mark.parametrize(
    ("aspect", "value"),
    [
        ("network", "AS64501 Example Hosting"),
        ("prefix", "198.51.100.0/24"),
        ("app", "Some (odd) app (bob-app)"),
        ("app", "bob-app"),
        ("client", "bob-client"),
    ],
)
def test_accounts_without_an_incident_are_found_by_their_events(
    own: Console, aspect: str, value: str
) -> None:
    away = BaselineComparison(aspect, value, (), 0.0, 30.0, 1, 1240, True)
    one = replace(incidents()[0], usual=(away,), reasons=(), related=())
    with own.context.database.writing() as work:
        work.incidents.put([one])
        work.incidents.remove([incidents()[1].id])
    told = got(own.browser(), f"/api/incidents/{WORST}/related")
    (shared,) = told["shared"]
    assert [(a["account"], a["incident"], a["events"]) for a in shared["accounts"]] == [(BOB, None, 10)]
    assert told["incidents"] == []


@pytest.mark.parametrize(
    ("days", "looked", "is_cut"), [(2, 4, False), (6, 8, False), (7, 8, True), (12, 8, True)]
)
def test_how_far_was_looked_for_accounts_is_said(own: Console, days: int, looked: int, is_cut: bool) -> None:
    first = incidents()[0].first_event
    with own.context.database.writing() as work:
        work.incidents.put([replace(incidents()[0], last_event=first + days * DAY)])
    told = got(own.browser(), f"/api/incidents/{WORST}/related")
    assert told["looked_from"] == rfc3339(first - DAY)
    assert told["looked_to"] == rfc3339(first - DAY + looked * DAY)
    assert told["is_cut"] is is_cut


def test_a_common_value_ties_nothing(browser: Browser) -> None:
    told = got(browser, f"/api/incidents/{2:012x}/related")
    assert (told["shared"], told["family"]) == ([], "family-1")
    got(browser, "/api/incidents/nosuch/related", 404)
