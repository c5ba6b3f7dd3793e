"""Who is limited to an organisation learns nothing of another one, on any route; new routes are closed to him."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from seawall.console.data.scope_search import scope_searches
from seawall.console.data.tables import NAMES as TABLES
from seawall.console.endpoint import SAFE, TenantRule
from seawall.console.openapi import build_document
from seawall.console.table import all_endpoints
from seawall.console.tenant_access import get_tenant_access
from tests.console.consoles import Console
from tests.console.test_stream import Reader, play, until
from tests.console.two_tenants import (
    ALPHA,
    BETA,
    SECRET,
    SHARED_SESSION,
    account_of,
    incident_of,
    incidents,
    limited,
    of_tenants,
)

ALL = {f"{one.method} {one.path}": one for one in all_endpoints()}
STREAM = "GET /api/stream"
SEARCH = "POST /api/scope"
CLOSED = {
    "audit", "detector", "drops", "health", "settings", "users",
}  # fmt: skip
"""Groups of routes that concern all organisations, so that nobody who is limited may call any of them."""

CHANGING = {"revision"}
"""Numbers of the whole store that say nothing of an organisation."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with of_tenants(tmp_path_factory.mktemp("both"), ALPHA, BETA) as made:
        yield made


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with of_tenants(tmp_path_factory.mktemp("alone"), ALPHA) as made:
        yield made


def queries(path: str, tenant: str) -> list[str]:
    """Questions about an organisation, and about everything, to a route that finds something."""
    name, account = tenant.partition(".")[0], account_of(tenant)
    of_account = f"?tenant={tenant}&account={account}"
    found = {
        "/api/incidents": [
            "?queue=all", f"?queue=all&tenant={tenant}", f"?queue=all&q={name}", f"?queue=all&q=tenant:{tenant}",
            "?queue=all&q=owner:beta-analyst", "?queue=all&q=tag:beta-tag", "?queue=all&limit=2&sort=account",
            "?queue=answered", "?queue=announced", "?queue=candidates", "?queue=all&q=-account:zzz",
        ],
        "/api/incidents.csv": ["?queue=all", f"?queue=all&tenant={tenant}"],
        "/api/account": [of_account, f"?tenant={ALPHA}&account={account}"],
        "/api/account/timeline": [of_account],
        "/api/account/records": [of_account, f"{of_account}&limit=2"],
        "/api/accounts": ["", "?sort=name&limit=2", "?sort=-last", f"?q={name}", f"?tenant={tenant}", "?tenant=unknown"],
        "/api/record": [f"?tenant={tenant}&id={name}-0-0", f"?tenant={ALPHA}&id={name}-0-0"],
        "/api/record/raw": [f"?tenant={tenant}&id={name}-0-0", f"?tenant={ALPHA}&id={name}-0-0"],
        "/api/look": [
            f"?subject=session:{SHARED_SESSION}", f"?subject=account:{account}", "?subject=ip:198.51.100.66",
            f"?subject=session:{SHARED_SESSION}&tenant={tenant}",
        ],
        "/api/look/records": [f"?subject=session:{SHARED_SESSION}", f"?subject=account:{account}&tenant={tenant}"],
        "/api/search": [f"?q=session:{SHARED_SESSION}"],
        "/api/scope": [f"?subject=session:{SHARED_SESSION}"],
        "/api/scope.json": [f"?subject=session:{SHARED_SESSION}"],
        "/api/messages.csv": [f"?subject=session:{SHARED_SESSION}"],
        "/api/tables/{name}": [f"#{one}" for one in TABLES] + [f"?account={account}#accounts"],
        "/api/tables/{name}/rows.csv": [f"#{one}" for one in TABLES],
    }  # fmt: skip
    return found.get(path, [""])


def address(path: str, query: str, incident: str) -> str:
    text, _, name = query.partition("#")
    return path.replace("{id}", incident).replace("{name}", name or "x") + text


def readable(answer: httpx.Response) -> str:
    """All texts of an answer: of files inside an archive, and of cursors, too."""
    content = answer.content
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"\n".join(archive.read(name) for name in archive.namelist())
    text = content.decode("utf-8", "replace")
    for cursor in re.findall(r'_cursor":"([\w-]+)"', text):
        text += base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("utf-8", "replace")
    return text.lower()


