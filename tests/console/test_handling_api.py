"""Analysts handle incidents together: each change is checked by role and version, and audited with before and after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.console.consoles import Browser, Console
from tests.console.filled import MARKUP, filled, later
from tests.console.samples import HOSTILE

FIRST, SECOND, THIRD = (f"{number:012x}" for number in range(3))
DUE = "2030-03-01T12:00:00Z"


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Console]:
    with filled(tmp_path) as made:
        yield made


@pytest.fixture
def ann(team: Console) -> Browser:
    return team.signed_in("analyst", "ann")


def read(browser: Browser, incident: str = FIRST) -> dict[str, Any]:
    answer = browser.get(f"/api/incidents/{incident}/handling")
    assert answer.status_code == 200, answer.text
    value: dict[str, Any] = answer.json()
    return value


def send(
    browser: Browser, method: str, path: str, document: Any = None, incident: str = FIRST
) -> httpx.Response:
    return browser.send(method, f"/api/incidents/{incident}/{path}", document)


def list_audit(team: Console) -> list[tuple[str, str, str, dict[str, Any]]]:
    with team.context.database.reading() as work:
        return [
            (one.actor, one.action, one.subject, dict(one.details)) for one in work.audit.page(limit=1000)
        ]


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_an_incident_that_nobody_handles(ann: Browser) -> None:
    value = read(ann)
    assert (value["version"], value["owner"], value["status"], value["due_at"]) == (0, None, "new", None)
    assert value["people"] == ["ann"]
    for name in ("tags", "tasks", "comments", "stars", "members"):
        assert value[name] == []
    assert refused(ann.get("/api/incidents/none/handling")) == (404, "not-found")
    assert read(ann, "0ld")["incident"] == FIRST


def test_owner_status_and_due_time(team: Console, ann: Browser) -> None:
    first = {"version": 0, "owner": "ann", "status": "in-progress", "due_at": DUE}
    value = send(ann, "PUT", "handling", first).json()
    assert (value["version"], value["owner"], value["status"], value["due_at"]) == (
        1,
        "ann",
        "in-progress",
        DUE,
    )
    assert (value["changed_by"], value["overdue"]) == ("ann", False)
    bob = team.signed_in("analyst", "bob")
    assert refused(send(bob, "PUT", "handling", {**first, "owner": "bob"})) == (409, "conflict")
    assert read(bob)["owner"] == "ann"
    past = {"version": 1, "status": "waiting", "due_at": "2020-01-01T00:00:00Z"}
    assert send(bob, "PUT", "handling", past).json()["overdue"]
    closed = {"version": 2, "status": "closed", "due_at": "2020-01-01T00:00:00Z"}
    assert not send(bob, "PUT", "handling", closed).json()["overdue"]
    entries = [one for one in list_audit(team) if one[1] == "handling-changed"]
    assert [(actor, subject) for actor, _, subject, _ in entries] == [
        ("ann", FIRST),
        ("bob", FIRST),
        ("bob", FIRST),
    ]
    assert entries[0][3] == {
        "before": {"owner": None, "status": "new", "due_at": None},
        "after": {"owner": "ann", "status": "in-progress", "due_at": DUE},
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "solved"},
        {"due_at": "tomorrow"},
        {"due_at": "2026-03-01"},
        {"owner": "a\u202eb"},
        {"version": -1},
        {"x": 1},
    ],
)
def test_invalid_handling_is_refused(ann: Browser, wrong: dict[str, Any]) -> None:
    answer = send(ann, "PUT", "handling", {"version": 0, "status": "new", **wrong})
    assert refused(answer) == (422, "invalid")
    assert read(ann)["version"] == 0


def test_tags(team: Console, ann: Browser) -> None:
    assert send(ann, "POST", "tags", {"tag": " Finance "}).json()["tags"] == ["finance"]
    value = send(ann, "POST", "tags", {"tag": "a/b #1"}).json()
    assert value["tags"] == value["known_tags"] == ["a/b #1", "finance"]
    assert send(ann, "DELETE", "tags/a%2Fb%20%231").json()["tags"] == ["finance"]
    assert send(ann, "DELETE", "tags/none").status_code == 200
    entries = [details for _, action, _, details in list_audit(team) if action == "tags-changed"]
    assert entries[-1] == {"before": ["a/b #1", "finance"], "after": ["finance"]}
    assert len(entries) == 3


def test_comments_belong_to_their_authors(team: Console, ann: Browser) -> None:
    (made,) = send(ann, "POST", "comments", {"text": "He was on holiday."}).json()["comments"]
    assert (made["given_by"], made["own"], made["version"], made["changed_at"]) == ("ann", True, 1, None)
    bob, admin = team.signed_in("analyst", "bob"), team.signed_in("admin")
    assert not read(bob)["comments"][0]["own"]
    path = f"comments/{made['id']}"
    assert refused(send(bob, "PUT", path, {"version": 1, "text": "x"})) == (403, "forbidden")
    assert refused(send(bob, "DELETE", path)) == (403, "forbidden")
    assert refused(send(ann, "PUT", path, {"version": 9, "text": "x"})) == (409, "conflict")
    (changed,) = send(ann, "PUT", path, {"version": 1, "text": "He was not."}).json()["comments"]
    assert (changed["text"], changed["version"]) == ("He was not.", 2)
    assert refused(send(ann, "DELETE", path, incident=SECOND)) == (404, "not-found")
    assert send(admin, "DELETE", path).json()["comments"] == []
    assert refused(send(ann, "DELETE", path)) == (404, "not-found")
    entries = [
        (actor, action, details) for actor, action, _, details in list_audit(team) if "comment" in action
    ]
    number = int(made["id"])
    assert entries == [
        ("ann", "comment-added", {"comment": number, "after": "He was on holiday."}),
        (
            "ann",
            "comment-changed",
            {"comment": number, "before": "He was on holiday.", "after": "He was not."},
        ),
        ("admin-user", "comment-removed", {"comment": number, "before": "He was not."}),
    ]


def test_tasks(team: Console, ann: Browser) -> None:
    send(ann, "POST", "tasks", {"title": "Call the owner", "assignee": "bob", "due_at": DUE})
    value = send(ann, "POST", "tasks", {"title": "Reset the password"}).json()
    first, second = value["tasks"]
    assert (first["title"], first["assignee"], first["due_at"], first["done_at"]) == (
        "Call the owner",
        "bob",
        DUE,
        None,
    )
    listed = ann.get("/api/tasks").json()["items"]
    assert [(one["title"], one["incident"]) for one in listed] == [
        ("Call the owner", FIRST),
        ("Reset the password", FIRST),
    ]
    done = {"version": 1, "title": "Call the owner", "done": True}
    bob = team.signed_in("analyst", "bob")
    changed = send(bob, "PUT", f"tasks/{first['id']}", done).json()["tasks"][0]
    assert (changed["done_by"], changed["version"]) == ("bob", 2)
    assert refused(send(ann, "PUT", f"tasks/{first['id']}", done)) == (409, "conflict")
    assert [one["title"] for one in ann.get("/api/tasks").json()["items"]] == ["Reset the password"]
    assert len(send(ann, "DELETE", f"tasks/{second['id']}").json()["tasks"]) == 1
    for wrong in ("x", "-1", "99999", "9" * 30, "\u0661"):
        assert refused(send(ann, "DELETE", f"tasks/{wrong}")) == (404, "not-found")
    team.clock.now = later(team.clock.now, days=4000)
    late = team.signed_in("analyst", "ann")
    assert not read(late)["tasks"][0]["overdue"]


def test_merge_and_split(team: Console, ann: Browser) -> None:
    total = ann.get("/api/incidents").json()["total"]
    value = send(ann, "POST", "members", {"incident": THIRD, "note": "one phishing mail"}).json()
    (member,) = value["members"]
    assert (member["incident"]["id"], member["note"], member["given_by"]) == (
        THIRD,
        "one phishing mail",
        "ann",
    )
    fourth = f"{3:012x}"
    send(ann, "POST", "members", {"incident": fourth})
    assert ann.get("/api/incidents").json()["total"] == total - 1
    assert read(ann, fourth)["part_of"]["id"] == FIRST
    assert ann.get(f"/api/incidents/{fourth}").status_code == 200
    for body, incident in (
        ({"incident": FIRST}, FIRST),
        ({"incident": SECOND}, THIRD),
        ({"incident": THIRD}, SECOND),
    ):
        assert refused(send(ann, "POST", "members", body, incident)) == (422, "invalid")
    assert refused(send(ann, "POST", "members", {"incident": "none"})) == (404, "not-found")
    assert [one["incident"]["id"] for one in send(ann, "DELETE", f"members/{THIRD}").json()["members"]] == [
        fourth
    ]
    assert refused(send(ann, "DELETE", f"members/{THIRD}")) == (422, "invalid")
    send(ann, "DELETE", f"members/{fourth}")
    assert ann.get("/api/incidents").json()["total"] == total
    merged, split = (
        next(details for _, one, _, details in list_audit(team) if one == action)
        for action in ("incidents-merged", "incidents-split")
    )
    assert merged == {"member": THIRD, "reason": "one phishing mail", "before": [], "after": [THIRD]}
    assert split == {"member": THIRD, "before": [THIRD, fourth], "after": [fourth]}


def test_starred_records(team: Console, ann: Browser) -> None:
    value = send(ann, "POST", "stars", {"record": "id-3", "remark": "The first one"}).json()
    (star,) = value["stars"]
    assert (star["record"], star["remark"], star["given_by"]) == ("id-3", "The first one", "ann")
    assert "AS64501 Example Hosting" in star["words"]
    again = send(ann, "POST", "stars", {"record": "id-3", "remark": "second"}).json()["stars"]
    assert [(one["id"], one["remark"], one["version"]) for one in again] == [(star["id"], "second", 2)]
    changed = send(ann, "PUT", f"stars/{star['id']}", {"version": 2, "remark": "third"}).json()["stars"]
    assert changed[0]["remark"] == "third"
    assert refused(send(ann, "PUT", f"stars/{star['id']}", {"version": 2, "remark": "x"})) == (
        409,
        "conflict",
    )
    assert refused(send(ann, "POST", "stars", {"record": "none"})) == (404, "not-found")
    assert send(ann, "DELETE", f"stars/{star['id']}").json()["stars"] == []
    assert [one[1] for one in list_audit(team) if "star" in one[1]] == [
        "record-starred", "record-starred", "star-changed", "star-removed",
    ]  # fmt: skip
    assert "records-read" in [one[1] for one in list_audit(team)]


CHANGES = [
    ("PUT", "handling", {"version": 0, "status": "closed"}), ("POST", "tags", {"tag": "x"}), ("DELETE", "tags/x", None),
    ("POST", "comments", {"text": "x"}), ("PUT", "comments/1", {"version": 1, "text": "x"}), ("DELETE", "comments/1", None),
    ("POST", "tasks", {"title": "x"}), ("PUT", "tasks/1", {"version": 1, "title": "x"}), ("DELETE", "tasks/1", None),
    ("POST", "members", {"incident": SECOND}), ("DELETE", f"members/{SECOND}", None),
    ("POST", "stars", {"record": "id-3"}), ("PUT", "stars/1", {"version": 1}), ("DELETE", "stars/1", None),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), CHANGES, ids=[f"{one[0]} {one[1]}" for one in CHANGES])
def test_viewers_read_and_change_nothing(team: Console, method: str, path: str, body: Any) -> None:
    viewer = team.signed_in("viewer")
    before = read(viewer)
    assert refused(send(viewer, method, path, body)) == (403, "forbidden")
    assert refused(team.browser().send(method, f"/api/incidents/{FIRST}/{path}", body)) == (
        401,
        "sign-in-required",
    )
    assert read(viewer) == before
    assert {one[1] for one in list_audit(team)} <= {"user-added"}


@pytest.mark.parametrize("text", [one for one in HOSTILE if one.strip()], ids=ascii)
def test_hostile_texts_come_back_as_texts(ann: Browser, text: str) -> None:
    body = {"text": text} if "\ud800" not in text else {"text": "x"}
    (comment,) = send(ann, "POST", "comments", body).json()["comments"]
    assert comment["text"] == body["text"].replace("\r\n", "\n").strip()
    tagged = send(ann, "POST", "tags", {"tag": text if "\ud800" not in text else "x"})
    assert tagged.status_code in (200, 422)
    title = {"title": text if "\ud800" not in text else "x"}
    assert send(ann, "POST", "tasks", title).status_code in (200, 422)


def test_similar_earlier_incidents(ann: Browser) -> None:
    value = ann.get(f"/api/incidents/{29:012x}/similar").json()
    assert value["compared"] == 30
    assert value["items"] == []  # what all of them share links nothing
    assert refused(ann.get("/api/incidents/none/similar")) == (404, "not-found")


def test_similar_incidents_say_what_they_share(team: Console, ann: Browser) -> None:
    from dataclasses import replace

    from tests.console.filled import incidents

    one, other = incidents()[7], incidents()[20]
    hit = {"sigma": [{"title": f"A rule {MARKUP}", "level": "high", "events": 1}]}
    with team.context.database.writing() as work:
        work.incidents.put([replace(one, details=hit), replace(other, details=hit)])
        work.answers.give(one.id, "compromised", by="ann", at=team.clock())
    (found,) = ann.get(f"/api/incidents/{other.id}/similar").json()["items"]
    assert (found["incident"]["id"], found["answer"]) == (one.id, "compromised")
    assert found["reasons"] == [f"the same Sigma rule: A rule {MARKUP} (2 of 30 incidents show it)"]


def test_report_and_summary_are_files_and_audited(team: Console, ann: Browser) -> None:
    send(ann, "POST", "stars", {"record": "id-3", "remark": f"why {MARKUP}"})
    send(ann, "POST", "comments", {"text": MARKUP})
    page = ann.get(f"/api/incidents/{FIRST}/report.html")
    assert page.headers["content-disposition"] == f'attachment; filename="seawall-report-{FIRST}.html"'
    assert "why &lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert MARKUP not in page.text
    assert "AS64501 Example Hosting" in page.text
    viewer = team.signed_in("viewer")
    for what in ("report", "summary"):
        pdf = viewer.get(f"/api/incidents/{FIRST}/{what}.pdf")
        assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
        assert pdf.content.startswith(b"%PDF")
    assert refused(ann.get("/api/incidents/none/summary.pdf")) == (404, "not-found")
    entries = [
        (actor, action, details) for actor, action, _, details in list_audit(team) if "exported" in action
    ]
    assert entries == [
        ("ann", "report-exported", {"form": "html", "stars": 1}),
        ("viewer-user", "report-exported", {"form": "pdf", "stars": 1}),
        ("viewer-user", "summary-exported", {"form": "pdf", "stars": 1}),
    ]


def test_without_the_packages_for_pdf_it_says_what_to_do(
    ann: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "typst", None)
    answer = ann.get(f"/api/incidents/{FIRST}/summary.pdf")
    assert refused(answer) == (503, "unavailable")
    assert "[letters]" in answer.json()["error"]["fix"]
