"""Values saved as an intruder's, and the scope that is searched from them: who may, what is refused, what is recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from seawall.console.data import scope_search
from seawall.console.data.scope_search import scope_searches
from seawall.response.scope.document import read_scope
from seawall.storage.database import indicators
from tests.console.consoles import Browser, Console
from tests.console.filled import ANN, BOB, filled
from tests.sample_events import event, table

STOLEN = "session:stolen"
ALL = "/api/indicators"
MESSAGE = "<secret@x.example>"
SINCE = {"from": "2026-03-02", "to": "2026-03-02T12:00:00Z"}


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Console]:
    """A console in which one session is used in two accounts."""
    raw = json.dumps({"Folders": [{"Path": "\\Inbox", "FolderItems": [{"InternetMessageId": MESSAGE}]}]})
    theirs: dict[str, Any] = {"unmapped": raw, "src_ip": "198.51.100.66", "session_uid": "stolen"}
    rows = [event(f"s-{n}", 0, n, **theirs) for n in range(3)]
    rows.append(event("s-bob", 0, 30, **{**theirs, "account": BOB, "mailbox": BOB}))
    with filled(tmp_path) as made:
        assert made.context.lake is not None
        made.context.lake.append(table(rows))
        yield made
        scope_search.close_searches(made.context)


def saved(browser: Browser, status: int = 200, **given: object) -> Any:
    answer = browser.post(ALL, {"subject": STOLEN, "from": "2026-03-02", **given})
    assert answer.status_code == status, answer.text
    return answer.json()


def audited(team: Console, action: str) -> list[str]:
    with team.context.database.reading() as work:
        return [one.subject for one in work.audit.page(limit=50) if one.action == action]


def test_a_value_is_saved_once_for_an_organisation_listed_and_removed(team: Console) -> None:
    browser = team.signed_in("analyst")
    saved(browser, note="first")
    again = saved(browser, note="<script>alert(1)</script>")
    other = saved(browser, tenant="org")
    found = browser.get(ALL).json()["items"]
    assert {one["id"] for one in found} == {again["id"], other["id"]}
    one = next(one for one in found if one["id"] == again["id"])
    assert (one["kind"], one["value"], one["by"]) == ("session", "stolen", "analyst-user")
    assert (one["since"], one["note"]) == ("2026-03-02T00:00:00Z", "<script>alert(1)</script>")
    assert browser.send("DELETE", f"{ALL}/{again['id']}").status_code == 204
    assert browser.send("DELETE", f"{ALL}/{again['id']}").status_code == 404
    assert [one["id"] for one in browser.get(ALL).json()["items"]] == [other["id"]]
    assert audited(team, "indicator-saved") == [STOLEN] * 3
    assert audited(team, "indicator-removed") == [STOLEN]


def test_viewers_see_them_and_change_nothing(team: Console) -> None:
    one = saved(team.signed_in("analyst"))
    viewer = team.signed_in("viewer")
    assert [found["id"] for found in viewer.get(ALL).json()["items"]] == [one["id"]]
    saved(viewer, 403)
    assert viewer.send("DELETE", f"{ALL}/{one['id']}").status_code == 403
    for path in ("/api/scope", "/api/scope.json", "/api/messages.csv"):
        assert viewer.get(f"{path}?subject={STOLEN}").status_code == 403
    assert viewer.post("/api/scope", {"subject": [STOLEN], **SINCE}).status_code == 403
    assert team.browser().get(ALL).status_code == 401


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "x",
        "ip:nowhere",
        "day:2026-03-02",
        "rule:inbox",
        "country:NL",
        "network:hosting",
        "<b>:x",
        "session:" + "x" * 2000,
    ],
)
def test_what_is_no_indicator_is_refused(team: Console, subject: str) -> None:
    browser = team.signed_in("analyst")
    assert saved(browser, 422, subject=subject)["error"]["field"] == "subject"
    assert browser.post("/api/scope", {"subject": [subject], **SINCE}).status_code == 422
    assert browser.get(f"/api/scope?subject={quote(subject)}").status_code == 422
    assert browser.get(ALL).json() == {"items": []}


def test_hostile_texts_are_texts(team: Console) -> None:
    browser = team.signed_in("analyst")
    for text in ("'; DROP TABLE settings; --", "%_", "\u202eevil", "../../etc/passwd", "a b"):
        one = saved(browser, subject=f"agent:{text}", note=text, tenant=text)
        assert (one["value"], one["note"], one["tenant"]) == (text, text, text)
    assert len(browser.get(ALL).json()["items"]) == 5
    assert browser.send("DELETE", f"{ALL}/%25").status_code == 404
    saved(browser, 422, note="x" * 2001)
    saved(browser, 422, **{"from": "never"})


def test_there_are_not_endlessly_many(team: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indicators, "MOST_INDICATORS", 1)
    browser = team.signed_in("analyst")
    saved(browser)
    saved(browser, note="the same again")
    answer = browser.post(ALL, {"subject": "ip:192.0.2.1", "from": "2026-03-02"})
    assert 400 <= answer.status_code < 500
    assert len(browser.get(ALL).json()["items"]) == 1


def test_a_search_from_a_session_finds_both_accounts(team: Console, tmp_path: Path) -> None:
    browser = team.signed_in("analyst")
    path = f"/api/scope?subject={STOLEN}"
    assert browser.get(path).json()["state"] == "none"
    assert browser.get(f"/api/scope.json?subject={STOLEN}").status_code == 409
    begun = browser.post("/api/scope", {"subject": [STOLEN], **SINCE})
    assert (begun.status_code, begun.json()["state"]) == (200, "running"), begun.text
    search = scope_searches(team.context).of(STOLEN)
    assert search is not None
    assert search.done.wait(120)
    answer = browser.get(path).json()
    assert (answer["state"], answer["why"], answer["by"]) == ("done", "", "analyst-user")
    touched = {(one["kind"], one["name"]) for one in answer["scope"]["touched"]}
    assert {("account", ANN), ("account", BOB), ("mailbox", ANN), ("mailbox", BOB)} <= touched
    place = tmp_path / "scope.json"
    place.write_bytes(browser.get(f"/api/scope.json?subject={STOLEN}").content)
    assert {one.name for one in read_scope(place).accounts if one.verdict == "touched"} >= {ANN, BOB}
    assert MESSAGE in browser.get(f"/api/messages.csv?subject={STOLEN}").text
    assert audited(team, "scope-searched") == [STOLEN]
    assert audited(team, "scope-exported") == [STOLEN] * 2
    assert {ANN, BOB} <= set(audited(team, "records-read"))


def test_a_search_needs_times_in_order_and_bounds(team: Console) -> None:
    browser = team.signed_in("analyst")
    for given in (
        {"subject": [STOLEN]},
        {"subject": [], "from": "2026-03-02"},
        {"subject": [STOLEN] * 51, "from": "2026-03-02"},
        {"subject": [STOLEN], "from": "2026-03-02", "to": "2026-03-01"},
        {"subject": STOLEN, "from": "2026-03-02"},
    ):
        assert browser.post("/api/scope", given).status_code == 422, given


def test_look_ups_say_what_may_be_an_indicator(team: Console) -> None:
    browser = team.signed_in("viewer")
    for subject, expected in {
        STOLEN: (True, False),
        "ip:198.51.100.66": (True, False),
        "network:AS64501": (True, True),
        "network:hosting": (False, True),
        f"account:{ANN}": (True, True),
        "day:2026-03-02": (False, False),
    }.items():
        found = browser.get(f"/api/look?subject={quote(subject)}").json()
        assert (found["may_be_indicator"], found["is_owners_too"]) == expected, subject