def list_gets() -> list[str]:
    return sorted(
        name for name, one in ALL.items() if one.method == "GET" and name != STREAM and one.role is not None
    )


def test_every_route_of_the_document_states_its_rule() -> None:
    """A route without one is closed to everybody who is limited; whoever adds a route decides what it is."""
    paths = {(m.upper(), path) for path, operations in build_document()["paths"].items() for m in operations}
    stated = {(one.method, one.path) for one in all_endpoints() if one.tenants in get_args(TenantRule)}
    assert {(method, path.replace(":path", "")) for method, path in stated} == paths
    for one in all_endpoints():
        if one.group in CLOSED or one.role == "admin":
            assert one.tenants == "all", one.path


def test_a_route_without_a_rule_is_refused(both: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = ALL["GET /api/incidents"]
    browser = limited(both, "analyst", ALPHA)
    assert browser.get("/api/incidents").status_code == 200
    monkeypatch.setattr("seawall.console.endpoint.Endpoint.tenants", property(lambda _: None), raising=False)
    assert endpoint.tenants is None
    answer = browser.get("/api/incidents")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "all-organisations-needed")
    assert both.signed_in("viewer").get("/api/incidents").status_code == 200


@pytest.mark.parametrize("name", sorted(name for name, one in ALL.items() if one.tenants == "all"))
@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_what_concerns_all_organisations_is_refused(both: Console, name: str, role: str) -> None:
    endpoint, browser = ALL[name], limited(both, role, ALPHA)
    path = re.sub(r"\{[a-z_]+(:path)?\}", "x", endpoint.path)
    answer = browser.get(path) if endpoint.method in SAFE else browser.send(endpoint.method, path)
    assert answer.status_code == 403, answer.text
    assert answer.json()["error"]["code"] in {"all-organisations-needed", "forbidden"}
    assert SECRET not in readable(answer)


@pytest.mark.parametrize("name", list_gets())
def test_nothing_of_another_organisation_is_shown(both: Console, name: str) -> None:
    path, browser = ALL[name].path, limited(both, "analyst", ALPHA)
    for tenant in (ALPHA, BETA):
        for query in queries(path, tenant):
            for incident in (incident_of(tenant), f"{tenant.partition('.')[0]}-before")["{id}" not in path :]:
                asked = address(path, query, incident)
                answer = browser.get(asked)
                assert answer.status_code != 500, answer.text
                text = readable(answer)
                for echo in (account_of(BETA), "tenant:beta.example", "beta-0-0"):
                    if echo in asked:  # the answer repeats what was asked
                        text = text.replace(echo, "")
                assert SECRET not in text, (asked, text[:3000])


@pytest.mark.parametrize("name", list_gets())
def test_the_answer_is_that_of_a_store_without_the_other(both: Console, alone: Console, name: str) -> None:
    """Nothing that Beta has, does or loses changes what somebody of Alpha sees: no name, no count, no order."""
    if ALL[name].tenants != "own":
        return
    path = ALL[name].path
    one, other = limited(both, "analyst", ALPHA), limited(alone, "analyst", ALPHA)
    for query in queries(path, ALPHA):
        asked = address(path, query, incident_of(ALPHA))
        here, there = one.get(asked), other.get(asked)
        assert here.status_code == there.status_code, (asked, here.text, there.text)
        assert plain(here) == plain(there), asked


def plain(answer: httpx.Response) -> Any:
    """An answer without what differs from one call to the next."""
    if answer.headers.get("content-type", "").startswith("application/json"):
        return strip(answer.json())
    if answer.content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    return len(answer.content) if answer.content[:4] == b"%PDF" else answer.text


