"""The tools as a route of the console: behind sign-in, roles, CSRF, pseudonyms and audit, and on no port of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seawall.console.application import create_app
from seawall.console.data.scope_search import close_searches
from seawall.console.table import all_endpoints
from seawall.mcp.call_audit import ACTION
from seawall.mcp.console_route import ENDPOINT, LARGEST_REQUEST, PATH
from seawall.mcp.tool_table import TOOLS
from seawall.storage.database import Role
from tests.console.consoles import Browser, Console
from tests.console.filled import ANN, BOB, filled
from tests.console.privacy.persons import NAMES, full_of_names, hide_from
from tests.console.two_tenants import (
    ALPHA,
    BETA,
    SECRET,
    SHARED_SESSION,
    account_of,
    incident_of,
    limited,
    of_tenants,
)
from tests.mcp.assistants import ORGANISATION_WIDE, Call, ask_over_http, list_texts, text_of

PING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ACCEPT = {"accept": "application/json, text/event-stream"}


@contextmanager
def offering(made: Console) -> Iterator[Console]:
    """The same console with the tools, as `seawall serve --mcp` starts it."""
    made.context.notes["runner"].close()
    made.app = create_app(made.context, (ENDPOINT,))
    try:
        yield made
    finally:
        close_searches(made.context)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Console]:
    with filled(tmp_path) as made, offering(made) as offered:
        yield offered


def list_audit(made: Console) -> list[tuple[str, str, dict[str, Any]]]:
    """Actor, tool and details of each recorded call, in order."""
    with made.context.database.reading() as work:
        page = sorted(work.audit.page(), key=lambda one: one.sequence)
    return [(one.actor, one.subject, dict(one.details)) for one in page if one.action == ACTION]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_viewer_calls_tools_by_either_generation_of_the_protocol(team: Console, mode: str) -> None:
    calls: list[Call] = [
        ("incidents", {"limit": 2}),
        ("coverage", {}),
        ("search", {"kind": "account", "value": ANN}),
    ]
    asked = ask_over_http(team.signed_in("viewer"), calls, mode=mode)
    listed, coverage, found = (asked.document(place) for place in range(3))
    assert listed["incidents"]["items"][0]["account"] == {"untrusted": ANN}
    assert (listed["incidents"]["total"], listed["incidents"]["cut"]) == (10, True)
    assert coverage["gaps"]["items"][0]["text"] == {"untrusted": "a gap"}
    assert coverage["problems"]["items"] == [{"code": "not-json", "records": 3}]
    assert found["matches"] == 60
    assert found["records"]["items"][0]["in_incident"] is False
    assert [(actor, tool) for actor, tool, _ in list_audit(team)] == [
        ("viewer-user", name) for name, _ in calls
    ]


@pytest.mark.parametrize("role", ["viewer", "analyst", "admin"])
def test_each_role_has_the_tools_that_the_consoles_own_routes_give_it(team: Console, role: Role) -> None:
    asked = ask_over_http(team.signed_in(role), [] if role == "admin" else [("scope", {"incident": "1"})])
    names = [tool.name for tool in asked.tools]
    assert ("scope" in names) == (role != "viewer")
    assert len(names) == (9 if role == "viewer" else 10)
    if role == "viewer":
        assert asked.answers[0].is_error
        assert list_audit(team)[0][2] == {
            "arguments": {"incident": "1"}, "outcome": "refused", "why": "call-refused",
        }  # fmt: skip
    elif role == "analyst":
        assert asked.document(0)["state"] in ("done", "running")


def test_roles_are_those_of_the_routes_for_the_same_data() -> None:
    routes = {(one.method, one.path): one.role for one in all_endpoints()}
    same = {
        "incidents": "/api/incidents", "incident": "/api/incidents/{id}", "story": "/api/incidents/{id}",
        "timeline": "/api/incidents/{id}", "usual_against_now": "/api/incidents/{id}", "scope": "/api/incidents/{id}/scope",
        "coverage": "/api/health/ingest", "plan": "/api/incidents/{id}/plan", "rule_hits": "/api/tables/{name}",
        "search": "/api/look",
    }  # fmt: skip
    assert {tool.name: tool.role for tool in TOOLS} == {
        name: routes["GET", path] for name, path in same.items()
    }


def test_nobody_gets_in_without_sign_in_and_csrf_token(team: Console) -> None:
    assert team.browser().post(PATH, PING, headers=ACCEPT).status_code == 401
    signed_in = team.signed_in("admin")
    refused = signed_in.ask("POST", PATH, json=PING, headers=ACCEPT)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "csrf")
    elsewhere = signed_in.send(
        "POST",
        PATH,
        PING,
        headers={**ACCEPT, "origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    )
    assert elsewhere.status_code == 403
    assert list_audit(team) == []
    assert signed_in.post(PATH, PING, headers=ACCEPT).status_code == 200


def test_the_route_is_not_there_unless_it_was_asked_for(tmp_path: Path) -> None:
    assert ENDPOINT not in all_endpoints()
    with filled(tmp_path) as made:
        assert made.signed_in("admin").post(PATH, PING, headers=ACCEPT).status_code in (404, 405)


def test_only_requests_of_the_protocol_are_answered(team: Console) -> None:
    browser = team.signed_in("viewer")
    assert browser.get(PATH).status_code in (404, 405)
    assert browser.post(PATH, {"sql": "select 1"}, headers=ACCEPT).status_code == 400
    large = {**PING, "params": {"x": "y" * LARGEST_REQUEST}}
    assert browser.post(PATH, large, headers=ACCEPT).status_code == 413


def test_answers_of_an_organisation_hold_no_other(team: Console) -> None:
    calls: list[Call] = [
        ("incidents", {"organisation": "org", "candidates": True}),
        ("incidents", {"organisation": "other", "candidates": True}),
        ("coverage", {"organisation": "other"}),
        ("search", {"kind": "account", "value": BOB, "organisation": "org"}),
        ("search", {"kind": "account", "value": BOB, "organisation": "other"}),
    ]
    asked = ask_over_http(team.signed_in("viewer"), calls)
    own, other, gaps, found, nothing = (asked.document(place) for place in range(len(calls)))
    assert (own["incidents"]["total"], other["incidents"]["total"], gaps["gaps"]["total"]) == (30, 0, 0)
    assert (found["matches"], nothing["matches"]) == (10, 0)


def test_hostile_names_in_a_store_are_data_alone(team: Console) -> None:
    calls: list[Call] = [
        ("incidents", {"candidates": True, "limit": 50}),
        ("search", {"kind": "account", "value": "eve@x.example"}),
    ]
    asked = ask_over_http(team.signed_in("viewer"), calls)
    texts = [found for place in range(2) for found in list_texts(asked.document(place))]
    assert any("<script>" in text for _, text in texts)
    for path, text in texts:
        assert path[-1] == "untrusted" or "<script>" not in text
        assert not set(text) & set("\x1b\x00\u202e\u200b\r\n\t")


def test_a_role_with_pseudonyms_gets_no_name_and_finds_persons_by_pseudonym(tmp_path: Path) -> None:
    with full_of_names(tmp_path) as made, offering(made) as offered:
        hide_from(offered, pseudonyms_for=["analyst"])
        browser = offered.signed_in("analyst", "carol")
        calls = [call for call in ORGANISATION_WIDE if call[0] != "scope"]
        asked = ask_over_http(browser, [*calls, ("search", {"kind": "account", "value": "bob@x.example"})])
        for place, answer in enumerate(asked.answers):
            said = text_of(answer).casefold()
            assert [name for name in NAMES if name in said] == [], place
            assert answer.structured_content is not None, said
            assert [name for name in NAMES if name in str(answer.structured_content).casefold()] == []
        code = asked.document(0)["incidents"]["items"][0]["account"]["untrusted"]
        assert code.startswith("person ")
        assert asked.document(len(calls))["matches"] == 0
        assert (
            ask_over_http(browser, [("search", {"kind": "account", "value": code})]).document(0)["matches"]
            == 8
        )
        shown = [one["account"] for one in browser.get("/api/incidents?queue=all").json()["items"]]
        assert code in shown
        admin = ask_over_http(offered.signed_in("admin"), [("incidents", {})])
        assert admin.document(0)["incidents"]["items"][0]["account"]["untrusted"] == "anna.berger@x.example"


def test_a_tool_that_fails_is_recorded_and_names_no_place(
    team: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from seawall.mcp.stored_source import StoreSource
    from seawall.storage.errors import LakeBroken

    def fail(_: StoreSource) -> dict[str, int]:
        raise LakeBroken(f"{tmp_path}/events: damaged", fix="restore a backup")

    def break_down(_: StoreSource) -> tuple[()]:
        raise ZeroDivisionError

    monkeypatch.setattr(StoreSource, "count_problems", fail)
    monkeypatch.setattr(StoreSource, "list_incidents", break_down)
    asked = ask_over_http(team.signed_in("viewer"), [("coverage", {}), ("incidents", {})])
    for answer in asked.answers:
        assert answer.is_error
        assert str(tmp_path) not in text_of(answer)
        assert "What to do: " in text_of(answer)
    outcomes = [(details["outcome"], details["why"]) for _, _, details in list_audit(team)]
    assert outcomes == [("refused", "lake-broken"), ("failed", "unexpected")]


def test_a_users_surplus_is_refused_and_recorded(team: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    from seawall.console.api_error import too_many_requests

    def refuse(*_: object) -> None:
        raise too_many_requests(5, "too many exports and checks at once")

    browser: Browser = team.signed_in("viewer")
    monkeypatch.setattr(team.context.notes["runner"].heavy, "submit", refuse)
    asked = ask_over_http(browser, [("incidents", {})])
    assert "too many exports" in text_of(asked.answers[0])
    assert [details["outcome"] for _, _, details in list_audit(team)] == ["refused"]


def test_a_user_of_one_organisation_learns_nothing_of_another(tmp_path: Path) -> None:
    """Every tool, for the other organisation's incident and values too, beside a user who sees both."""
    calls: list[Call] = [
        ("incidents", {"candidates": True, "limit": 50}),
        ("incident", {"incident": "alpha-incident-0"}),
        ("coverage", {}),
        ("plan", {"incident": "alpha-incident-0"}),
        ("rule_hits", {}),
        ("search", {"kind": "session", "value": SHARED_SESSION}),
        ("search", {"kind": "account", "value": account_of(BETA)}),
        ("search", {"kind": "session", "value": SHARED_SESSION, "organisation": BETA}),
        *[
            (name, {"incident": incident_of(BETA)})
            for name in ("incident", "story", "timeline", "usual_against_now", "plan")
        ],
        ("scope", {"incident": incident_of(BETA)}),
    ]
    with of_tenants(tmp_path, ALPHA, BETA) as made, offering(made) as offered:
        seen = ask_over_http(limited(offered, "analyst", ALPHA), calls)
        both = ask_over_http(offered.signed_in("analyst"), calls[:-1])
        for call, answer in zip(calls, seen.answers, strict=True):
            said = text_of(answer)
            for own in (incident_of(BETA), account_of(BETA)):
                said = said.replace(own, "")  # what he asked for himself
            assert SECRET not in said.casefold(), call
        assert seen.document(0)["incidents"]["total"] == 5
        assert both.document(0)["incidents"]["total"] == 10
        assert 0 < seen.document(5)["matches"] < both.document(5)["matches"]
        assert (seen.document(6)["matches"], seen.document(7)["matches"]) == (0, 0)
        assert both.document(6)["matches"] > 0
        assert seen.document(2)["problems"]["total"] == 0
        assert [answer.is_error for answer in seen.answers[8:]] == [True] * 6
        assert not any(answer.is_error for answer in both.answers)
        assert len(list_audit(offered)) == 2 * len(calls) - 1
