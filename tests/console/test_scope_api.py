"""The scope of an incident in the console: searched beside it, by analysts, with an end; its files; hostile texts."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from seawall.console.api_error import ApiError
from seawall.console.data import scope_child, scope_search
from seawall.console.data.scope_child import LOST, ScopeTask
from seawall.console.data.scope_search import ScopeSearches, scope_searches, search_days
from seawall.console.data.scope_values import MOST_TOUCHED, scoped_value
from seawall.response.containment.documents import read_plan
from seawall.response.scope.document import read_scope
from seawall.response.scope_values import Doubt, Indicator, Scope, ScopeSubject, SearchStep
from seawall.storage.files.incident_documents import incident_document
from tests.console.consoles import Browser, Console
from tests.console.filled import ANN, BOB, FIRST, filled
from tests.console.samples import DAY, HOSTILE, INCIDENT
from tests.sample_events import event, table

WORST = f"{0:012x}"
PATH = f"/api/incidents/{WORST}/scope"
MESSAGE = "<secret@x.example>"


def bound(uid: str, minute: float, **columns: Any) -> dict[str, Any]:
    """A record of the intruder's that names a message."""
    raw = json.dumps({"Folders": [{"Path": "\\Inbox", "FolderItems": [{"InternetMessageId": MESSAGE}]}]})
    return event(uid, 0, minute, unmapped=raw, src_ip="198.51.100.66", session_uid="stolen", **columns)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Console]:
    with filled(tmp_path) as made:
        assert made.context.lake is not None
        rows = [bound(f"s-{n}", n) for n in range(3)] + [bound("s-bob", 30, account=BOB, mailbox=BOB)]
        made.context.lake.append(table(rows))
        with made.context.database.writing() as work:
            found = work.incidents.get(WORST)
            assert found is not None
            work.incidents.put([replace(found, events=tuple(f"s-{n}" for n in range(3)))])
        yield made
        scope_search.close_searches(made.context)


def searched(browser: Browser, console: Console) -> Any:
    """The answer, once the search is over."""
    begun = browser.post(PATH)
    assert begun.status_code == 200, begun.text
    assert begun.json()["state"] == "running"
    search = scope_searches(console.context).of(WORST)
    assert search is not None
    assert search.done.wait(120)
    return browser.get(PATH).json()


def test_a_search_follows_the_intruder_to_another_account(team: Console, tmp_path: Path) -> None:
    browser = team.signed_in("analyst")
    assert browser.get(PATH).json()["state"] == "none"
    assert browser.get(f"/api/incidents/{WORST}/messages.csv").status_code == 409
    answer = searched(browser, team)
    assert (answer["state"], answer["why"], answer["by"]) == ("done", "", "analyst-user")
    found = answer["scope"]
    touched = {(one["kind"], one["name"]) for one in found["touched"]}
    assert {("account", ANN), ("account", BOB), ("mailbox", ANN), ("mailbox", BOB)} <= touched
    assert all(one["reasons"] for one in found["touched"])
    accounts = next(one for one in found["counts"] if one["kind"] == "account")
    assert accounts["touched"] == sum(1 for kind, _ in touched if kind == "account")
    assert found["steps"][0]["kind"] == "incident"
    assert any(step["value"] == "stolen" and step["is_followed"] for step in found["steps"])
    scope = browser.get(f"/api/incidents/{WORST}/scope.json")
    place = tmp_path / "downloaded.json"
    place.write_bytes(scope.content)
    assert {one.name for one in read_scope(place).accounts if one.verdict == "touched"} >= {ANN, BOB}
    rows = list(csv.DictReader(io.StringIO(browser.get(f"/api/incidents/{WORST}/messages.csv").text)))
    assert len(rows) == found["messages"]
    with team.context.database.reading() as work:
        entries = [(one.action, one.subject, one.actor) for one in work.audit.page(limit=50)]
    assert ("scope-searched", WORST, "analyst-user") in entries
    assert ("scope-exported", WORST, "analyst-user") in entries
    assert ("records-read", ANN, "analyst-user") in entries