def strip(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: strip(one) for name, one in value.items() if name not in CHANGING | {"next_cursor", "now"}
        }
    return [strip(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "name",
    sorted(n for n, one in ALL.items() if one.method not in SAFE and one.tenants == "own" and n != SEARCH),
)
def test_nothing_of_another_organisation_is_changed(both: Console, name: str) -> None:
    endpoint, browser = ALL[name], limited(both, "analyst", ALPHA)
    before = kept_of(both)
    answers = both.signed_in("analyst").get("/api/answers").json()["items"]
    theirs = next(one["id"] for one in answers if one["incident"].startswith(SECRET))
    indicators = both.signed_in("analyst").get("/api/indicators").json()["items"]
    indicator = next(one["id"] for one in indicators if one["tenant"] == BETA)
    id_ = {"/api/answers/{id}": theirs, "/api/indicators/{id}": indicator}.get(
        endpoint.path, incident_of(BETA)
    )
    path = (
        endpoint.path.replace("{id}", id_)
        .replace("{member}", incident_of(BETA, 3))
        .replace("{tag:path}", "beta-tag")
    )
    for number in ("1", "2"):
        answer = browser.send(endpoint.method, path.replace("{number}", number), BODIES.get(name, {}))
        assert answer.status_code in EXPECTED.get(name, {404}), (path, answer.status_code, answer.text)
        assert SECRET not in readable(answer).replace(incident_of(BETA, 3), ""), answer.text
    assert kept_of(both) == before


SINCE = {"from": "2026-03-02", "to": "2026-03-03"}
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/incidents/{id}/answers": {"answer": "safe"},
    "POST /api/incidents/{id}/answers/preview": {"answer": "safe"},
    "PUT /api/incidents/{id}/handling": {"version": 1, "status": "closed"},
    "POST /api/incidents/{id}/tags": {"tag": "seen"},
    "POST /api/incidents/{id}/comments": {"text": "x"},
    "PUT /api/incidents/{id}/comments/{number}": {"text": "x", "version": 1},
    "POST /api/incidents/{id}/tasks": {"title": "x"},
    "PUT /api/incidents/{id}/tasks/{number}": {"title": "x", "version": 1},
    "POST /api/incidents/{id}/members": {"incident": incident_of(BETA, 4)},
    "POST /api/incidents/{id}/stars": {"record": "beta-0-1"},
    "PUT /api/incidents/{id}/stars/{number}": {"remark": "x", "version": 1},
    "POST /api/indicators": {"subject": "session:beta", "tenant": BETA, "from": "2026-03-02"},
    "POST /api/privacy/reveals": {"person": account_of(BETA), "reason": "to look at it"},
    "POST /api/privacy/hides": {"person": account_of(BETA)},
}
EXPECTED = {
    "POST /api/indicators": {422},
    "POST /api/privacy/reveals": {403, 404},
}


def wait_for_searches(made: Console) -> None:
    for context in get_tenant_access(made.context).contexts.values():
        for search in scope_searches(context).list_all():
            assert search.done.wait(60)


def kept_of(made: Console) -> Any:
    """Everything of Beta that a request may change."""
    with made.context.database.reading() as work:
        ids = [incident_of(BETA, number) for number in range(5)]
        rows = [work.incidents.row(id_) for id_ in ids]
        handled = [
            (
                work.handling.get(id_),
                work.handling.tags(id_),
                work.comments.of(id_),
                work.tasks.of(id_),
                work.stars.of(id_),
            )
            for id_ in ids
        ]
        answers = [work.answers.of_incident(id_) for id_ in ids]
        return (
            rows,
            handled,
            answers,
            work.merges.of_lead(ids[0]),
            [one for one in work.indicators.all() if one.tenant == BETA],
        )


def test_two_incidents_of_two_organisations_are_not_merged_by_one_who_sees_one(both: Console) -> None:
    browser = limited(both, "analyst", ALPHA)
    answer = browser.post(
        f"/api/incidents/{incident_of(ALPHA, 4)}/members", {"incident": incident_of(BETA, 4)}
    )
    assert answer.status_code == 404
    assert SECRET not in readable(answer)


