"""Look-ups over the API: what they count, their pages, who may, what is refused, and that reading is audited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from seawall.console.context import ConsoleSettings
from tests.console.consoles import Browser, Console
from tests.console.filled import ANN, BOB, filled

WORST = f"{0:012x}"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with filled(tmp_path_factory.mktemp("look"), ConsoleSettings()) as made:
        yield made


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with filled(tmp_path_factory.mktemp("team")) as made:
        yield made


def got(browser: Browser, subject: str, path: str = "/api/look", status: int = 200, **more: object) -> Any:
    rest = "".join(f"&{name}={quote(str(value), safe='')}" for name, value in more.items())
    answer = browser.get(f"{path}?subject={quote(subject, safe='')}{rest}")
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_network_with_its_accounts_and_incidents(shown: Console) -> None:
    found = got(shown.browser(), "network:AS64501")
    assert (found["subject"], found["records"], found["is_cut"]) == ("network:AS64501", 20, False)
    assert [(one["day"], one["records"]) for one in found["by_day"]] == [
        ("2026-03-02", 10),
        ("2026-03-03", 10),
    ]
    seen = {field["name"]: field["values"] for field in found["seen"]}
    assert {(one["tenant"], one["value"], one["records"]) for one in seen["accounts"]} == {
        ("org", ANN, 10),
        ("org", BOB, 10),
    }
    assert [one["subject"] for one in seen["networks"]] == ["network:AS64501"]
    assert [row["id"] for row in found["incidents"]] == [WORST]


def test_nothing_is_an_answer(shown: Console) -> None:
    found = got(shown.browser(), "ip:192.0.2.1")
    assert (found["records"], found["first"], found["incidents"]) == (0, None, [])
    assert got(shown.browser(), "ip:192.0.2.1", "/api/look/records")["items"] == []


@pytest.mark.parametrize("limit", [3, 7, 200])
def test_pages_hold_each_record_once_newest_day_first(shown: Console, limit: int) -> None:
    browser, items, cursor = shown.browser(), list[Any](), None
    for _ in range(40):
        more: dict[str, Any] = {} if cursor is None else {"cursor": cursor}
        page = got(browser, "network:AS64501", "/api/look/records", limit=limit, **more)
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len({one["id"] for one in items}) == len(items) == 20
    assert [one["time"] for one in items] == sorted((one["time"] for one in items), reverse=True)
    assert {one["id"] for one in items if one["is_intruder"]} == {f"id-{n}" for n in range(10)}


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "x",
        "ip:x",
        "cidr:203.0.113.0/99",
        "ip:" + "9" * 5000,
        "rule:",
        "day:2026-13-40",
        "<script>:x",
        "tenant:org",
    ],
)
def test_what_cannot_be_looked_up_is_refused(shown: Console, subject: str) -> None:
    for path in ("/api/look", "/api/look/records"):
        assert got(shown.browser(), subject, path, 422)["error"]["field"].startswith("subject")


def test_hostile_values_are_values(shown: Console) -> None:
    for text in ("<script>alert(1)</script>", "'; DROP TABLE x; --", "%_", "\u202eevil", "../../etc/passwd"):
        assert got(shown.browser(), f"agent:{text}")["records"] in (0, 1)
    assert got(shown.browser(), "agent:<script>alert(1)</script>")["records"] == 1


def several(
    browser: Browser, *subjects: str, path: str = "/api/look", status: int = 200, rest: str = ""
) -> Any:
    asked = "&".join(f"subject={quote(one, safe='')}" for one in subjects)
    answer = browser.get(f"{path}?{asked}{rest}")
    assert answer.status_code == status, answer.text
    return answer.json()


def test_records_show_all_values_and_none_that_is_excluded(shown: Console) -> None:
    browser = shown.browser()
    both = several(browser, "network:AS64501", f"account:{BOB}")
    assert (both["records"], both["subject"]) == (10, f"network:AS64501 account:{BOB}")
    assert [(one["kind"], one["is_not"]) for one in both["subjects"]] == [
        ("network", False),
        ("account", False),
    ]
    assert both["incidents"] == []
    without = several(browser, "network:AS64501", f"-account:{BOB}", "day:2026-03-02", "-country:US")
    assert (without["records"], [row["id"] for row in without["incidents"]]) == (10, [WORST])
    assert several(browser, "network:AS64501", "-network:AS64501")["records"] == 0
    items = several(browser, "client:bob", "network:hosting", "-app:ann", path="/api/look/records")["items"]
    assert {one["account"] for one in items} == {BOB}
    assert len(items) == 10


def test_an_application_is_found_by_its_id_or_a_part_of_its_name(shown: Console) -> None:
    browser = shown.browser()
    assert got(browser, "app:bob-app")["records"] == 10
    assert got(browser, "app:ob-ap")["records"] == 0
    assert got(browser, "app:alert(1)")["records"] >= 1


def test_incidents_fit_the_search_beside_it(shown: Console) -> None:
    browser = shown.browser()
    assert several(browser, "network:AS64501", rest="&q=severity:critical")["incident_count"] == 1
    other = several(browser, "network:AS64501", rest="&q=-severity:critical")
    assert (other["incident_count"], other["incidents"], other["records"]) == (0, [], 20)
    several(browser, "network:AS64501", rest="&q=foo:bar", status=422)


def test_only_what_is_excluded_or_too_much_is_refused(shown: Console) -> None:
    for subjects in (["-ip:192.0.2.1"], ["ip:192.0.2.1"] * 9, ["ip:192.0.2.1", "x"], []):
        error = several(shown.browser(), *subjects, status=422)["error"]
        assert error["field"] in ("subject", None)


def test_a_cursor_of_another_look_up_is_refused(shown: Console) -> None:
    cursor = got(shown.browser(), "network:AS64501", "/api/look/records", limit=3)["next_cursor"]
    got(shown.browser(), "network:AS64500", "/api/look/records", 400, cursor=cursor)
    got(shown.browser(), "network:AS64501", "/api/look/records", 400, cursor=cursor, tenant="org")


def test_organisation_and_span_narrow_it(shown: Console) -> None:
    assert (
        got(shown.browser(), "network:AS64501", "/api/look", 200, **{"from": "2026-03-03"})["records"] == 10
    )
    assert got(shown.browser(), "network:AS64501", tenant="nobody.example")["records"] == 0
    got(shown.browser(), "network:AS64501", "/api/look", 422, **{"from": "2026-03-03", "to": "2026-03-01"})


def test_viewers_may_and_reading_records_is_in_the_audit_trail(team: Console) -> None:
    got(team.browser(), "network:AS64501", status=401)
    viewer = team.signed_in("viewer")
    got(viewer, "network:AS64501", "/api/look/records")
    got(viewer, "network:AS64501", "/api/look/records")
    trail = team.signed_in("admin").get("/api/audit").json()["items"]
    read = [one for one in trail if one["action"] == "records-read"]
    assert sorted(one["subject"] for one in read) == [ANN, BOB]
    assert {one["details"]["look_up"] for one in read} == {"network:AS64501"}
