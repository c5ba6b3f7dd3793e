"""What stands before every request: hosts, origins, CSRF, headers, bodies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from seawall.console.context import ConsoleSettings
from seawall.console.request_origin import read_request_origin
from seawall.storage.errors import DatabaseAway
from seawall.web.peers import Peers
from tests.console.consoles import HOST, Console, console


def test_whoever_sits_at_this_machine_is_admin_until_there_are_users(own: Console) -> None:
    document = own.browser().get("/api/session").json()
    assert document["user"] == {"id": 0, "name": "local", "role": "admin", "organisations": None}
    assert document["loopback"] is True
    assert document["sign_in_required"] is False
    own.signed_in("viewer")
    assert own.browser().get("/api/session").json()["user"]["name"] == "local"
    own.signed_in("admin")
    document = own.browser().get("/api/session").json()
    assert document["user"] is None
    assert document["sign_in_required"] is True
    assert own.signed_in("viewer").get("/api/session").json()["user"]["role"] == "viewer"


def test_a_proxy_without_being_named_makes_nobody_local(own: Console) -> None:
    for name in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Proto"):
        document = own.browser().get("/api/session", headers={name: "for=1.2.3.4"}).json()
        assert document["user"] is None, name


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_proxy_that_says_nothing_speaks_an_old_version(own: Console, version: str) -> None:
    scope = {
        "type": "http", "http_version": version, "client": ("127.0.0.1", 5000), "headers": [(b"host", b"127.0.0.1:8090")],
    }  # fmt: skip
    assert read_request_origin(scope, own.context.settings).is_local is (version == "1.1")


def test_a_name_of_somebody_else_is_not_answered(own: Console, team: Console) -> None:
    for host in (
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.",
        "seawall.example:x",
        "a b",
        "[::2]",
        "",
    ):
        response = own.browser().get("/api/session", headers={"host": host})
        assert response.status_code in {400, 421}, host
        assert response.json()["error"]["code"] in {"host-unknown", "bad-request"}
    assert team.browser().get("/", headers={"host": "127.0.0.1"}).status_code == 421
    assert team.browser().get("/", headers={"host": HOST.upper()}).status_code == 200


def test_local_names_are_answered_with_any_port(own: Console) -> None:
    for host in ("localhost:8090", "127.0.0.1:1", "[::1]:8090", "LOCALHOST"):
        assert own.browser().get("/api/session", headers={"host": host}).json()["user"]["name"] == "local"


def test_nobody_is_local_beyond_loopback(team: Console) -> None:
    browser = team.browser(address="127.0.0.1")
    assert browser.get("/api/session").json()["user"] is None


def test_pages_of_other_sites_get_nothing(own: Console) -> None:
    browser = own.browser()
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "https://127.0.0.1:8090"},
        {"origin": "http://localhost:8090"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://127.0.0.1:8090/"},
    ):
        response = browser.get("/api/session", headers=headers)
        assert response.status_code == 403, headers
        assert response.json()["error"]["code"] == "cross-origin"
        assert "access-control-allow-origin" not in response.headers


def test_every_answer_keeps_frames_sniffing_and_referrers_out(team: Console) -> None:
    browser = team.browser()
    for path in ("/", "/api/session", "/api/nothing", "/assets/nothing.js"):
        headers = browser.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["strict-transport-security"] == "max-age=31536000"
    assert browser.get("/api/session").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd", "/assets/..%2f..%2findex.html",
     "/assets/%00", "//etc/passwd", "/index.html/../../x.json", "/.%5c..%5cx.txt", "/__init__.py"],
)  # fmt: skip
def test_no_address_leads_out_of_the_bundle(team: Console, path: str) -> None:
    for accept in ("*/*", "text/html"):
        response = team.browser().get(path, headers={"accept": accept})
        assert response.status_code in {200, 404}
        assert "root:" not in response.text
        assert "import" not in response.text


def test_addresses_of_views_lead_to_the_page(team: Console) -> None:
    page = team.browser().get("/").text
    for path in ("/incidents/abc.def", "/account?tenant=a&account=b", "/settings"):
        assert team.browser().get(path).status_code == 404  # a program, which asks for anything
        response = team.browser().get(path, headers={"accept": "text/html,*/*;q=0.8"})
        assert response.status_code == 200
        assert response.text == page
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert response.headers["cache-control"] == "no-cache"
    again = team.browser().get("/", headers={"if-none-match": team.browser().get("/").headers["etag"]})
    assert again.status_code == 304


def test_what_is_no_address_is_an_error_of_the_usual_shape(team: Console) -> None:
    response = team.browser().get("/api/nothing")
    assert response.status_code == 404
    assert set(response.json()["error"]) == {"code", "message", "fix", "field"}
    response = team.browser().ask("PUT", "/api/session", headers={"origin": team.origin})
    assert response.status_code == 405
    assert response.json()["error"]["code"] == "method-not-allowed"
    assert team.browser().get("/" + "a" * 20_000).status_code == 414


def test_a_proxy_says_who_asks_and_nobody_else_does(tmp_path: Path) -> None:
    settings = ConsoleSettings(hosts=(HOST,), is_loopback=True, proxies=Peers(("127.0.0.1/32", "10.0.0.0/8")))
    with console(tmp_path, settings) as behind:
        browser = behind.browser(origin=f"https://{HOST}", address="127.0.0.1")
        assert browser.get("/api/session").json()["user"] is None
        assert browser.get("/api/session", headers={"host": "localhost"}).json()["user"] is None
        plain = browser.get("/api/session", headers={"x-forwarded-proto": "http"})
        assert plain.json()["error"]["code"] == "not-encrypted"
        stranger = behind.browser(origin=f"https://{HOST}", address="192.0.2.1").get("/api/session")
        assert stranger.json()["error"]["code"] == "proxy-unlisted"


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    settings = ConsoleSettings(hosts=(HOST,), is_loopback=False, is_encrypted=True, body_seconds=0.2)
    with console(tmp_path, settings) as quick:

        async def drip() -> AsyncIterator[bytes]:
            while True:
                yield b" "
                await asyncio.sleep(0.05)

        browser = quick.signed_in("admin")
        csrf = browser.get("/api/session").json()["csrf_token"]
        headers = {"origin": quick.origin, "x-seawall-csrf": csrf, "content-type": "application/json"}
        answer = browser.ask("POST", "/api/users", headers=headers, content=drip())
        assert (answer.status_code, answer.json()["error"]["code"]) == (408, "too-slow")


def test_what_breaks_is_said_without_what_was_sent(
    team: Console, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret that was sent")

    browser = team.signed_in("admin")
    monkeypatch.setattr("seawall.storage.database.users.Users.all", broken)
    answer = browser.get("/api/users")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    assert "secret" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text


def test_a_database_that_is_away_is_said_so(team: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseAway("the database postgresql://secret-host/x is away")

    browser = team.signed_in("admin")
    monkeypatch.setattr("seawall.storage.database.users.Users.all", away)
    answer = browser.get("/api/users")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "5"
    assert "secret-host" not in answer.text