def test_his_own_is_shown_and_changed(both: Console) -> None:
    """The rule keeps nothing from him that is his."""
    browser, own = limited(both, "analyst", ALPHA), incident_of(ALPHA)
    rows = browser.get("/api/incidents?queue=all").json()
    assert {one["tenant"] for one in rows["items"]} == {ALPHA}
    assert len(rows["items"]) == 5
    assert {one["account"] for one in browser.get("/api/accounts").json()["items"]} == {
        account_of(ALPHA, number) for number in range(3)
    }
    assert browser.get(f"/api/incidents/{own}").json()["account"] == account_of(ALPHA)
    assert browser.get("/api/incidents/alpha-before").json()["id"] == own
    assert len(browser.get(f"/api/incidents/{own}/records").json()["items"]) == 4
    handling = browser.get(f"/api/incidents/{own}/handling").json()
    assert (handling["owner"], handling["known_tags"]) == ("alpha-analyst", ["alpha-tag"])
    assert [one["incident"]["id"] for one in handling["members"]] == [incident_of(ALPHA, 3)]
    assert "alpha-colleague" in handling["people"]
    assert [one["incident"] for one in browser.get("/api/tasks").json()["items"]] == [own]
    assert browser.get(f"/api/record?tenant={ALPHA}&id=alpha-0-0").json()["account"] == account_of(ALPHA)
    assert "alpha" in browser.get(f"/api/record/raw?tenant={ALPHA}&id=alpha-0-0").json()["text"]
    look = browser.get(f"/api/look?subject=session:{SHARED_SESSION}").json()
    assert look["records"] == 15
    assert {one["tenant"] for one in look["incidents"]} == {ALPHA}
    given = browser.post(f"/api/incidents/{incident_of(ALPHA, 1)}/answers", {"answer": "safe"})
    assert given.status_code == 201, given.text
    assert browser.send("DELETE", f"/api/answers/{given.json()['id']}").status_code == 204
    said = browser.post(f"/api/incidents/{incident_of(ALPHA, 1)}/comments", {"text": "mine"})
    assert [one["text"] for one in said.json()["comments"]] == ["mine"]
    saved = browser.post(
        "/api/indicators", {"subject": "session:mine", "tenant": ALPHA, "from": "2026-03-02"}
    )
    assert saved.status_code == 200
    assert browser.send("DELETE", f"/api/indicators/{saved.json()['id']}").status_code == 204
    assert browser.get("/api/session").json()["user"]["organisations"] == [ALPHA]


def test_the_summary_counts_his_own(both: Console) -> None:
    summary = limited(both, "viewer", ALPHA).get("/api/summary").json()
    assert (summary["tenants"], summary["accounts"], summary["open"], summary["announced"]) == (
        [ALPHA],
        3,
        3,
        1,
    )
    assert [one["tenant"] for one in summary["budget"]["tenants"]] == [ALPHA]
    assert (summary["ingest"]["records"], summary["silent_sources"]) == (60, 1)
    assert {one["tenant"] for one in summary["unjudged"]} == {ALPHA}
    whole = both.signed_in("viewer").get("/api/summary").json()
    assert (whole["tenants"], whole["accounts"], whole["silent_sources"]) == ([ALPHA, BETA], 7, 2)


def test_of_two_organisations_he_sees_both_and_no_third(tmp_path: Path) -> None:
    with of_tenants(tmp_path, ALPHA, "gamma.example", BETA) as made:
        browser = limited(made, "analyst", ALPHA, "gamma.example")
        assert {one["tenant"] for one in browser.get("/api/incidents?queue=all").json()["items"]} == {
            ALPHA, "gamma.example",
        }  # fmt: skip
        assert SECRET not in readable(browser.get("/api/look?subject=ip:198.51.100.66"))


def test_what_one_visitor_was_shown_is_not_kept_for_another(both: Console) -> None:
    """What is kept in memory between requests is kept apart."""
    whole, one, other = (
        both.signed_in("analyst"),
        limited(both, "analyst", ALPHA),
        limited(both, "analyst", BETA),
    )
    for path in (
        "/api/incidents?queue=all&limit=2",
        "/api/accounts",
        "/api/tables/accounts",
        f"/api/look?subject=session:{SHARED_SESSION}",
    ):
        first = whole.get(path).text
        mine, theirs = one.get(path).text, other.get(path).text
        assert SECRET not in mine
        assert "alpha" not in theirs
        assert "alpha" in mine
        assert SECRET in theirs
        assert whole.get(path).text == first


