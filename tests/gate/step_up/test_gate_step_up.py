"""Step-up on a real gate with two workers: challenge, ceremony, elevation; and in a real browser."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest

from seawall.gate.errors import GateInvalid
from seawall.gate.loaded_policy import load_gate_policy
from tests.browsing import CHROMIUM
from tests.gate.gates import AUDIENCE, Gate, Issuer, policy_text, running, until
from tests.gate.step_up.device import Device

ORIGIN = "https://app.example"
SETTINGS = """
[gate]
origins = ["https://app.example"]
[gate.step_up]
enabled = true
relying_party = "app.example"
[[gate.path]]
prefix = "/admin"
acr_values = ["phr"]
max_authentication_age = 600
[[gate.path]]
prefix = "/pay"
acr_values = ["phr", "mfa"]
"""
PROXIED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example", "Origin": ORIGIN}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with running(tmp_path_factory.mktemp("gate"), SETTINGS, options=("--workers", "2")) as made:
        yield made


def asked(gate: Gate, token: str, path: str) -> httpx.Response:
    return gate.ask(token, path, X_Forwarded_Host="app.example")


def post(gate: Gate, name: str, token: str | None, fields: Any, **headers: str) -> httpx.Response:
    said = {**PROXIED, **{key.replace("_", "-"): value for key, value in headers.items()}}
    if token is not None:
        said["Authorization"] = f"Bearer {token}"
    return httpx.post(f"{gate.url}/step-up/{name}", json=fields, headers=said, timeout=60)


def command(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "seawall.cli.main", "step-up", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def invitation(gate: Gate, subject: str) -> str:
    store = str(gate.folder / "step-up.db")
    return command("invite", "--store", store, "--issuer", gate.issuer.name, "--subject", subject).strip()


def registered(gate: Gate, token: str, subject: str) -> Device:
    device, code = Device("app.example"), invitation(gate, subject)
    question = post(gate, "register/passkey/ask", token, {"invitation": code}).json()
    answer = {
        "invitation": code, "ceremony": question["ceremony"], "name": "key",
        "credential": device.create(question["options"], ORIGIN),
    }  # fmt: skip
    assert post(gate, "register/passkey/answer", token, answer).json() == {"registered": "passkey"}
    return device


def test_challenge_ceremony_elevation(gate: Gate) -> None:
    token = gate.issuer.token(sid="s1", sub="ann")
    refused = asked(gate, token, "/admin/users")
    assert refused.status_code == 401
    assert 'error="insufficient_user_authentication"' in refused.headers["www-authenticate"]
    assert 'acr_values="phr"' in refused.headers["www-authenticate"]
    assert refused.headers["x-seawall-step-up"] == "/step-up/"
    assert post(gate, "state", token, {}).json() == {"passkeys": 0, "code": False}
    assert post(gate, "passkey/ask", token, {"path": "/admin/users"}).json() == {"code": "no-passkey"}
    device = registered(gate, token, "ann")
    question = post(gate, "passkey/ask", token, {"path": "/admin/users"}).json()
    answer = {"ceremony": question["ceremony"], "credential": device.get(question["options"], ORIGIN)}
    assert post(gate, "passkey/answer", token, answer).json()["acr"] == "phr"
    for _ in range(8):  # whichever worker is asked
        assert asked(gate, token, "/admin/users").status_code == 204
    assert asked(gate, gate.issuer.token(sid="s2", sub="ann"), "/admin/users").status_code == 401
    assert asked(gate, token, "/pay").status_code == 401
    assert post(gate, "passkey/answer", token, answer).json() == {"code": "ceremony-unknown"}
    command(
        "remove", "--store", str(gate.folder / "step-up.db"), "--issuer", gate.issuer.name, "--subject", "ann"
    )
    assert asked(gate, token, "/admin/users").status_code == 401


def test_token_and_elevation_each_meet_what_they_can(tmp_path: Path) -> None:
    """The issuer asks for what the token shows and the path for a passkey: neither shows both."""
    settings = SETTINGS + '[[gate.path]]\nprefix = "/vault"\nacr_values = ["from the issuer alone"]\n'
    with running(tmp_path, settings, more='acr_values = ["urn:issuer"]') as gate:
        token = gate.issuer.token(sid="s1", acr="urn:issuer", auth_time=int(time.time()) - 9000)
        weak = gate.issuer.token(sid="s1")
        assert asked(gate, token, "/mail").status_code == 204
        assert asked(gate, token, "/admin").headers["x-seawall-step-up"] == "/step-up/"
        device = registered(gate, token, "ann")
        question = post(gate, "passkey/ask", token, {"path": "/admin"}).json()
        answer = {"ceremony": question["ceremony"], "credential": device.get(question["options"], ORIGIN)}
        assert post(gate, "passkey/answer", token, answer).status_code == 200
        assert asked(gate, token, "/admin").status_code == 204
        # What neither a passkey nor a code is worth is not promised.
        for refused in (
            asked(gate, weak, "/admin"),
            asked(gate, weak, "/mail"),
            asked(gate, token, "/vault"),
        ):
            assert refused.status_code == 401
            assert "x-seawall-step-up" not in refused.headers
        (gate.folder / "step-up.db").unlink()
        assert asked(gate, token, "/admin").status_code == 401
        assert "step-up-broken" in gate.get("/healthz").text


def test_a_code_is_enough_where_the_path_says_so(gate: Gate) -> None:
    token = gate.issuer.token(sid="s3", sub="cleo")
    code = invitation(gate, "cleo")
    maker = pyotp.TOTP(post(gate, "register/code/ask", token, {"invitation": code}).json()["secret"])
    now = maker.now()
    done = post(gate, "register/code/answer", token, {"invitation": code, "code": now})
    assert done.json() == {"registered": "code"}
    later = maker.at(int(time.time()) + 30)
    fields = {"path": "/pay", "code": later}
    assert post(gate, "code", token, fields).json()["acr"] == "mfa"
    assert post(gate, "code", token, fields).json() == {"code": "code-used"}
    assert asked(gate, token, "/pay").status_code == 204
    assert asked(gate, token, "/admin").status_code == 401


@pytest.mark.parametrize(
    ("token", "fields", "headers", "status"),
    [
        (None, {}, {}, 401),
        ("rubbish", {}, {}, 401),
        ("expired", {}, {}, 401),
        ("good", {}, {"Origin": "https://evil.example"}, 403),
        ("good", {}, {"Origin": "null"}, 403),
        ("good", {}, {"Content_Type": "text/plain"}, 415),
        ("good", {}, {"X_Original_URI": "/elsewhere"}, 403),
        ("good", {}, {"X_Forwarded_Host": "evil.example"}, 403),
        ("good", [], {}, 400),
        ("good", {"path": 1}, {}, 400),
        ("good", {"path": "/admin/../x"}, {}, 403),
        ("good", {"path": "x" * 5000}, {}, 400),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(
    gate: Gate, token: str | None, fields: Any, headers: dict[str, str], status: int
) -> None:
    given = {"good": gate.issuer.token(sub="dora"), "expired": gate.issuer.token(exp=1_000_000_000)}
    name = "passkey/ask" if isinstance(fields, dict) and fields else "state"
    answer = post(gate, name, given.get(token or "", token), fields, **headers)
    assert answer.status_code == status, answer.text
    assert "traceback" not in gate.logged().lower()


def test_a_token_that_is_tried_out_here_is_logged(gate: Gate) -> None:
    """`state` says whether a token is good; whoever asks that of a stolen one leaves a trace."""
    good, bad = (gate.issuer.token(sub="ann", jti="tried out", aud=aud) for aud in (AUDIENCE, "api://other"))
    assert post(gate, "state", good, {}).status_code == 200
    assert post(gate, "state", bad, {}).status_code == 401
    digest = hashlib.sha256(b"tried out").hexdigest()[:32]

    def logged() -> set[tuple[str, str]]:
        lines = [json.loads(line) for line in gate.logged().splitlines() if digest in line]
        return {(line["outcome"], line["code"]) for line in lines}

    until(lambda: logged() == {("accepted", ""), ("refused", "audience-wrong")})


def test_no_secret_and_no_token_is_logged(gate: Gate) -> None:
    token = gate.issuer.token(sid="s9", sub="eva")
    code = invitation(gate, "eva")
    registered_ = post(gate, "register/code/ask", token, {"invitation": code}).json()
    post(gate, "register/code/answer", token, {"invitation": code, "code": "000000"})
    logged = gate.logged("step-up")
    for secret in (*token.split("."), code, registered_["secret"]):
        assert secret not in logged


def test_the_page_is_closed_to_everything_else(gate: Gate) -> None:
    page = gate.get("/step-up/")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    for name, kind in (("step-up.js", "javascript"), ("page.js", "javascript"), ("page.css", "css")):
        assert kind in gate.get(f"/step-up/{name}").headers["content-type"]
    assert gate.get("/step-up/../policy.toml").status_code == 404
    assert gate.get("/step-up/state").status_code == 405


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("[gate.step_up]\nenabled = true", "origins"),
        ('[gate]\norigins = ["https://app.example"]\n[gate.step_up]\nenabled = true', "relying_party"),
        (
            '[gate]\norigins = ["https://app.example"]\n[gate.step_up]\nenabled = true\nrelying_party = "p.example"',
            "host",
        ),
        (
            '[gate]\norigins = ["http://app.example"]\n[gate.step_up]\nenabled = true\nrelying_party = "app.example"',
            "https",
        ),
        ("[gate.step_up]\nseconds = 1", "between"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_start(tmp_path: Path, settings: str, words: str) -> None:
    issuer = Issuer()
    (tmp_path / "jwks.json").write_text(json.dumps(issuer.jwks()))
    (tmp_path / "policy.toml").write_text(policy_text(issuer, settings))
    with pytest.raises(GateInvalid, match=words):
        load_gate_policy(tmp_path / "policy.toml")


playwright_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")


@pytest.mark.browser
def test_a_person_in_a_browser(tmp_path: Path) -> None:
    """A real Chromium with a virtual authenticator; extra headers stand for the proxy that adds the token."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH: step-up was not tried in a browser")
    from tests.gate.gates import free_port

    port = free_port()
    settings = SETTINGS.replace("https://app.example", f"http://localhost:{port}").replace(
        "app.example", "localhost"
    )
    with running(tmp_path, settings, port=port) as made, playwright_api.sync_playwright() as playwright:
        token = made.issuer.token(sid="s1", sub="ann")
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        context = browser.new_context(extra_http_headers={"Authorization": f"Bearer {token}"})
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        devtools = context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        devtools.send(
            "WebAuthn.addVirtualAuthenticator",
            {"options": {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                         "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}},
        )  # fmt: skip
        page.goto(f"http://localhost:{port}/step-up/")
        page.get_by_label("Invitation").fill(invitation(made, "ann"))
        page.get_by_role("button", name="Register a passkey").click()
        playwright_api.expect(page.get_by_role("status")).to_have_text("The passkey is registered.")
        page.goto(f"http://localhost:{port}/step-up/?path=/admin/users&method=POST")
        page.get_by_role("button", name="Use a passkey").click()
        playwright_api.expect(page.get_by_role("status")).to_contain_text("Confirmed")
        said = {"X_Forwarded_Proto": "http", "X_Forwarded_Host": f"localhost:{port}"}
        assert made.ask(token, "/admin/users", **said).status_code == 204
        assert made.ask(token, "/pay", **said).status_code == 401
        assert problems == []
        browser.close()
