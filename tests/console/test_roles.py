"""Who may ask what, over every route there is; users, tokens, the audit trail."""

from __future__ import annotations

import re
from typing import Any

import pytest

from seawall.console.endpoint import ROLES, SAFE, Endpoint
from seawall.console.table import all_endpoints
from tests.console.consoles import Browser, Console

OPEN = {
    "/api/session", "/api/sign-in/password", "/api/sign-in/passkey/options", "/api/sign-in/passkey", "/api/setup",
    "/api/setup/passkey/options", "/api/sign-out", "/api/sign-in/oidc", "/api/sign-in/oidc/callback", "/api/ingest",
    "/api/openapi.json",
}  # fmt: skip
"""What may be asked without signing in. Whoever adds one here must say why nobody learns or changes anything by it."""

LIMITED = re.compile(r"/api/me(/|$)")
ALL = {f"{one.method} {one.path}": one for one in all_endpoints()}
CLOSED = {name: one for name, one in ALL.items() if one.role is not None}


def ask(browser: Browser, endpoint: Endpoint) -> Any:
    path = re.sub(r"\{[a-z_]+\}", "nothing-of-this-name", endpoint.path)
    if endpoint.method in SAFE:
        return browser.get(path)
    return browser.send(endpoint.method, path)


def test_what_is_open_is_open_on_purpose() -> None:
    assert {one.path for one in all_endpoints() if one.role is None} <= OPEN
    assert all(LIMITED.match(one.path) for one in all_endpoints() if one.is_for_limited)
    assert {one.path for one in all_endpoints() if one.raw} <= {"/api/ingest"}


@pytest.mark.parametrize("name", sorted(CLOSED))
def test_without_a_session_nothing_is_answered(team: Console, name: str) -> None:
    answer = ask(team.browser(), CLOSED[name])
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "sign-in-required")
    forged = team.browser()
    forged.cookies = {"__Host-seawall": "A" * 43}
    assert ask(forged, CLOSED[name]).status_code == 401


@pytest.mark.parametrize("name", sorted(CLOSED))
def test_each_role_may_what_the_table_says(team: Console, name: str) -> None:
    endpoint = CLOSED[name]
    assert endpoint.role is not None
    for role in ROLES:
        if endpoint.path == "/api/stream" and role != ROLES[0]:
            continue
        if endpoint.path == "/api/stream":
            continue  # it does not end: test_stream.py
        answer = ask(team.signed_in(role), endpoint)
        if ROLES.index(role) < ROLES.index(endpoint.role):
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), role
        else:
            assert answer.status_code not in {401, 403, 500}, (role, answer.text)


@pytest.mark.parametrize(
    "name", sorted(n for n, one in ALL.items() if one.method not in SAFE and not one.raw)
)
def test_nothing_changes_without_the_token_of_the_session(team: Console, name: str) -> None:
    endpoint = ALL[name]
    path = re.sub(r"\{[a-z_]+\}", "x", endpoint.path)
    browser = team.signed_in("admin") if endpoint.role is not None else team.browser()
    csrf = browser.get("/api/session").json()["csrf_token"]
    json_body = {"content-type": "application/json"}
    wrong = [
        {"origin": team.origin, **json_body},
        {"origin": team.origin, "x-seawall-csrf": "", **json_body},
        {"origin": team.origin, "x-seawall-csrf": csrf[:-1], **json_body},
        {"origin": team.origin, "x-seawall-csrf": team.signed_in("viewer").get("/api/session").json()["csrf_token"], **json_body},
    ]  # fmt: skip
    for headers in wrong:
        answer = browser.ask(endpoint.method, path, headers=headers, content=b"{}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf"), headers
    for headers in (
        {"origin": "https://evil.example", "x-seawall-csrf": csrf, **json_body},
        {"origin": team.origin, "sec-fetch-site": "cross-site", "x-seawall-csrf": csrf, **json_body},
    ):
        answer = browser.ask(endpoint.method, path, headers=headers, content=b"{}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross-origin")


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/plain; x=application/json",
     "application/json; charset=utf-7", "application/jsonx"],
)  # fmt: skip
def test_forms_of_other_sites_are_no_json(team: Console, kind: str) -> None:
    browser = team.signed_in("admin")
    headers = {
        "origin": team.origin, "x-seawall-csrf": browser.get("/api/session").json()["csrf_token"], "content-type": kind,
    }  # fmt: skip
    answer = browser.ask("POST", "/api/users", headers=headers, content=b'{"name": "eve", "role": "admin"}')
    assert answer.status_code == 415
    assert len(browser.get("/api/users").json()["items"]) == 1