def test_a_scope_is_searched_in_his_own(both: Console) -> None:
    browser = limited(both, "analyst", ALPHA)
    begun = browser.post("/api/scope", {"subject": [f"session:{SHARED_SESSION}"], **SINCE})
    assert begun.status_code == 200, begun.text
    wait_for_searches(both)
    asked = f"?subject=session:{SHARED_SESSION}"
    found = browser.get(f"/api/scope{asked}").json()
    assert found["state"] == "done", found
    assert {one["name"] for one in found["scope"]["touched"]} == {
        account_of(ALPHA, number) for number in range(3)
    }
    for path in ("/api/scope", "/api/scope.json", "/api/messages.csv"):
        answer = browser.get(path + asked)
        assert answer.status_code == 200
        assert SECRET not in readable(answer)
    # somebody else finds nothing of it
    assert limited(both, "analyst", BETA).get(f"/api/scope{asked}").json()["state"] == "none"
    assert both.signed_in("analyst").get(f"/api/scope{asked}").json()["state"] == "none"


def test_records_without_an_organisation_are_nobodys(tmp_path: Path) -> None:
    from tests.sample_events import event, table

    with of_tenants(tmp_path, ALPHA, BETA) as made:
        assert made.context.lake is not None
        made.context.lake.append(table([event("lost-1", 0, org_uid=None, account=account_of(BETA))]))
        browser = limited(made, "analyst", ALPHA, "unknown")
        for path in (
            "/api/accounts?tenant=unknown",
            "/api/record?tenant=unknown&id=lost-1",
            f"/api/record?tenant={ALPHA}&id=lost-1",
        ):
            assert SECRET not in readable(browser.get(path)), path
        assert made.signed_in("viewer").get("/api/record?tenant=unknown&id=lost-1").status_code == 200


def test_a_person_of_another_organisation_is_not_revealed(tmp_path: Path) -> None:
    """A pseudonym is the same everywhere, so it may be known from elsewhere."""
    from tests.console.privacy.persons import hide_from

    with of_tenants(tmp_path, ALPHA, BETA) as made:
        hide_from(made)
        admin = made.signed_in("admin")
        theirs = admin.get(f"/api/incidents/{incident_of(BETA)}").json()["account"]
        assert theirs.startswith("person ")
        browser = limited(made, "analyst", ALPHA)
        mine = browser.get(f"/api/incidents/{incident_of(ALPHA)}").json()["account"]
        assert mine.startswith("person ")
        for name in (theirs, account_of(BETA)):
            answer = browser.post("/api/privacy/reveals", {"person": name, "reason": "to look at it"})
            assert answer.status_code == 404, answer.text
            assert account_of(BETA) not in readable(answer)
        shown = browser.post("/api/privacy/reveals", {"person": mine, "reason": "to look at it"})
        assert shown.json()["name"] == account_of(ALPHA)


def test_limits_are_set_changed_and_lifted_by_an_admin(both: Console) -> None:
    admin = both.signed_in("admin")
    made = admin.post("/api/users", {"name": "Nina", "role": "analyst", "organisations": [ALPHA, ALPHA]})
    assert (made.status_code, made.json()["organisations"]) == (201, [ALPHA])
    path = f"/api/users/{made.json()['id']}"
    nina = both.signed_in(name="Nina")
    assert {one["tenant"] for one in nina.get("/api/incidents?queue=all").json()["items"]} == {ALPHA}
    changed = admin.send("PATCH", path, {"organisations": [BETA]})
    assert changed.json()["organisations"] == [BETA]
    assert nina.get("/api/me").status_code == 401, "a change of limits ends every session"
    nina = both.signed_in(name="Nina")
    assert {one["tenant"] for one in nina.get("/api/incidents?queue=all").json()["items"]} == {BETA}
    assert admin.send("PATCH", path, {"role": "viewer"}).json()["organisations"] == [BETA]
    wrong: list[dict[str, Any]] = [
        {"role": "admin"},
        {"organisations": []},
        {"organisations": [" "]},
        {"organisations": ["x" * 3000]},
    ]
    for refused in wrong:
        assert admin.send("PATCH", path, refused).status_code == 422, refused
    assert (
        admin.post("/api/users", {"name": "Otto", "role": "admin", "organisations": [ALPHA]}).status_code
        == 422
    )
    lifted = admin.send("PATCH", path, {"organisations": None}).json()
    assert lifted["organisations"] is None
    assert admin.send("PATCH", path, {"role": "admin"}).json()["role"] == "admin"
    back = admin.send("PATCH", path, {"role": "viewer", "organisations": [ALPHA]}).json()
    assert (back["role"], back["organisations"]) == ("viewer", [ALPHA])
    with both.context.database.reading() as work:
        notes = [
            dict(one.details) for one in work.audit.page(limit=10_000) if one.action == "user-organisations"
        ]
    assert {"before": [ALPHA], "after": [BETA]} in notes
    assert {"before": [BETA], "after": None} in notes


