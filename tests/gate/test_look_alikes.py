"""Header names that an application takes for another one: never handed on, whatever the path.

CGI and what descends from it (PHP, WSGI, Rack) fold header names into variables. PHP takes `.` and blanks for `_`, WSGI and
Rack take `-` for `_`, older Apache and lighttpd take every character but letters and digits for `_`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.gate import refusals
from seawall.gate.identity import IDENTITY_HEADERS
from seawall.gate.original_request import read_request
from seawall.gate.settings import GateSettings
from tests.gate import php, proxies
from tests.gate.gates import Gate, running
from tests.gate.proxies import Proxy
from tests.gate.test_gate import RULES
from tests.gate.test_original_request import CADDY, NGINX, read, scope
from tests.gate.test_proxies import bearer, needs

SEPARATORS = "!#$%&'*+.^_`|~"
"""Every character but letters, digits and `-` that a header's name may hold (RFC 9110 section 5.6.2)."""

NAMES = [header.name for header in IDENTITY_HEADERS]


@pytest.mark.parametrize(
    "name",
    [
        "x.auth.subject", "x-auth.subject", "x.auth-subject", "x~auth-subject", "x-auth-subject ", "_x-auth-subject", "x_auth_x",
        "x-auth-subject_", "x--auth-subject", "x[auth_subject", "x auth subject",
        "x.original.uri", "x.original.url", "x-rewrite.url", "x.forwarded.for", "x_forwarded_proto", "x.real.ip",
        "authorization.", "content.length", "content_length", "transfer.encoding", "transfer_encoding", "_host", "dpop.",
        "cookie_",
    ],
)  # fmt: skip
def test_a_look_alike_is_refused(name: str) -> None:
    """A client sent `X.Auth.Subject` through Caddy to PHP, which read it as the gate's `X-Auth-Subject`."""
    with pytest.raises(refusals.HeaderAmbiguous) as refused:
        read({**NGINX, name: "root"})
    assert refused.value.detail == name


@pytest.mark.parametrize(
    "name", ["x.http.method.override", "x_http.method", "x-method.override", "x-http-method-override_"]
)
def test_a_look_alike_of_a_method_override_is_one(name: str) -> None:
    assert read({**NGINX, name: "DELETE"}).overridden


def test_a_look_alike_of_the_certificate_is_refused() -> None:
    settings = GateSettings(certificate_header="X-Client-Certificate")
    for name in ("x.client.certificate", "x-client_certificate", "x~client~certificate"):
        with pytest.raises(refusals.HeaderAmbiguous):
            read({**NGINX, name: "x"}, settings=settings)


def test_two_spellings_of_one_name_are_refused() -> None:
    """Which of the two an application sees depends on their order, which Caddy changes with every request."""
    for second in ("x_tenant", "x.tenant"):
        with pytest.raises(refusals.HeaderAmbiguous):
            read([*NGINX.items(), ("x-tenant", "a"), (second, "b")])
    with pytest.raises(refusals.HeaderAmbiguous):
        read([*NGINX.items(), ("x_tenant", "a"), ("x.tenant", "b")])
    assert read([*NGINX.items(), ("x_tenant", "a"), ("x_colour", "b"), ("api_key", "c")]).path == "/mail"


def test_ordinary_names_are_left_alone() -> None:
    names = (
        "x-authorization",
        "x-authenticated-by",
        "xauth",
        "sec-ch-ua",
        "api_key",
        "user.name",
        "x-request-id",
    )
    pairs = [*CADDY.items(), *((name, "x") for name in names), ("accept", "a"), ("accept", "b")]
    assert read(pairs).path == "/mail"
    assert read({**CADDY, "x_authorization": "x"}).path == "/mail"


LETTERS = st.sampled_from("-" + SEPARATORS + " []\xa0")


@st.composite
def spellings(draw: Any) -> str:
    """One of the gate's names, with any character between its words and in any case."""
    name = draw(
        st.sampled_from(
            [*NAMES, "X-Original-URI", "X-Forwarded-Uri", "X-Forwarded-Host", "X-Client-Certificate"]
        )
    )
    words = name.split("-")
    text = (
        words[0] + "".join(draw(LETTERS) + word for word in words[1:]) + draw(st.one_of(st.just(""), LETTERS))
    )
    return str(draw(st.sampled_from([text.lower(), text.upper(), text])))


