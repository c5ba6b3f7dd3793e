"""The snippets of docs/how-to/gate.md, in a real nginx, a real Caddy and a real Envoy, before a real gate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from seawall.gate.identity import IDENTITY_HEADERS
from tests.gate import proxies
from tests.gate.gates import Gate, Issuer, running, until
from tests.gate.proxies import Proxy, program, snippet
from tests.gate.test_gate import RULES
from tests.gate.test_revoking import ADMIN, BEARER, TOKEN

Start = Callable[[Path, int], AbstractContextManager[Proxy]]
STARTS: dict[str, Start] = {"nginx": proxies.nginx, "caddy": proxies.caddy, "envoy": proxies.envoy}


def needs(name: str) -> None:
    if program(name) is None:
        pytest.skip(
            f"there is no {name} here (tools/ensure_proxies.sh and the development packages bring it where they can)"
        )


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with running(tmp_path_factory.mktemp("gate"), RULES) as made:
        yield made


@pytest.fixture(scope="module", params=STARTS)
def proxy(
    request: pytest.FixtureRequest, gate: Gate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    needs(request.param)
    with STARTS[request.param](tmp_path_factory.mktemp(request.param), gate.port) as made:
        yield made


def bearer(token: str) -> str:
    return f"Authorization: Bearer {token}"


def test_a_valid_token_reaches_the_application_with_who_it_is(gate: Gate, proxy: Proxy) -> None:
    reply = proxy.send(
        "/mail?id=1", bearer(gate.issuer.token(sub="ann", roles=["reader"])), method="POST", body=b"hello"
    )
    assert reply.status == 200
    got = reply.got()
    assert (got["method"], got["path"], got["body"]) == ("POST", "/mail?id=1", "hello")
    assert reply.header_of_app("x-auth-subject") == ["ann"]
    assert reply.header_of_app("x-auth-issuer") == [gate.issuer.name]
    assert reply.header_of_app("x-auth-scope") == ["read write"]
    assert reply.header_of_app("x-auth-roles") == ["reader"]


def test_without_a_valid_token_nothing_reaches_it(gate: Gate, proxy: Proxy) -> None:
    before = len(proxy.app.seen)
    for headers in (
        (),
        (bearer("x.y.z"),),
        (bearer(gate.issuer.token(aud="other")),),
        (bearer(Issuer().token()),),
    ):
        reply = proxy.send("/mail", *headers)
        assert reply.status == 401
        assert reply.headers["www-authenticate"].startswith("Bearer")
        assert reply.headers["x-seawall-code"]
    assert proxy.send("/admin", bearer(gate.issuer.token())).status == 403
    assert len(proxy.app.seen) == before


@pytest.mark.parametrize("spelling", ["X-Auth-{}", "x-auth-{}", "X_Auth_{}", "X-AUTH_{}", "X_auth-{}"])
@pytest.mark.parametrize("public", [False, True])
def test_a_client_cannot_say_who_it_is(gate: Gate, proxy: Proxy, spelling: str, public: bool) -> None:
    names = [header.name.removeprefix("X-Auth-") for header in IDENTITY_HEADERS]
    lies = [f"{spelling.format(name)}: root" for name in names]
    reply = proxy.send("/assets/a" if public else "/mail", bearer(gate.issuer.token()), *lies)
    if reply.status == 200:
        said = [value for name, value in reply.got()["headers"] if "auth" in name and name != "authorization"]
        assert "root" not in said
    else:
        assert (reply.status, reply.headers["x-seawall-code"]) == (403, "header-ambiguous")


@pytest.mark.parametrize(
    "lies",
    [
        ("X-Original-URI: /assets/a", "X-Original-Method: GET"),
        ("X-Forwarded-Uri: /assets/a", "X-Forwarded-Method: GET"),
        ("X-Original-URI: /assets/a", "X-Forwarded-Uri: /assets/a"),
        ("X_Original_URI: /assets/a",),
        ("X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: other.example", "X-Forwarded-Proto: https"),
        ("X-HTTP-Method-Override: GET",),
    ],
)
def test_a_client_cannot_say_what_it_asks_for(gate: Gate, proxy: Proxy, lies: tuple[str, ...]) -> None:
    assert proxy.send("/mail", *lies).status in {401, 403}
    reply = proxy.send("/admin", bearer(gate.issuer.token()), *lies)
    assert reply.status == 403
    assert reply.headers["x-seawall-code"] in {
        "path-scope",
        "method-override",
        "header-ambiguous",
        "forwarded-conflict",
    }


@pytest.mark.parametrize(
    "path",
    ["/assets/../admin", "/assets/%2e%2e/admin", "/assets/..%2fadmin", "//admin", "/assets//../admin", "/assets/..;/admin",
     "/assets\\..\\admin", "/%61dmin", "/ADMIN", "/admin/", "/admin?x=/assets", "/admin%00", "/./admin",
     "/assets/%252e%252e/admin", "http://app.example/admin", "/admin;x=1", "/admin%20", "/admin.json",
     "/admin./x", "/index.php/admin", "/assets/..%20/admin", "/assets/.../admin", "/%61ssets/../admin"],
)  # fmt: skip
def test_no_spelling_of_a_path_gets_around_its_rule(gate: Gate, proxy: Proxy, path: str) -> None:
    before = len(proxy.app.seen)
    reply = proxy.send(path, bearer(gate.issuer.token()))
    assert reply.status >= 400
    assert len(proxy.app.seen) == before
    assert proxy.send(path).status >= 400
    assert len(proxy.app.seen) == before


def test_two_credentials_are_refused(gate: Gate, proxy: Proxy) -> None:
    before = len(proxy.app.seen)
    reply = proxy.send("/mail", bearer(gate.issuer.token()), bearer(gate.issuer.token()))
    assert reply.status in {400, 401, 403}
    assert len(proxy.app.seen) == before


def test_a_public_path_is_open(proxy: Proxy) -> None:
    reply = proxy.send("/assets/a.css")
    assert reply.status == 200
    assert reply.header_of_app("x-auth-subject") in ([], [""])


def test_step_up_is_asked_for_through_the_proxy(gate: Gate, proxy: Proxy) -> None:
    reply = proxy.send("/secret", bearer(gate.issuer.token()))
    assert reply.status == 401
    assert 'error="insufficient_user_authentication"' in reply.headers["www-authenticate"]
    assert 'acr_values="strong"' in reply.headers["www-authenticate"]


@pytest.mark.parametrize("name", STARTS)
def test_a_gate_that_breaks_or_is_gone_refuses(tmp_path: Path, name: str) -> None:
    needs(name)
    with running(tmp_path / "gate") as gate, STARTS[name](tmp_path / name, gate.port) as proxy:
        token = gate.issuer.token()
        assert proxy.send("/mail", bearer(token)).status == 200
        before = len(proxy.app.seen)
        for path in (tmp_path / "gate").glob("revocations.db*"):
            path.unlink()
        until(lambda: gate.ask(token).status_code != 204)
        assert proxy.send("/mail", bearer(token)).status in {401, 403, 500, 503}
        gate.stop()
        assert proxy.send("/mail", bearer(token)).status in {500, 502, 503, 504}
        assert len(proxy.app.seen) == before


def test_every_identity_header_is_in_every_snippet() -> None:
    for header in IDENTITY_HEADERS:
        assert f"proxy_set_header {header.name} $seawall_" in snippet("nginx")
        variable = header.name.lower().replace("-", "_")
        assert f"$upstream_http_{variable};" in snippet("nginx")
        assert header.name in snippet("caddyfile")
        assert header.name.lower().startswith("x-auth-"), "what the lines for Envoy and Traefik hand on"


@pytest.mark.parametrize("name", STARTS)
def test_no_token_is_in_any_log(tmp_path: Path, name: str) -> None:
    """Whole or in parts, of accepted and refused requests: not in the gate's log or output, not in the proxy's logs."""
    needs(name)
    secrets: list[str] = []

    def token(made: str) -> str:
        secrets.extend([made, *(part for part in made.split(".") if len(part) > 11)])
        return made

    rules = RULES.replace("[gate]\n", '[gate]\nlog = "decisions.log"\n') + ADMIN
    with running(tmp_path / "gate", rules, options=("--workers", "2")) as gate:
        with STARTS[name](tmp_path / name, gate.port) as proxy:
            issuer = gate.issuer
            valid = token(issuer.token())
            header, payload, signature = valid.split(".")
            for presented in (
                valid,
                token(issuer.token(aud="other")),
                token(issuer.token(exp=1000, iat=900)),
                token(issuer.token(iss="https://nobody.example")),
                token(issuer.token(jti=token(issuer.token()), sub=token(issuer.token()))),
                token(issuer.token({"kid": token(issuer.token())})),
                token(Issuer().token()),
                token(f"{header}.{payload}"),
                token(f"{header}.{payload}.{signature}.{signature}"),
                token(f"{header}.{payload}.{signature}="),
                token(f"{payload}.{header}.{signature}"),
            ):
                for path in ("/mail", "/admin", "/secret", "/assets/a", "/a/../b"):
                    proxy.send(path, bearer(presented))
                    proxy.send(path, f"Authorization: DPoP {presented}", f"DPoP: {presented}")
                    proxy.send(path, bearer(presented), bearer(presented))
                    proxy.send(path, f"Authorization: {presented}")
                gate.ask(presented, X_Forwarded_Uri="/other")
                gate.get("/healthz", headers={"Authorization": f"Bearer {presented}"})
                gate.get("/admin/revocations", headers={"Authorization": f"Bearer {presented}"})
                gate.get(f"/admin/revocations/{presented[:300]}")
                httpx.post(
                    f"{gate.url}/events",
                    content=presented,
                    headers={"content-type": "application/secevent+jwt"},
                )
                httpx.post(
                    f"{gate.url}/admin/revocations",
                    headers=BEARER,
                    json={"kind": presented, "reason": presented},
                )
            secrets.append(TOKEN)
            metrics = gate.get("/metrics").text
            files = [*(tmp_path / "gate").glob("*.log"), *proxy.logs]
            time.sleep(0.3)
        gate.stop()
        texts = {path.name: path.read_text("utf-8", "replace") for path in files if path.exists()}
        assert '"outcome": "accepted"' in texts["decisions.log"]
        assert '"outcome": "refused"' in texts["decisions.log"]
        assert sum("/mail" in line for text in texts.values() for line in text.splitlines()) > 40
        for place, text in {**texts, "metrics": metrics}.items():
            assert not [secret for secret in secrets if secret in text], place
            assert not [secret for secret in secrets if secret[:24] in text and len(secret) > 40], place