def test_a_damaged_limit_opens_no_door(tmp_path: Path) -> None:
    from sqlalchemy import text

    with of_tenants(tmp_path, ALPHA, BETA) as made:
        for stored in ('"alpha.example"', "{}", "[1]", "7", "[]", '["%"]', '["*"]', '[""]'):
            browser = limited(made, "analyst", ALPHA)
            with made.context.database.writing() as work:
                change = text("UPDATE users SET organisations = :stored WHERE name = 'analyst-of-alpha'")
                work.session.execute(change, {"stored": stored})
            assert browser.get("/api/incidents?queue=all").json()["items"] == [], stored
            assert browser.get("/api/users").status_code == 403
            assert json.loads(browser.get("/api/accounts").text)["items"] == []


def test_an_admin_with_limits_is_no_admin(tmp_path: Path) -> None:
    """Nobody can make one; whoever writes one into the database opens nothing."""
    from sqlalchemy import text

    with of_tenants(tmp_path, ALPHA, BETA) as made:
        browser = limited(made, "analyst", ALPHA)
        with made.context.database.writing() as work:
            work.session.execute(text("UPDATE users SET role = 'admin' WHERE name = 'analyst-of-alpha'"))
        for endpoint in all_endpoints():
            if endpoint.role == "admin":
                path = re.sub(r"\{[a-z_]+(:path)?\}", "1", endpoint.path)
                safe = endpoint.method in SAFE
                answer = browser.get(path) if safe else browser.send(endpoint.method, path)
                assert answer.json()["error"]["code"] == "all-organisations-needed", endpoint.path
        assert {one["tenant"] for one in browser.get("/api/incidents?queue=all").json()["items"]} == {ALPHA}


def test_the_stream_tells_him_of_his_own_alone(tmp_path: Path) -> None:
    with of_tenants(tmp_path, ALPHA, BETA) as made:
        one, whole = Reader(limited(made, "viewer", ALPHA)), Reader(made.signed_in("viewer"))

        def change(tenant: str, number: int) -> None:
            with made.context.database.writing() as work:
                work.incidents.put([replace(incidents(tenant)[number], title=f"changed {tenant}")])
                work.announcements.add([incident_of(tenant, number)], at=made.clock())

        async def scene() -> None:
            tasks = [asyncio.create_task(reader.run()) for reader in (one, whole)]
            await until(lambda: one.told("summary") and whole.told("summary"))
            summaries = len(one.told("summary"))
            change(BETA, 1)
            await until(lambda: whole.told("incident"))
            await asyncio.sleep(1.2)  # as long as news may take
            assert len(one.told("summary")) == summaries, "what happens elsewhere is not even felt"
            change(ALPHA, 1)
            await until(lambda: one.told("incident"))
            for reader in (one, whole):
                reader.leave()
            await asyncio.gather(*tasks)

        play(made, scene())
        assert {news["id"] for news in one.told("incident")} == {incident_of(ALPHA, 1)}
        assert SECRET not in one.text.lower()
        assert {news["id"] for news in whole.told("incident")} >= {incident_of(BETA, 1)}


def test_who_comes_back_misses_his_own_alone(tmp_path: Path) -> None:
    with of_tenants(tmp_path, ALPHA, BETA) as made:
        with made.context.database.writing() as work:
            for tenant in (ALPHA, BETA):
                work.incidents.put([replace(incidents(tenant)[1], title=f"changed {tenant}")])
        reader = Reader(limited(made, "viewer", ALPHA), last_event_id="1")

        async def scene() -> None:
            task = asyncio.create_task(reader.run())
            await until(lambda: reader.told("incident"))
            reader.leave()
            await task

        play(made, scene())
        assert {news["tenant"] for news in reader.told("incident")} == {ALPHA}
        assert SECRET not in reader.text.lower()
