"""A real gate: what it lets through, what it refuses and how it says so."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gate.gates import AUDIENCE, Gate, Issuer, running, until

RULES = """
[gate]
trusted_proxies = ["127.0.0.1/32"]
[[gate.path]]
prefix = "/assets"
public = true
[[gate.path]]
prefix = "/admin"
scopes = ["admin"]
[[gate.path]]
prefix = "/secret"
acr_values = ["strong"]
max_authentication_age = 300
[[gate.path]]
prefix = "/elsewhere"
issuers = ["other"]
[[gate.path]]
prefix = "/mail/settings"
methods = ["DELETE"]
roles = ["owner"]
[[gate.path]]
prefix = "/deploy"
claims.repository = ["octo-org/octo-repo"]
claims.protected = true
[[issuer]]
name = "other"
issuer = "https://other.example"
audiences = ["x"]
jwks_file = "jwks.json"
"""


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with running(tmp_path_factory.mktemp("gate"), RULES, options=("--workers", "2")) as made:
        yield made


def test_a_valid_token_goes_through_and_says_who_it_is(gate: Gate) -> None:
    answer = gate.ask(
        gate.issuer.token(sub="ann@example.org", tid=None), X_Auth_Subject="root", X_Auth_Roles="root"
    )
    assert answer.status_code == 204
    assert answer.headers["x-auth-subject"] == "ann@example.org"
    assert answer.headers["x-auth-issuer"] == gate.issuer.name
    assert answer.headers["x-auth-client"] == "app"
    assert answer.headers["x-auth-scope"] == "read write"
    assert answer.headers["x-auth-roles"] == ""
    assert "root" not in str(answer.headers)


@pytest.mark.parametrize(
    ("claims", "status", "code"),
    [
        ({"exp": 1000, "iat": 900}, 401, "expired"),
        ({"aud": "api://other"}, 401, "audience-wrong"),
        ({"iss": "https://nobody.example"}, 401, "issuer-unknown"),
        ({"sub": None}, 401, "claim-missing"),
        ({"exp": 4102444800}, 401, "lifetime-too-long"),
    ],
)
def test_what_is_wrong_with_a_token_is_said(
    gate: Gate, claims: dict[str, Any], status: int, code: str
) -> None:
    answer = gate.ask(gate.issuer.token(**claims))
    assert (answer.status_code, answer.headers["x-seawall-code"]) == (status, code)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_token_of_another_key_is_refused(gate: Gate) -> None:
    stranger = Issuer()
    assert gate.ask(stranger.token()).headers["x-seawall-code"] == "signature-invalid"
    stranger.kid = "k2"
    assert gate.ask(stranger.token()).headers["x-seawall-code"] == "key-unknown"


def test_no_token_is_asked_for_one(gate: Gate) -> None:
    for headers in (
        {},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer"},
    ):
        answer = gate.ask(None, **headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("uri", "method", "claims", "code"),
    [
        ("/assets/a.css", "GET", {}, ""),
        ("/admin", "GET", {}, "path-scope"),
        ("/ADMIN/x", "GET", {}, "path-scope"),
        ("/admin", "GET", {"scope": "read admin"}, ""),
        ("/admin", "GET", {"scope": None, "scp": "admin"}, ""),
        ("/administrator", "GET", {}, ""),
        ("/secret", "GET", {}, "acr-insufficient"),
        ("/secret", "GET", {"acr": "strong"}, ""),
        ("/secret", "GET", {"acr": "strong", "auth_time": int(time.time()) - 3600}, "authentication-too-old"),
        ("/secret", "GET", {"acr": "strong", "auth_time": None}, "authentication-too-old"),
        ("/elsewhere", "GET", {}, "path-issuer"),
        ("/mail/settings", "GET", {}, ""),
        ("/mail/settings/x", "DELETE", {}, "path-role"),
        ("/mail/settings/x", "DELETE", {"roles": ["owner"]}, ""),
        ("/deploy/x", "GET", {}, "path-claim"),
        ("/deploy/x", "GET", {"repository": "octo-org/octo-repo"}, "path-claim"),
        ("/deploy/x", "GET", {"repository": "octo-org/octo-repo", "protected": 1}, "path-claim"),
        ("/deploy/x", "GET", {"repository": "evil/octo-repo", "protected": True}, "path-claim"),
        ("/deploy/x", "GET", {"repository": "octo-org/octo-repo", "protected": True}, ""),
        ("/deploy/x", "GET", {"repository": ["octo-org/octo-repo"], "protected": [True]}, ""),
        ("/assets/../admin", "GET", {}, "path-ambiguous"),
        ("/assets/%2e%2e/admin", "GET", {}, "path-ambiguous"),
        ("/assets%2f..%2fadmin", "GET", {}, "path-ambiguous"),
        ("/assets\\..\\admin", "GET", {}, "path-ambiguous"),
        ("//admin", "GET", {}, "path-ambiguous"),
        ("/%61dmin", "GET", {}, "path-scope"),
        ("/admin%20", "GET", {}, "path-scope"),
        ("/admin.json", "GET", {}, "path-scope"),
        ("/index.php/admin", "GET", {}, "path-scope"),
        ("/secret%20/x", "GET", {}, "acr-insufficient"),
        ("/assets/index.php/admin", "GET", {}, "path-scope"),
        ("/assets/..%20/admin", "GET", {}, "path-ambiguous"),
    ],
)
def test_paths_ask_for_more(gate: Gate, uri: str, method: str, claims: dict[str, Any], code: str) -> None:
    answer = gate.ask(gate.issuer.token(**claims), uri, X_Original_Method=method)
    assert answer.headers.get("x-seawall-code", "") == code
    assert (answer.status_code == 204) is (code == "")


def test_a_public_path_needs_no_token_and_looks_at_none(gate: Gate) -> None:
    for token in (None, "nonsense", gate.issuer.token()):
        answer = gate.ask(token, "/assets/a.css")
        assert answer.status_code == 204
        assert not any(value for name, value in answer.headers.items() if name.startswith("x-auth-"))
        assert answer.headers["x-auth-subject"] == ""


def test_a_challenge_says_how_to_step_up(gate: Gate) -> None:
    challenge = gate.ask(gate.issuer.token(), "/secret").headers["www-authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'acr_values="strong"' in challenge
    assert 'max_age="300"' in challenge
    answer = gate.ask(gate.issuer.token(), "/admin")
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert 'scope="admin"' in answer.headers["www-authenticate"]


def test_without_a_path_there_is_no_answer_where_paths_matter(gate: Gate) -> None:
    assert gate.ask(gate.issuer.token(), None).headers["x-seawall-code"] == "forwarded-missing"


def test_two_stories_about_one_request_are_refused(gate: Gate) -> None:
    answer = gate.ask(gate.issuer.token(), "/admin", X_Forwarded_Uri="/assets/a.css")
    assert (answer.status_code, answer.headers["x-seawall-code"]) == (403, "forwarded-conflict")


def test_envoy_asks_in_the_request_line(gate: Gate) -> None:
    token = {"Authorization": f"Bearer {gate.issuer.token()}"}
    answer = gate.get("/verify/mail?x=1", headers=token)
    assert (answer.status_code, answer.content) == (200, b""), (
        "Envoy hands a 204 on to the client as a refusal"
    )
    assert answer.headers["x-auth-subject"] == "ann"
    assert gate.get("/verify/admin", headers=token).headers["x-seawall-code"] == "path-scope"


def test_only_listed_proxies_are_answered(tmp_path: Path) -> None:
    rules = RULES.replace("127.0.0.1/32", "10.9.8.0/24")
    with running(tmp_path, rules) as gate:
        for uri in ("/assets/a.css", "/mail"):
            answer = gate.ask(gate.issuer.token(), uri, X_Forwarded_For="10.9.8.7", X_Real_Ip="10.9.8.7")
            assert (answer.status_code, answer.headers["x-seawall-code"]) == (403, "proxy-unlisted")
        logged = gate.logged("proxy-unlisted")
        (line, *_) = [json.loads(line) for line in logged.splitlines() if "proxy-unlisted" in line]
        assert line["detail"] == "127.0.0.1", "whoever runs it must see which address is missing in the list"


def test_a_dry_run_refuses_nothing_and_says_what_it_would(tmp_path: Path) -> None:
    with running(tmp_path, RULES, options=("--dry-run",)) as gate:
        answer = gate.ask(None)
        assert (answer.status_code, answer.headers["x-seawall-would-refuse"]) == (204, "token-missing")
        answer = gate.ask(gate.issuer.token(), "/admin")
        assert (answer.status_code, answer.headers["x-seawall-would-refuse"]) == (204, "path-scope")
        assert answer.headers["x-auth-subject"] == ""
        answer = gate.get("/verify/admin")
        assert (answer.status_code, answer.headers["x-seawall-would-refuse"]) == (200, "token-missing")
        assert gate.ask(gate.issuer.token()).headers["x-auth-subject"] == "ann"
        assert gate.get("/healthz").json()["dry_run"] is True
        text = gate.get("/metrics").text
        assert 'outcome="would-refuse"' in text
        assert 'outcome="refuse"' not in text
        assert gate.logged('"would-refuse"')


def test_metrics_are_right_with_two_workers(gate: Gate) -> None:
    def counted() -> tuple[float, float]:
        text = gate.get("/metrics").text
        allowed = re.search(r'decisions_total\{code="",issuer="main",outcome="allow"\} (\S+)', text)
        timed = re.search(r"decision_seconds_count (\S+)", text)
        return float(allowed[1]) if allowed else 0.0, float(timed[1]) if timed else 0.0

    token = gate.issuer.token()
    before = counted()
    assert all(gate.ask(token).status_code == 204 for _ in range(40))
    for _ in range(5):
        after = counted()
        assert (after[0] - before[0], after[1] - before[1]) == (40, 40)
    assert len(gate.pids()) == 2
    text = gate.get("/metrics").text
    assert "seawall_gate_ready 1.0" in text
    assert 'seawall_gate_key_source_age_seconds{issuer="main"}' in text
    assert "pid=" not in text


def test_refusals_are_counted_for_the_issuer_that_the_token_names(gate: Gate) -> None:
    for token in (gate.issuer.token(exp=1000, iat=900), Issuer(kid="k9").token(iss="https://x.example")):
        assert gate.ask(token).status_code == 401
    text = gate.get("/metrics").text
    assert 'code="expired",issuer="main",outcome="refuse"' in text
    assert 'code="issuer-unknown",issuer="-",outcome="refuse"' in text


def test_labels_stay_few(gate: Gate) -> None:
    for number in range(20):
        gate.ask(gate.issuer.token(iss=f"https://i{number}.example", sub=f"s{number}"), f"/p{number}")
    text = gate.get("/metrics").text
    assert set(re.findall(r'issuer="([^"]*)"', text)) == {"main", "other", "-"}


def test_health_says_nothing_to_strangers(tmp_path: Path) -> None:
    with running(tmp_path, '[gate]\n[gate.metrics]\nallow = ["10.0.0.0/8"]\n') as gate:
        assert gate.get("/healthz").json() == gate.get("/readyz").json() == {"status": "ok"}
        assert gate.get("/metrics").status_code == 404
        assert gate.get("/healthz/live").json() == gate.get("/livez").json() == {"status": "alive"}


def listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def test_it_listens_on_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "g.sock"
    with running(tmp_path, '[gate]\ntrusted_proxies = ["unix"]\n', wait=False, uds=path) as gate:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
            until(lambda: listens(path))
            until(lambda: client.get("http://gate/healthz").status_code == 200)
            headers = {"Authorization": f"Bearer {gate.issuer.token()}", "X-Original-URI": "/"}
            assert client.get("http://gate/verify", headers=headers).status_code == 204
        assert path.stat().st_mode & 0o007 == 0
        assert gate.stop() == 0
    assert not path.exists()


def test_the_log_has_a_line_for_every_decision(gate: Gate) -> None:
    token = gate.issuer.token(jti="one-of-a-kind", aud=[AUDIENCE, "x"])
    assert gate.ask(token).status_code == 204
    assert gate.ask(token, "/admin").status_code == 403
    digest = hashlib.sha256(b"one-of-a-kind").hexdigest()[:32]
    until(lambda: gate.log.read_text("utf-8").count(digest) == 2)
    lines = [line for line in gate.logged().splitlines() if digest in line]
    assert len(lines) == 2
    assert any('"outcome": "accepted"' in line for line in lines)
    assert any('"code": "path-scope"' in line and '"verified": true' in line for line in lines)
