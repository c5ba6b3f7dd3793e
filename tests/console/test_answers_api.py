"""Answers in the API: previewed, given, listed, withdrawn; noted in the audit trail; and only by those who may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall.console.context import ConsoleSettings
from tests.console.consoles import Browser, Console
from tests.console.filled import ANN, filled

WORST = f"{0:012x}"
ANSWERS = f"/api/incidents/{WORST}/answers"
SAFE = {"answer": "safe", "note": "<b>it was me</b>"}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Console]:
    with filled(tmp_path, ConsoleSettings()) as made:
        yield made


def sent(browser: Browser, path: str, document: Any, status: int = 201) -> Any:
    answer = browser.post(path, document)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_an_answer_is_given_shown_and_taken_back(own: Console) -> None:
    browser = own.browser()
    given = sent(browser, ANSWERS, SAFE)
    assert (given["incident"], given["account"], given["given_by"]) == (WORST, ANN, "local")
    assert (given["answer"], given["note"], given["standing"]) == ("safe", "<b>it was me</b>", True)
    incident = browser.get(f"/api/incidents/{WORST}").json()
    assert (incident["answer"], incident["answers"]) == ("safe", [given])
    assert [row["id"] for row in browser.get("/api/incidents?queue=answered").json()["items"]] == [WORST]
    assert browser.get("/api/answers?standing=true").json()["items"] == [{**given, "hides": 0}]
    assert browser.send("DELETE", f"/api/answers/{given['id']}").status_code == 204
    assert browser.send("DELETE", f"/api/answers/{given['id']}").status_code == 404
    assert browser.get(f"/api/incidents/{WORST}").json()["answer"] is None
    assert browser.get("/api/answers?standing=true").json()["items"] == []
    (kept,) = browser.get("/api/answers?standing=false").json()["items"]
    assert kept["withdrawn_by"] == "local"
    with own.context.database.reading() as work:
        entries = [(entry.action, entry.subject) for entry in work.audit.page(limit=100)]
    assert entries[-2:] == [("answer-given", WORST), ("answer-withdrawn", given["id"])]


def test_an_expected_change_names_its_values_and_ends(own: Console) -> None:
    given = sent(own.browser(), ANSWERS, {"answer": "expected-change", "scope": {"reach": "account"}})
    assert {"aspect": "network", "value": "Example Hosting"} in given["scope"]["values"]
    assert given["expires_at"] is not None
    named = {"reach": "account", "values": [{"aspect": "network", "value": "Example Hosting"}]}
    again = sent(own.browser(), "/api/incidents/0ld/answers", {"answer": "expected-change", "scope": named})
    assert again["scope"] == named
    own.clock.pass_seconds(400 * 86_400)
    rows = own.browser().get("/api/answers?kind=expected-change").json()["items"]
    assert [row["standing"] for row in rows] == [False, False]


def test_the_list_comes_in_pages(own: Console) -> None:
    browser = own.browser()
    ids = [sent(browser, f"/api/incidents/{n:012x}/answers", {"answer": "safe"})["id"] for n in range(7)]
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = browser.get(f"/api/answers?limit=3{f'&cursor={cursor}' if cursor else ''}").json()
        found += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert found == sorted(ids, key=int, reverse=True)


def test_a_preview_keeps_nothing(own: Console) -> None:
    browser = own.browser()
    told = sent(browser, f"{ANSWERS}/preview", {"answer": "safe"}, 200)
    assert (told["days"], told["hidden"]) == (30, [])
    assert told["note"]
    assert browser.get("/api/answers").json()["items"] == []


@pytest.mark.parametrize(
    "document",
    [
        {}, {"answer": "maybe"}, {"answer": "safe", "x": 1}, {"answer": "safe", "expires_at": "yesterday"},
        {"answer": "safe", "expires_at": "0001-01-01T00:00:00Z"},
        {"answer": "expected-change", "expires_at": "2000-01-01T00:00:00Z"},
        {"answer": "expected-change", "expires_at": "9999-01-01T00:00:00Z"},
        {"answer": "expected-change", "scope": {"reach": "world"}},
        {"answer": "expected-change", "scope": {"values": [{"aspect": "network", "value": "elsewhere"}]}},
        {"answer": "expected-change", "scope": {"values": [{"aspect": "", "value": "x"}]}},
        {"answer": "safe", "note": "x" * 4001}, {"answer": "safe", "scope": {"values": [{"aspect": "a", "value": "b"}] * 51}},
    ],
    ids=range(12),
)  # fmt: skip
def test_an_answer_that_makes_no_sense(own: Console, document: Any) -> None:
    assert sent(own.browser(), ANSWERS, document, 422)["error"]["code"] == "invalid"
    if "note" not in document:
        sent(own.browser(), f"{ANSWERS}/preview", document, 422)
    assert own.browser().get("/api/answers").json()["items"] == []


@pytest.mark.parametrize("id_", ["x", "-1", "0", "1", "9" * 30, "%00"])
def test_no_such_answer(own: Console, id_: str) -> None:
    assert own.browser().send("DELETE", f"/api/answers/{id_}").status_code == 404


def test_no_such_incident(own: Console) -> None:
    sent(own.browser(), "/api/incidents/nosuch/answers", SAFE, 404)
    sent(own.browser(), "/api/incidents/nosuch/answers/preview", {"answer": "safe"}, 404)


def test_viewers_only_read(tmp_path: Path) -> None:
    with filled(tmp_path) as made:
        viewer, analyst = made.signed_in("viewer"), made.signed_in("analyst")
        for path in (ANSWERS, f"{ANSWERS}/preview"):
            assert viewer.post(path, {"answer": "safe"}).status_code == 403
        given = sent(analyst, ANSWERS, {"answer": "compromised"})
        assert given["given_by"] == "analyst-user"
        assert viewer.send("DELETE", f"/api/answers/{given['id']}").status_code == 403
        assert viewer.get("/api/answers").json()["items"][0]["id"] == given["id"]
        assert viewer.send("PUT", "/api/views/x", {"query": ""}).status_code == 403
        assert analyst.send("PUT", "/api/settings/budget", {"per_day": 1}).status_code == 403


def test_the_detector(own: Console) -> None:
    told = own.browser().get("/api/detector").json()
    assert told["calibration"] == {
        "expected": [0.25, 0.5, 0.75, 1.0], "observed": [0.1, 0.3, 0.6, 1.0], "days": 1, "groups": 10,
    }  # fmt: skip
    assert told["days"] == [{"day": "2024-10-04", "events": 70, "accounts": 3, "raised": 0}]
    assert sum(week["announced"] for week in told["ledger"]) == 1


@pytest.mark.parametrize("budget", ["", "?budget=0", "?budget=10", "?budget=2.5"])
def test_what_if(own: Console, budget: str) -> None:
    told = own.browser().get(f"/api/detector/what-if{budget}")
    assert told.status_code == 200
    assert told.json()["more"] == []


@pytest.mark.parametrize("budget", ["-1", "x", "nan", "inf", "1e9", ""])
def test_a_budget_that_is_none(own: Console, budget: str) -> None:
    assert own.browser().get(f"/api/detector/what-if?budget={budget}").status_code == 422
