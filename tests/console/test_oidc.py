"""Signing in at an identity provider: a real one in a thread, with throw-away keys, and what goes wrong with it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from seawall.console.context import ConsoleSettings
from seawall.console.errors import ServeInvalid
from seawall.console.sign_in import oidc_provider
from seawall.console.sign_in.by_oidc import role_of_claims
from seawall.console.sign_in.oidc_settings import load_oidc
from seawall_base.errors import PolicyInvalid
from seawall_base.http_url import FetchError
from tests.console.consoles import HOST, ORIGIN, Browser, Console, console
from tests.gate.gates import Issuer

CLIENT = "seawall-console"
SECRET = "a secret: with/odd%characters"


@dataclass
class Provider:
    """The identity provider: what it will say of the next code, and what it was asked."""

    issuer: Issuer = field(default_factory=lambda: Issuer("https://login.example"))
    claims: dict[str, Any] = field(default_factory=dict)
    nonce: str | None = None
    status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list)
    described: dict[str, Any] = field(default_factory=dict)
    url: str = ""

    def answer(self, path: str, form: dict[str, list[str]], authorization: str) -> tuple[int, dict[str, Any]]:
        if path == "/keys":
            return 200, self.issuer.jwks()
        if path == "/.well-known/openid-configuration":
            base = {
                "issuer": self.issuer.name, "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
            }  # fmt: skip
            return 200, base | self.described
        self.asked.append(
            {"form": {name: value[0] for name, value in form.items()}, "authorization": authorization}
        )
        claims = {
            "aud": CLIENT,
            "sub": "subject-1",
            "preferred_username": "Ann",
            "nonce": self.nonce,
            "roles": ["Seawall.Analyst"],
        }
        token = self.issuer.token(
            {"typ": "JWT"}, **{"client_id": None, "scope": None, **claims, **self.claims}
        )
        return self.status, {"id_token": token, "access_token": "not looked at", "token_type": "Bearer"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply({})

        def do_POST(self) -> None:
            self.reply(parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()))

        def reply(self, form: dict[str, list[str]]) -> None:
            status, document = made.answer(self.path, form, self.headers.get("authorization", ""))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


def policy(folder: Path, provider: Provider, *, console_table: str = "", issuer_table: str = "") -> Path:
    (folder / "client-secret").write_text(SECRET + "\n")
    path = folder / "policy.toml"
    path.write_text(f"""
[[issuer]]
name = "login"
profile = "oidc"
issuer = "https://login.example"
audiences = ["{CLIENT}"]
jwks_uri = "{provider.url}/keys"
allow_loopback_http = true
{issuer_table}