def test_once_searched_the_plan_is_of_all_who_are_proved_touched(team: Console, tmp_path: Path) -> None:
    browser, path = team.signed_in("analyst"), f"/api/incidents/{WORST}/plan"
    alone = browser.get(path).json()
    assert (alone["covers"], [one["account"] for one in alone["accounts"]]) == ("incident", [ANN])
    answer = searched(browser, team)
    touched = {one["name"]: one["reasons"] for one in answer["scope"]["touched"] if one["kind"] == "account"}
    made = browser.get(path).json()
    assert (made["covers"], made["missing"], made["may_have_possible"]) == ("touched", None, True)
    accounts = {one["account"]: one for one in made["accounts"]}
    assert set(accounts) == set(touched) == {ANN, BOB}
    assert accounts[BOB]["reasons"] == touched[BOB]
    assert next(iter(accounts)) == ANN
    assert [one["is_incidents"] for one in accounts.values()] == [True, False]
    assert {one["confidence"] for one in accounts.values()} == {"certain"}
    for one in accounts.values():
        steps = [step for step in made["steps"] if step["account"] == one["account"]]
        assert [step["order"] for step in steps] == one["steps"]
        assert one["irreversible"]
        assert {step["irreversible"] for step in steps} - {""} == set(one["irreversible"])
    saved = browser.get(f"{path}.json")
    assert f'"plan-{made["id"]}.json"' in saved.headers["content-disposition"]
    (tmp_path / "plan.json").write_bytes(saved.content)
    plan = read_plan(tmp_path / "plan.json")
    assert (plan.id, {action.account for action in plan.actions}) == (made["id"], {ANN, BOB})
    more = browser.get(f"{path}?covers=possible").json()
    possible = [one for one in more["accounts"] if one["confidence"] == "precaution"]
    assert (more["covers"], len(possible), more["left_out"]) == ("possible", made["left_out"], 0)
    assert possible
    assert all(one["reasons"] for one in possible)
    assert browser.get(f"{path}.json?covers=possible").json()["id"] == more["id"] != made["id"]
    assert browser.get(f"{path}?covers=incident").json() == alone
    assert team.signed_in("viewer").get(path).json() == alone
    assert browser.get(f"{path}?covers=all").status_code == 422
    with team.context.database.reading() as work:
        taken = [one.details["covers"] for one in work.audit.page(limit=50) if one.action == "plan-exported"]
    assert sorted(taken) == ["possible", "touched"]
    search = scope_searches(team.context).of(WORST)
    assert search is not None
    assert not [path.name for path in Path(search.folder.name).iterdir() if path.suffix == ".parquet"]


def test_where_nearly_everybody_is_possible_nobody_of_them_is_planned_for(
    team: Console, tmp_path: Path
) -> None:
    assert team.context.lake is not None
    rows = [
        event(f"p-{n}", 0, n % 60, account=f"p{n}@x.example") for n in range(scope_child.MOST_POSSIBLE + 1)
    ]
    team.context.lake.append(table(rows))
    browser, path = team.signed_in("analyst"), f"/api/incidents/{WORST}/plan"
    searched(browser, team)
    made = browser.get(f"{path}?covers=possible").json()
    assert (made["covers"], made["may_have_possible"]) == ("touched", False)
    assert made["left_out"] > scope_child.MOST_POSSIBLE