def test_bodies_are_bounded_and_decoded_strictly(team: Console) -> None:
    browser = team.signed_in("admin")
    csrf = browser.get("/api/session").json()["csrf_token"]
    headers = {"origin": team.origin, "x-seawall-csrf": csrf, "content-type": "application/json"}

    def post(content: bytes, **more: str) -> tuple[int, str, str | None]:
        answer = browser.ask("POST", "/api/users", headers={**headers, **more}, content=content)
        fault = answer.json()["error"]
        return answer.status_code, fault["code"], fault["field"]

    assert post(b" " * 70_000) == (413, "too-large", None)
    assert post(b'{"name": "x"') == (400, "bad-request", None)
    assert post(b"\xff\xfe") == (400, "bad-request", None)
    assert post(b"[" * 60_000) in {(400, "bad-request", None), (422, "invalid", None)}
    assert post(b'{"name": 7, "role": "admin"}') == (422, "invalid", "name")
    assert post(b'{"name": "x", "role": "root"}') == (422, "invalid", "role")
    assert post(b'{"name": "x", "role": "admin", "id": 1}') == (422, "invalid", "id")
    assert post(b'{"name": "x"}') == (422, "invalid", "role")
    assert post(b"{}", **{"content-encoding": "gzip"}) == (415, "unsupported-media-type", None)


def test_two_cookies_of_the_name_are_none(team: Console) -> None:
    browser = team.signed_in("admin")
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    assert browser.get("/api/me", headers={"cookie": f"{cookie}; {cookie}"}).status_code == 401
    assert browser.get("/api/me", headers={"cookie": f"other=1; {cookie}"}).status_code == 200


def test_a_role_that_changes_ends_every_session(team: Console) -> None:
    admin, bob = team.signed_in("admin"), team.signed_in("analyst", "bob")
    user = bob.get("/api/session").json()["user"]["id"]
    assert admin.send("PATCH", f"/api/users/{user}", {"role": "viewer"}).json()["role"] == "viewer"
    assert bob.get("/api/me").status_code == 401
    bob = team.signed_in(name="bob")
    assert admin.send("PATCH", f"/api/users/{user}", {"disabled": True}).json()["disabled"] is True
    assert bob.get("/api/me").status_code == 401
    assert admin.send("PATCH", f"/api/users/{user}", {"disabled": False}).json()["disabled"] is False
    bob = team.signed_in(name="bob")
    assert admin.send("DELETE", f"/api/users/{user}/sessions").status_code == 204
    assert bob.get("/api/me").status_code == 401


def test_the_last_admin_stays(team: Console) -> None:
    admin = team.signed_in("admin")
    own = admin.get("/api/session").json()["user"]["id"]
    for change in ({"role": "viewer"}, {"disabled": True}):
        answer = admin.send("PATCH", f"/api/users/{own}", change)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")
    assert admin.get("/api/users").status_code == 200