[console]
client_id = "{CLIENT}"
client_secret_file = "client-secret"
discovery = "{provider.url}/.well-known/openid-configuration"
allow_loopback_http = true
roles = {{ admin = ["Seawall.Admin"], analyst = ["Seawall.Analyst"], viewer = ["Seawall.Viewer", "everybody"] }}
{console_table}
""")
    return path


@pytest.fixture
def site(tmp_path: Path, provider: Provider) -> Iterator[Console]:
    oidc = load_oidc(policy(tmp_path, provider))
    settings = ConsoleSettings(hosts=(HOST,), is_loopback=False, is_encrypted=True, oidc=oidc)
    with console(tmp_path, settings) as made:
        yield made


def depart(site: Console, provider: Provider) -> tuple[Browser, dict[str, str]]:
    browser = site.browser()
    answer = browser.get("/api/sign-in/oidc", headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 302, answer.text
    where = urlsplit(answer.headers["location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == f"{provider.url}/authorize"
    query = {name: value[0] for name, value in parse_qs(where.query).items()}
    provider.nonce = query["nonce"]
    return browser, query


def arrive(browser: Browser, query: dict[str, str], **more: str) -> str:
    """Come back from the provider; where one is sent then."""
    parameters = {"code": "the code", "state": query["state"], "session_state": "x", **more}
    answer = browser.get(
        "/api/sign-in/oidc/callback", params=parameters, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def sign_in(site: Console, provider: Provider, **claims: Any) -> tuple[Browser, str]:
    provider.claims = claims
    browser, query = depart(site, provider)
    return browser, arrive(browser, query)


def test_the_browser_is_sent_away_and_comes_back_signed_in(site: Console, provider: Provider) -> None:
    browser, query = depart(site, provider)
    assert query["response_type"] == "code"
    assert query["client_id"] == CLIENT
    assert query["redirect_uri"] == f"{ORIGIN}/api/sign-in/oidc/callback"
    assert query["scope"].split()[0] == "openid"
    assert query["code_challenge_method"] == "S256"
    assert arrive(browser, query) == "/"
    session = browser.get("/api/session").json()
    assert session["user"] == {"id": 1, "name": "Ann", "role": "analyst", "organisations": None}
    assert session["second_factor_needed"] is False
    assert list(browser.cookies) == ["__Host-seawall"]
    asked = provider.asked[0]
    verifier = asked["form"]["code_verifier"]
    digest = hashlib.sha256(verifier.encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == query["code_challenge"]
    assert asked["form"]["redirect_uri"] == query["redirect_uri"]
    pair = base64.b64decode(asked["authorization"].removeprefix("Basic ")).decode()
    assert pair == f"{CLIENT}:a%20secret%3A%20with%2Fodd%25characters"


def test_the_cookie_of_the_journey_comes_along_and_lasts_briefly(site: Console) -> None:
    cookie = site.browser().get("/api/sign-in/oidc").headers["set-cookie"].lower()
    assert cookie.startswith("__host-seawall-oidc=")
    for flag in ("secure", "httponly", "samesite=lax", "path=/", "max-age=300"):
        assert flag in cookie


def test_the_same_person_is_the_same_user_and_roles_follow_the_provider(
    site: Console, provider: Provider
) -> None:
    first, _ = sign_in(site, provider)
    again, _ = sign_in(
        site, provider, preferred_username="Ann New-Name", roles=["everybody", "Seawall.Viewer"]
    )
    assert again.get("/api/session").json()["user"] == {
        "id": 1,
        "name": "Ann",
        "role": "viewer",
        "organisations": None,
    }
    assert first.get("/api/me").status_code == 401
    admin, _ = sign_in(site, provider, roles="Seawall.Admin")
    assert admin.get("/api/users").status_code == 200
    stays, _ = sign_in(site, provider, roles=["Seawall.Viewer"])
    assert stays.get("/api/session").json()["user"]["role"] == "admin"


def test_the_last_admin_who_can_sign_in_stays_one_beside_others_who_cannot(
    site: Console, provider: Provider
) -> None:
    sign_in(site, provider, roles="Seawall.Admin")
    with site.context.database.writing() as work:
        work.users.add("invited", "admin", at=site.clock())
    stays, _ = sign_in(site, provider, roles=["Seawall.Viewer"])
    assert stays.get("/api/session").json()["user"]["role"] == "admin"
    with site.context.database.reading() as work:
        assert "user-role" not in [one.action for one in work.audit.page()]
    site.signed_in("admin", "another")
    goes, _ = sign_in(site, provider, roles=["Seawall.Viewer"])
    assert goes.get("/api/session").json()["user"]["role"] == "viewer"


@pytest.mark.parametrize(
    ("claims", "problem"),
    [
        ({"roles": ["Other"]}, "no-role"),
        ({"roles": None}, "no-role"),
        ({"roles": {"Seawall.Admin": True}}, "no-role"),
        ({"nonce": "another"}, "token-refused"),
        ({"nonce": None}, "token-refused"),
        ({"aud": "another-client"}, "token-refused"),
        ({"aud": [CLIENT, "other"], "azp": "other"}, "token-refused"),
        ({"iss": "https://evil.example"}, "token-refused"),
        ({"exp": 1_600_000_000}, "token-refused"),
        ({"sub": None}, "token-refused"),
        ({"preferred_username": None}, "no-name"),
        ({"preferred_username": "local"}, "no-name"),
        ({"preferred_username": "a\nb"}, "name-taken"),
    ],
)
def test_a_token_that_does_not_fit_signs_nobody_in(
    site: Console, provider: Provider, claims: dict[str, Any], problem: str
) -> None:
    browser, where = sign_in(site, provider, **claims)
    assert where == f"/sign-in?problem={problem}"
    assert browser.get("/api/session").json()["user"] is None
    assert browser.cookies == {}
    with site.context.database.reading() as work:
        assert len(work.users) == 0
        assert [one.action for one in work.audit.page()] == ["sign-in-failed"]


def test_a_token_of_another_key_signs_nobody_in(site: Console, provider: Provider) -> None:
    jwks = provider.issuer.jwks()
    provider.issuer = Issuer("https://login.example")
    provider.issuer.jwks = lambda: jwks  # type: ignore[method-assign]
    assert sign_in(site, provider)[1] == "/sign-in?problem=token-refused"


def test_somebody_elses_answer_signs_nobody_in(site: Console, provider: Provider) -> None:
    _, query = depart(site, provider)
    victim = site.browser()
    assert arrive(victim, query) == "/sign-in?problem=took-too-long"
    assert victim.get("/api/session").json()["user"] is None
    other, mine = depart(site, provider)
    assert arrive(other, query) == "/sign-in?problem=took-too-long"
    assert arrive(other, mine) == "/sign-in?problem=took-too-long"  # its cookie went with the failure


def test_an_answer_counts_once_and_not_for_long(site: Console, provider: Provider) -> None:
    browser, query = depart(site, provider)
    cookies = dict(browser.cookies)
    assert arrive(browser, query) == "/"
    browser.cookies = cookies
    assert arrive(browser, query) == "/sign-in?problem=took-too-long"
    browser, query = depart(site, provider)
    site.clock.pass_seconds(301)
    assert arrive(browser, query) == "/sign-in?problem=took-too-long"
    for state in ("", "x", "../", "A" * 43, "A" * 5000):
        assert arrive(browser, {"state": state}) == "/sign-in?problem=took-too-long"


def test_what_the_provider_refuses_is_said_in_our_words(site: Console, provider: Provider) -> None:
    browser, query = depart(site, provider)
    where = arrive(
        browser, query, error="access_denied", error_description="<script>alert(1)</script>", code=""
    )
    assert where == "/sign-in?problem=refused-there"
    provider.status = 400
    assert sign_in(site, provider)[1] == "/sign-in?problem=provider-away"


def test_a_provider_that_describes_another_issuer_is_not_used(site: Console, provider: Provider) -> None:
    provider.described = {"issuer": "https://evil.example"}
    answer = site.browser().get("/api/sign-in/oidc")
    assert answer.headers["location"] == "/sign-in?problem=provider-away"
    provider.described = {"token_endpoint": "http://192.0.2.1/token"}
    assert site.browser().get("/api/sign-in/oidc").headers["location"] == "/sign-in?problem=provider-away"


def test_a_name_that_is_taken_is_not_taken_over(site: Console, provider: Provider) -> None:
    site.signed_in("admin", "ann")
    assert sign_in(site, provider)[1] == "/sign-in?problem=name-taken"


def test_a_disabled_user_does_not_come_back_under_another_name(site: Console, provider: Provider) -> None:
    browser, _ = sign_in(site, provider)
    with site.context.database.writing() as work:
        work.users.disable(1, at=site.clock())
    assert browser.get("/api/me").status_code == 401
    assert sign_in(site, provider)[1] == "/sign-in?problem=disabled"
    assert sign_in(site, provider, preferred_username="Other")[1] == "/sign-in?problem=disabled"


def test_no_secret_is_logged(site: Console, provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        sign_in(site, provider, nonce="another")
        sign_in(site, provider)
    assert SECRET not in caplog.text
    assert "ID token" not in caplog.text or "eyJ" not in caplog.text
    assert "eyJ" not in caplog.text
    with site.context.database.reading() as work:
        trail = str([(one.subject, dict(one.details)) for one in work.audit.page()])
    assert "eyJ" not in trail


def test_without_a_provider_there_is_no_such_way(team: Console) -> None:
    assert team.browser().get("/api/sign-in/oidc").status_code == 404
    assert "oidc" not in team.browser().get("/api/session").json()["methods"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('roles = { admin', 'rolls = { admin'), "rolls"),
        (('roles = { admin', 'roles = { boss'), "boss"),
        (("client_secret_file = \"client-secret\"", "client_secret_file = \"missing\""), "missing"),
        (("[console]", "[other]"), "other"),
        (('discovery = "http', 'discovery = "ftp'), "https"),
        ((f'audiences = ["{CLIENT}"]', f'audiences = ["{CLIENT}", "api"]'), "ID tokens"),
        (("[console]", '[console]\nissuer = "nobody"'), "name one of the issuers"),
        (("[console]", '[console]\nscopes = ["email"]'), "openid"),
    ],
    ids=["setting", "role", "secret", "table", "url", "audience", "issuer", "scopes"],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused_at_the_start(
    tmp_path: Path, provider: Provider, change: tuple[str, str], words: str
) -> None:
    path = policy(tmp_path, provider)
    path.write_text(path.read_text().replace(*change))
    with pytest.raises((ServeInvalid, PolicyInvalid), match=words):
        load_oidc(path)


def test_every_fault_of_a_policy_is_said_at_once(tmp_path: Path, provider: Provider) -> None:
    path = policy(
        tmp_path,
        provider,
        console_table='scopes = ["email"]\nprompt = 1\ntrust_file = "absent.pem"\nrolls = 1',
    )
    (tmp_path / "client-secret").unlink()
    text = path.read_text().replace("analyst =", "boss =").replace('discovery = "http', 'discovery = "ftp')
    path.write_text(text.replace(f'audiences = ["{CLIENT}"]', 'audiences = ["api"]'))
    with pytest.raises(ServeInvalid) as refused:
        load_oidc(path)
    said = [line.removeprefix(f"{path}:").split(";")[0] for line in refused.value.details]
    assert [line for line in said if "client-secret" not in line] == [
        "14: discovery: the URL is not https://",
        "16: boss: is no role",
        "17: scopes: without openid give no identity",
        "18: prompt: is a number where a text is needed",
        "20: rolls: is not a setting",
    ]
    path.write_text(path.read_text().replace("boss", "analyst").replace("rolls = 1", "").replace("prompt = 1", "")
                    .replace('["email"]', '["openid"]').replace("ftp", "http"))  # fmt: skip
    with pytest.raises(ServeInvalid) as refused:
        load_oidc(path)
    said = [line.removeprefix(f"{path}:") for line in refused.value.details]
    assert said[0].startswith(
        "6: audiences: the issuer 'login' takes other tokens than ID tokens for this client; write"
    )
    assert re.match(r"13: client_secret_file: .*client-secret: cannot be read: No such file", said[1])
    assert said[2] == (
        "19: trust_file: the file of trusted certificates cannot be read; name a PEM file with the authorities' certificates"
    )
    path.write_text(
        path.read_text().replace("[[issuer]]", "[[issuer]]\nclock_skw = 1").replace("roles =", "rols =")
    )
    with pytest.raises(
        PolicyInvalid, match=r"3: clock_skw: is not(.|\n)*17: rols: is not a setting; did you mean roles"
    ):
        load_oidc(path)


def test_the_example_of_the_docs_is_taken(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "serve.md").read_text("utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "policy.toml").write_text(example)
    (tmp_path / "client-secret").write_text("a secret")
    settings = load_oidc(tmp_path / "policy.toml")
    assert settings.secret == "a secret"
    assert role_of_claims({"roles": ["soc", "it"]}, settings) == "analyst"


def test_a_name_of_the_trail_is_nobodys(site: Console, provider: Provider) -> None:
    provider.claims = {"preferred_username": "\uff4cocal"}
    browser, query = depart(site, provider)
    answer = browser.get(f"/api/sign-in/oidc/callback?code=c&state={query['state']}")
    assert answer.headers["location"] == "/sign-in?problem=no-name"


def test_a_provider_that_fails_is_left_alone_for_a_while(
    site: Console, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question waits for the network: who asks again and again must not take all threads of the console."""
    asked: list[str] = []

    def fails(url: str, **_: Any) -> Any:
        asked.append(url)
        raise FetchError("timeout", "no answer")

    now = [100.0]
    monkeypatch.setattr(oidc_provider, "monotonic", lambda: now[0])
    with monkeypatch.context() as broken:
        broken.setattr(oidc_provider, "fetch", fails)
        for _ in range(5):
            answer = site.browser().get("/api/sign-in/oidc")
            assert answer.headers["location"] == "/sign-in?problem=provider-away"
        assert len(asked) == 1
    now[0] += oidc_provider.PAUSE_SECONDS + 0.1
    depart(site, provider)