def test_one_search_at_a_time_and_none_without_an_end(team: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hung(subprocess.Popen):  # type: ignore[type-arg]
        """A search that does not end."""

        def __init__(self, *_: Any, **more: Any) -> None:
            super().__init__(["sleep", "60"], **more)

    monkeypatch.setattr("subprocess.Popen", Hung)
    team.context.notes["scope searches"] = ScopeSearches(seconds=1.0)
    browser = team.signed_in("analyst")
    assert browser.post(PATH).json()["state"] == "running"
    assert browser.post(PATH).json()["state"] == "running"
    refused = browser.post(f"/api/incidents/{1:012x}/scope")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    search = scope_searches(team.context).of(WORST)
    assert search is not None
    assert search.done.wait(30)
    assert search.process is not None
    assert search.process.poll() is not None
    answer = browser.get(PATH).json()
    assert (answer["state"], answer["scope"]) == ("failed", None)
    assert "took longer" in answer["why"]
    assert browser.get(f"/api/incidents/{WORST}/scope.json").status_code == 409


def test_the_end_of_the_console_ends_the_search_and_removes_what_was_found(team: Console) -> None:
    browser = team.signed_in("analyst")
    browser.post(PATH)
    search = scope_searches(team.context).of(WORST)
    assert search is not None
    folder = Path(search.folder.name)
    scope_search.close_searches(team.context)
    assert search.done.is_set()
    assert not folder.exists()
    assert browser.post(PATH).status_code == 503


def test_a_search_whose_console_was_killed_ends_and_leaves_nothing_behind(
    team: Console, tmp_path: Path
) -> None:
    assert team.context.lake is not None
    folder = tmp_path / "search"
    folder.mkdir()
    (folder / LOST).touch()
    first, end = search_days(INCIDENT.first_event, INCIDENT.last_event)
    task = ScopeTask(str(folder), str(team.context.lake.root), first, end, incident_document(INCIDENT), 10)
    run = [sys.executable, "-m", "seawall.console.data.scope_child"]
    ended = subprocess.run(run, input=msgspec.json.encode(task) + b"\n", timeout=60, check=False)
    assert ended.returncode == 1
    assert not folder.exists()


def test_too_many_events_are_refused(team: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope_search, "MOST_EVENTS", 5)
    refused = team.signed_in("analyst").post(PATH)
    assert refused.status_code == 409
    assert "seawall scope" in refused.json()["error"]["fix"]


def test_what_cannot_be_written_down_is_not_searched(team: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    from seawall.console.endpoint import ApiCall

    browser = team.signed_in("analyst")
    with monkeypatch.context() as patched:
        patched.setattr(
            ApiCall, "note", lambda *_, **__: (_ for _ in ()).throw(ApiError(503, "unavailable", "no"))
        )
        assert browser.post(PATH).status_code == 503
    search = scope_searches(team.context).of(WORST)
    assert search is not None
    assert search.done.wait(30)
    assert browser.get(PATH).json()["state"] == "failed"


def test_viewers_may_not(team: Console) -> None:
    viewer = team.signed_in("viewer")
    assert viewer.get(PATH).status_code == 403
    assert viewer.post(PATH).status_code == 403


def test_what_leaves_mailboxes_open_is_said_with_what_to_do_and_the_gravest_come_first() -> None:
    def possible(name: str, code: Any, **more: Any) -> ScopeSubject:
        return ScopeSubject("mailbox", "org", name, "possible", (), doubts=(Doubt(code, "Why.", 1),), **more)

    boxes = (possible("a", "strange", at_most=3), possible("b", "open"), possible("c", "strange", at_most=9))
    value = scoped_value(Scope(FIRST, FIRST + DAY, (), (), (), boxes, ()))
    assert [one.name for one in value.possible] == ["b", "c", "a"]
    assert [(one.kept, one.alone) for one in value.open_by] == [(2, 2), (1, 1)]
    assert all(one.what and one.to_do for one in value.open_by)
    assert [one.read for one in value.possible] == [
        "",
        "9 messages at most, if it was touched",
        "3 messages at most, if it was touched",
    ]


@pytest.mark.parametrize("time", [-(10**18), 0, 10**18])
def test_days_outside_the_calendar(time: int) -> None:
    first, end = search_days(time, time)
    assert date.min < first < end < date.max


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_made_visible(text: str) -> None:
    seed = Indicator("session", text, FIRST, FIRST + DAY, text)
    one = ScopeSubject("account", text, text, "touched", (text,) * 9, record_count=1)
    scope = Scope(
        FIRST,
        FIRST + DAY,
        (seed,),
        (SearchStep(0, seed, seed, True, text),),
        (one,) * (MOST_TOUCHED + 1),
        (),
        (),
    )
    value = scoped_value(scope)
    assert (len(value.touched), value.more_touched) == (MOST_TOUCHED, 1)
    for shown in (
        value.touched[0].name,
        *value.touched[0].reasons,
        value.steps[0].value,
        value.steps[0].reason,
    ):
        assert not set(shown) & set("\n\r\x00\x1b\u202e\u200b\ud800")
