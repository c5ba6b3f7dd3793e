"""What a client says about the connection must not change what reaches the application.

A proxy drops every header that `Connection` names, and some proxies do so after the gate has set it: without
`X-Auth-Tenant` an application may take its own default.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from seawall.gate import refusals
from seawall.gate.identity import IDENTITY_HEADERS
from tests.gate.gates import Gate, running
from tests.gate.proxies import Proxy
from tests.gate.test_gate import RULES
from tests.gate.test_original_request import NGINX, read
from tests.gate.test_proxies import STARTS, bearer, needs

NAMES = [header.name for header in IDENTITY_HEADERS]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connection", "X-Auth-Tenant"),
        ("connection", "close, X-Auth-Tenant"),
        ("connection", "close , \tx-AUTH-tenant ,"),
        ("connection", "authorization"),
        ("connection", "x-forwarded-for"),
        ("connection", "cookie"),
        ("connection", "anything"),
        ("trailer", "X-Auth-Tenant"),
        ("trailer", "expires, x_auth_tenant"),
        ("trailer", "Authorization"),
        ("trailer", "Content-Length"),
        ("upgrade", "h2c"),
        ("upgrade", "websocket, h2c"),
        ("upgrade", "TLS/1.0"),
    ],
)
def test_the_gate_refuses_what_it_sees(name: str, value: str) -> None:
    for pairs in ([(name, value)], [("connection", "close"), (name, value)]):
        with pytest.raises(refusals.HeaderHopByHop) as refused:
            read([*pairs, *NGINX.items()])
        assert refused.value.detail.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connection", ""),
        ("connection", "close"),
        ("connection", "Keep-Alive, Upgrade"),
        ("connection", "Upgrade, HTTP2-Settings"),
        ("connection", "TE, close"),
        ("trailer", "Expires, Server-Timing"),
        ("upgrade", "WebSocket"),
        ("te", "trailers"),
    ],
)
def test_ordinary_connections_are_left_alone(name: str, value: str) -> None:
    assert read({**NGINX, name: value}).path == "/mail"


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


def full_token(gate: Gate) -> str:
    """A token that gives every identity header a value."""
    return gate.issuer.token(tid="t1", oid="o1", roles=["reader"], acr="mfa", amr=["pwd"])


@pytest.mark.parametrize("name", NAMES)
def test_a_client_cannot_have_an_identity_header_dropped(gate: Gate, proxy: Proxy, name: str) -> None:
    """Caddy dropped ten of the eleven headers after the gate had set them."""
    token = bearer(full_token(gate))
    whole = proxy.send("/mail", token)
    assert [value for value in whole.header_of_app(name.lower()) if value]
    for connection, *headers in (
        (f"close, {name}",),
        (f"close ,\t{name.swapcase()} ,",),
        ("close", f"Connection: {name}"),
        (f"{name}, close", f"Connection: {name.lower()}, close"),
        ("close", f"connection:{name}", f"Proxy-Connection: {name}", f"Keep-Alive: {name}", f"TE: {name}"),
    ):
        reply = proxy.send("/mail", token, *headers, connection=connection)
        if reply.status == 200:
            assert reply.header_of_app(name.lower()) == whole.header_of_app(name.lower())
        else:
            assert reply.status in {400, 403}


def test_a_client_cannot_hide_what_the_gate_reads(gate: Gate, proxy: Proxy) -> None:
    """Naming the headers of the question itself leads to no more than naming none."""
    for name in (
        "X-Forwarded-Uri",
        "X-Forwarded-Method",
        "X-Original-URI",
        "Host",
        "X-HTTP-Method-Override",
        "X-Original-URL",
    ):
        lies = ("X-HTTP-Method-Override: DELETE", "X-Original-URL: /admin", "X-Forwarded-Uri: /assets/a")
        assert proxy.send("/admin", *lies, connection=f"close, {name}").status in {400, 401, 403}
        reply = proxy.send("/admin", bearer(gate.issuer.token()), *lies, connection=f"close, {name}")
        assert reply.status in {400, 403}


def test_no_trailer_stands_for_an_identity_header(gate: Gate, proxy: Proxy) -> None:
    body = b"2\r\nhi\r\n0\r\nX-Auth-Tenant: evil\r\nX-Auth-Subject: root\r\n\r\n"
    for announced in ((), ("Trailer: X-Auth-Tenant, X-Auth-Subject",)):
        headers = (bearer(full_token(gate)), "Transfer-Encoding: chunked", *announced)
        before = len(proxy.app.seen)
        reply = proxy.send("/mail", *headers, method="POST", body=body)
        assert reply.status in {200, 400, 403}
        assert b"evil" not in reply.body
        for got in proxy.app.seen[before:]:
            assert dict(got["headers"])["x-auth-tenant"] == "t1"
            assert "root" not in str(got)


@pytest.mark.parametrize("protocol", ["h2c", "H2C", "h2c, websocket", "TLS/1.0, HTTP/1.1", "websocket, h2c"])
def test_no_upgrade_opens_a_tunnel_past_the_gate(gate: Gate, proxy: Proxy, protocol: str) -> None:
    """An application that agrees to `h2c` would take further requests, with any identity, that no proxy looks at."""
    before = len(proxy.app.tunnelled)
    lines = [
        "GET /assets/a HTTP/1.1",
        "Host: app.example",
        "Connection: Upgrade, HTTP2-Settings",
        f"Upgrade: {protocol}",
    ]
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as channel:
        channel.sendall("\r\n".join([*lines, "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "", ""]).encode())
        status = channel.recv(65536).split(b" ")[1]
        with suppress(OSError):  # Envoy closes at once
            channel.sendall(
                b"GET /admin HTTP/1.1\r\nHost: app.example\r\nX-Auth-Subject: root\r\nConnection: close\r\n\r\n"
            )
            channel.shutdown(socket.SHUT_WR)
            while channel.recv(65536):
                pass
    assert status in {b"200", b"400", b"403"}
    assert len(proxy.app.tunnelled) == before
    assert not [got for got in proxy.app.seen if ("x-auth-subject", "root") in got["headers"]]