@given(spellings(), st.booleans())
def test_no_spelling_gets_through(name: str, first: bool) -> None:
    """Either it is the gate's own name, which the proxy overwrites, or the request is refused."""
    pairs = [(name, "root"), *NGINX.items()] if first else [*NGINX.items(), (name, "root")]
    try:
        read_request(scope(pairs), GateSettings(certificate_header="X-Client-Certificate"))
    except refusals.GateRefusal:
        return
    assert name.lower() in {*(known.lower() for known in NAMES), "x-forwarded-host", "x-client-certificate"}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with running(tmp_path_factory.mktemp("gate"), RULES) as made:
        yield made


@pytest.fixture(scope="module", params=["caddy", "nginx", "lax-nginx"])
def before_php(
    request: pytest.FixtureRequest, gate: Gate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """A proxy with the page's lines before a real PHP. The lax nginx lets names through that nginx drops unless told."""
    kind = request.param
    needs("caddy" if kind == "caddy" else "nginx")
    php.program()
    folder = tmp_path_factory.mktemp(kind)
    with php.running(folder / "php") as running_php:
        if kind == "caddy":
            lines = f"root * {running_php.root}\n\t\tphp_fastcgi unix/{running_php.socket}"
            with proxies.caddy(folder, gate.port, replaced={"reverse_proxy 127.0.0.1:3000": lines}) as proxy:
                yield proxy
            return
        parameters = "".join(
            f"fastcgi_param HTTP_{name.upper().replace('-', '_')} $seawall_{name.split('-')[2].lower()};"
            for name in NAMES
        )
        page = f"{running_php.root}/index.php"
        lines = (
            f"fastcgi_pass unix:{running_php.socket}; fastcgi_param SCRIPT_FILENAME {page}; "
            f"fastcgi_param REQUEST_METHOD $request_method; {parameters}"
        )
        changes = {"proxy_pass http://127.0.0.1:3000;": lines}
        if kind == "lax-nginx":
            changes["ignore_invalid_headers on;"] = "ignore_invalid_headers off;"
            changes["underscores_in_headers off;"] = "underscores_in_headers on;"
        with proxies.nginx(folder, gate.port, replaced=changes) as proxy:
            yield proxy


@pytest.mark.parametrize("public", [False, True], ids=["token", "public"])
@pytest.mark.parametrize("separator", [*SEPARATORS, "-"])
def test_php_never_sees_a_forged_identity(
    gate: Gate, before_php: Proxy, separator: str, public: bool
) -> None:
    """Real PHP takes `X.Auth.Subject` for `X-Auth-Subject`, also on a public path. Ten times, as Caddy's order changes."""
    path, token = ("/assets/a", ()) if public else ("/mail", (bearer(gate.issuer.token()),))
    for first, second in ((separator, separator), ("-", separator), (separator, "-")):
        lies = [f"X{first}Auth{second}{name.removeprefix('X-Auth-')}: root" for name in NAMES]
        for _ in range(10 if separator == "." else 2):
            reply = before_php.send(path, *token, *lies)
            if reply.status == 200:
                said = php.identity_of(reply)
                assert len(said) >= len(NAMES)
                assert said["HTTP_X_AUTH_SUBJECT"] == ("" if public else "ann")
                assert "root" not in said.values()
            else:
                assert (reply.status, reply.headers["x-seawall-code"]) == (403, "header-ambiguous")


def test_php_never_sees_a_method_that_the_rules_did_not(gate: Gate, before_php: Proxy) -> None:
    for name in ("X.HTTP.Method.Override", "X_HTTP_Method_Override", "X-HTTP.Method_Override"):
        reply = before_php.send("/mail/settings", bearer(gate.issuer.token()), f"{name}: DELETE")
        assert reply.status in {200, 403}
        assert b"DELETE" not in reply.body