def test_the_first_user_is_an_admin_with_a_name_of_their_own(own: Console) -> None:
    browser = own.browser()
    assert browser.post("/api/users", {"name": "Ann", "role": "viewer"}).json()["error"]["field"] == "role"
    for name in ("local", "System", " ", "a\nb", "x" * 300):
        assert browser.post("/api/users", {"name": name, "role": "admin"}).status_code == 422, name
    ann = browser.post("/api/users", {"name": "Ann", "role": "admin"})
    assert ann.status_code == 201
    # Nobody can sign in yet, so whoever sits here stays admin, and can make the invite.
    code = browser.post(f"/api/users/{ann.json()['id']}/invite").json()["code"]
    assert browser.post("/api/users", {"name": "Bob", "role": "viewer"}).status_code == 201
    begun = own.browser().post("/api/setup", {"code": code, "password": "seven lanterns under the pier"})
    assert begun.status_code == 200, begun.text
    assert browser.post("/api/users", {"name": "Eve", "role": "admin"}).status_code == 401


def test_tokens_of_collectors_are_shown_once_and_revoked(team: Console) -> None:
    admin = team.signed_in("admin")
    made = admin.post("/api/ingest-tokens", {"name": "collector"})
    token = made.json()["token"]
    assert token.startswith("seawall_")
    assert admin.post("/api/ingest-tokens", {"name": "collector"}).status_code == 409
    listed = admin.get("/api/ingest-tokens")
    assert token not in listed.text
    assert [one["name"] for one in listed.json()["items"]] == ["collector"]
    assert admin.send("DELETE", "/api/ingest-tokens/collector").status_code == 204
    assert admin.send("DELETE", "/api/ingest-tokens/collector").status_code == 404
    for name in ("", " ", ".", "..", "a/b", "a\x00b", "x" * 101):
        assert admin.post("/api/ingest-tokens", {"name": name}).json()["error"]["field"] == "name", name
    with team.context.database.reading() as work:
        assert token not in str([dict(one.details) for one in work.audit.page()])


def test_the_trail_is_paged_newest_first_and_whole(team: Console) -> None:
    admin = team.signed_in("admin")
    for number in range(7):
        admin.post("/api/ingest-tokens", {"name": f"token {number}"})
    seen, cursor = [], ""
    while True:
        page = admin.get(f"/api/audit?limit=3{cursor}").json()
        assert page["total"] == 7
        seen += [one["subject"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [f"token {number}" for number in reversed(range(7))]
    verdict = admin.get("/api/audit/verify").json()
    assert (verdict["whole"], verdict["entries"], verdict["fault"]) == (True, 7, None)
    assert verdict["head"]["digest"] == admin.get("/api/audit?limit=1").json()["items"][0]["digest"]
    for cursor in ("x", "A" * 40, "../etc", "%00", "é"):
        answer = admin.get("/api/audit", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "cursor")
    for query in ("limit=0", "limit=201", "limit=x", "limit=1&limit=2", "other=1"):
        assert admin.get(f"/api/audit?{query}").status_code == 422, query


def test_text_of_requests_is_never_a_header(team: Console) -> None:
    admin = team.signed_in("admin")
    answer = admin.post("/api/ingest-tokens", {"name": "a\r\nset-cookie: x=1"})
    assert "set-cookie" not in answer.headers
    answer = admin.send("DELETE", "/api/ingest-tokens/a%0d%0aset-cookie:%20x=1")
    assert "set-cookie" not in answer.headers
    assert answer.status_code == 404


@pytest.mark.parametrize("name", ["\uff4cocal", " System ", "\uff33\uff45\uff41\uff37\uff41\uff4c\uff4c"])
def test_nobody_is_called_what_the_trail_calls_others(team: Console, name: str) -> None:
    answer = team.signed_in("admin").post("/api/users", {"name": name, "role": "viewer"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "name")


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"disabled": True}], ids=["role", "disabled"])
def test_an_admin_who_can_sign_in_stays(team: Console, change: dict[str, Any]) -> None:
    """One who was only invited is none: without another, the next start would make whoever comes first admin."""
    browser = team.signed_in("admin")
    own = browser.get("/api/me").json()["user"]["id"]
    assert browser.post("/api/users", {"name": "invited", "role": "admin"}).status_code == 201
    answer = browser.send("PATCH", f"/api/users/{own}", change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert browser.get("/api/me").json()["user"]["role"] == "admin"