LIMITS = 'organisations = { "Seawall.Analyst" = ["one.example", "two.example"], contoso = ["three.example"], everybody = ["*"] }'


def test_the_provider_limits_users_to_organisations(tmp_path: Path, provider: Provider) -> None:
    oidc = load_oidc(policy(tmp_path, provider, console_table=LIMITS))
    settings = ConsoleSettings(hosts=(HOST,), is_loopback=False, is_encrypted=True, oidc=oidc)

    with console(tmp_path, settings) as made:

        def seen(*roles: str) -> Any:
            browser, where = sign_in(made, provider, roles=list(roles))
            if "no-role" in where:
                return "refused"
            return browser.get("/api/session").json()["user"]["organisations"]

        assert seen("Seawall.Analyst") == ["one.example", "two.example"]
        assert seen("Seawall.Analyst", "contoso") == ["one.example", "three.example", "two.example"]
        assert seen("Seawall.Viewer", "contoso") == ["three.example"]
        assert seen("Seawall.Viewer") == "refused", (
            "a role without an organisation sees nothing, not everything"
        )
        assert seen("Seawall.Viewer", "everybody") is None
        assert seen("Seawall.Analyst") == ["one.example", "two.example"]
        assert seen("Seawall.Admin", "Seawall.Analyst") is None
        assert seen("contoso") == "refused"
        with made.context.database.reading() as work:
            changes = [
                one.details["after"]
                for one in work.audit.page(limit=99)
                if one.action == "user-organisations"
            ]
            (added,) = [one.details for one in work.audit.page(limit=99) if one.action == "user-added"]
    assert added["organisations"] == ["one.example", "two.example"]
    assert changes[:3] == [["one.example", "three.example", "two.example"], ["three.example"], None]


def test_without_that_table_the_limits_of_an_admin_stay(site: Console, provider: Provider) -> None:
    sign_in(site, provider)
    with site.context.database.writing() as work:
        work.users.set_organisations(1, ["one.example"], at=site.clock())
    for roles in (["Seawall.Viewer"], ["Seawall.Analyst"], ["Seawall.Admin"]):
        browser, _ = sign_in(site, provider, roles=roles)
        user = browser.get("/api/session").json()["user"]
        assert user["organisations"] == ["one.example"]
        assert user["role"] != "admin"


@pytest.mark.parametrize(
    "wrong",
    [
        'organisations = "*"',
        "organisations = {}",
        "organisations = { soc = [7] }",
        'organisations = { soc = [""] }',
    ],
)
def test_wrong_organisations_are_named(tmp_path: Path, provider: Provider, wrong: str) -> None:
    with pytest.raises(ServeInvalid, match="organisations"):
        load_oidc(policy(tmp_path, provider, console_table=wrong))
