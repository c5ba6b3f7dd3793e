"""Anything may be sent: the gate answers as its OpenAPI document says, refuses what is no valid request, and stays well."""

from __future__ import annotations

import json
import re
import socket
import warnings
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.gate.openapi import OPENAPI
from seawall.gate.step_up.endpoints import WORK
from tests.gate.gates import AUDIENCE, Gate, Issuer, b64, running
from tests.gate.test_gate import RULES
from tests.gate.test_revoking import ADMIN, BEARER, SIGNALS, TRANSMITTER
from tests.operations import list_operations, send_cases
from tests.thoroughness import examples

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

ORIGIN = "https://app.example"
STEP_UP = '[gate.step_up]\nenabled = true\nrelying_party = "app.example"\n'
PROXY = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example"}

schemathesis.serializer.alias("application/secevent+jwt", "text/plain")
SCHEMA = schemathesis.openapi.from_dict(OPENAPI)
ANSWERS = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
FUZZ = settings(
    max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck), database=None
)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    folder = tmp_path_factory.mktemp("gate")
    (folder / "signals.json").write_text(json.dumps(Issuer(TRANSMITTER, "s1").jwks()), "utf-8")
    with running(folder, RULES + ADMIN + SIGNALS) as made:
        yield made
        assert made.get("/healthz").json()["faults"] == []
        made.stop()
        log = made.logged()
        assert "Traceback" not in log
        assert "unexpected" not in log
        assert "gate-broken" not in log


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """A gate with every part switched on."""
    folder = tmp_path_factory.mktemp("documented")
    (folder / "signals.json").write_text(json.dumps(Issuer(TRANSMITTER, "s1").jwks()), "utf-8")
    rules = RULES.replace("[gate]\n", f'[gate]\nopenapi = true\norigins = ["{ORIGIN}"]\n')
    with running(folder, rules + ADMIN + SIGNALS + STEP_UP) as made:
        yield made
        made.stop()
        assert "unexpected" not in made.logged()


@pytest.mark.parametrize(("method", "path"), list_operations(OPENAPI))
def test_it_answers_as_its_document_says(method: str, path: str, documented: Gate) -> None:
    def check(case: Any) -> None:
        headers = {"Authorization": f"Bearer {documented.issuer.token()}", **PROXY}
        if case.path.startswith("/admin"):
            headers = BEARER
        elif case.path.startswith("/step-up"):
            headers["Origin"] = ORIGIN
        answer = case.call(base_url=documented.url, headers=headers, timeout=20)
        case.validate_response(
            answer, checks=[not_a_server_error, status_code_conformance, response_schema_conformance]
        )

    send_cases(SCHEMA, method, path, check, ANSWERS)


def test_the_document_is_served_when_asked_for(documented: Gate, gate: Gate) -> None:
    assert documented.get("/openapi.json").json() == OPENAPI
    # What a client may try beside it exists neither.
    for path in (
        "/docs",
        "/admin",
        "/verifyx",
        "/step-up",
        "/step-up/",
        "/.git",
        "/healthz/x",
        "/openapi.json",
    ):
        assert gate.get(path).status_code == 404


def test_the_document_names_every_endpoint() -> None:
    assert {f"/step-up/{name}" for name in WORK} | {"/step-up/"} == {
        path for path in OPENAPI["paths"] if path.startswith("/step-up/")
    }


NAMES = st.sampled_from(
    ["Host", "Authorization", "DPoP", "X-Original-URI", "X-Original-Method", "X-Forwarded-Uri", "X-Forwarded-Method",
     "X-Forwarded-Proto", "X-Forwarded-Host", "X_Auth_Subject", "X-Auth-Subject", "Cookie", "Transfer-Encoding",
     "Content-Length", "Expect", "Connection", "Upgrade", "Content-Type", "X-HTTP-Method-Override"]
)  # fmt: skip
VALUES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"Bearer ", b"Bearer a.b.c", b"Bearer " + b"a" * 20000, b"DPoP x", b"/mail", b"/admin", b"/../x", b"\x00", b"\xff" * 9,
         b"GET", b"https", b"app.example", b"chunked", b"5", b"-1", b"18446744073709551616", b"100-continue", b"a, b", b""]
    ),
)  # fmt: skip


def sent(port: int, head: bytes) -> bytes:
    """Everything that comes back; a gate that neither answers nor closes fails the test by its time."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        received = b""
        try:
            connection.sendall(head)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                received += part
        except TimeoutError:
            raise
        except OSError:
            pass  # it may close before everything was sent, but it must not hang
        return received


@FUZZ
@given(
    st.lists(st.tuples(NAMES, VALUES), max_size=8),
    st.sampled_from([b"GET", b"POST", b"HEAD", b"g", b"\x01"]),
    st.binary(max_size=20),
)
def test_no_headers_get_through_without_a_token(
    gate: Gate, headers: list[tuple[str, bytes]], method: bytes, rest: bytes
) -> None:
    lines = [method + b" /verify" + (b"/" + rest if rest[:1] == b"a" else b"") + b" HTTP/1.1", b"Host: app"]
    lines += [name.encode() + b": " + value for name, value in headers]
    received = sent(gate.port, b"\r\n".join([*lines, b"", b""]))
    for status in re.findall(rb"^HTTP/1\.1 (\d{3})", received, re.MULTILINE):
        assert 400 <= int(status) < 500 or int(status) == 100
    # Only a path that is public is open without a token.
    if b" 204 " in received:
        assert any(b"/assets" in value for _, value in headers)


@FUZZ
@given(st.binary(max_size=300))
def test_no_octets_get_through(gate: Gate, octets: bytes) -> None:
    for status in re.findall(rb"^HTTP/1\.\d (\d{3})", sent(gate.port, octets), re.MULTILINE):
        assert 400 <= int(status) < 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
CLAIMS = st.dictionaries(
    st.sampled_from(
        [
            "iss",
            "aud",
            "sub",
            "exp",
            "iat",
            "nbf",
            "jti",
            "client_id",
            "cnf",
            "acr",
            "amr",
            "auth_time",
            "scope",
            "tid",
            "roles",
        ]
    ),
    JSON,
    min_size=1,
    max_size=4,
)


@FUZZ
@given(claims=CLAIMS)
def test_claims_of_any_kind_are_answered(gate: Gate, claims: dict[str, Any]) -> None:
    """Also such that the issuer itself signed."""
    answer = gate.ask(gate.issuer.token(**claims))
    assert answer.status_code in {204, 401, 403}
    if answer.status_code == 204:
        assert claims.get("aud", AUDIENCE) == AUDIENCE or AUDIENCE in claims["aud"]


@FUZZ
@given(
    st.lists(st.binary(max_size=30), max_size=5),
    st.sampled_from([".", "..", "", "~", "="]),
    st.integers(min_value=0, max_value=3),
)
def test_tokens_of_any_kind_are_refused(gate: Gate, parts: list[bytes], between: str, cut: int) -> None:
    token = between.join(b64(part) for part in parts)[cut:]
    answer = gate.ask(token or "x")
    assert answer.status_code == 401
    assert answer.headers["x-seawall-code"]


@FUZZ
@given(place=st.integers(min_value=0, max_value=800), bit=st.integers(min_value=0, max_value=6))
def test_no_changed_token_gets_through(gate: Gate, place: int, bit: int) -> None:
    token = gate.issuer.token()
    place %= len(token)
    changed = token[:place] + chr(ord(token[place]) ^ (1 << bit)) + token[place + 1 :]
    try:
        answer = gate.ask(changed)
    except httpx.LocalProtocolError:
        return
    assert answer.status_code in {400, 401}


def test_a_slow_head_and_a_slow_body_are_cut_off(gate: Gate) -> None:
    for head in (
        b"GET /verify HTTP/1.1\r\nHost: a\r\n",
        b"POST /events HTTP/1.1\r\nHost: a\r\nContent-Type: application/secevent+jwt\r\nContent-Length: 50\r\n\r\nx",
    ):
        with socket.create_connection(("127.0.0.1", gate.port), timeout=15) as connection:
            connection.sendall(head)
            received = connection.recv(65536)
            assert received == b"" or received.split(b" ")[1] in {b"408", b"400"}
    assert gate.ask(gate.issuer.token()).status_code == 204


def test_a_head_that_is_too_long_is_refused(gate: Gate) -> None:
    received = sent(
        gate.port, b"GET /verify HTTP/1.1\r\nHost: a\r\n" + b"X-Filler: " + b"a" * 100_000 + b"\r\n\r\n"
    )
    assert received == b"" or int(received.split(b" ")[1]) in {400, 413, 431}
    many = b"".join(b"X-%d: a\r\n" % number for number in range(3000))
    received = sent(gate.port, b"GET /verify HTTP/1.1\r\nHost: a\r\n" + many + b"\r\n")
    assert received == b"" or int(received.split(b" ")[1]) in {400, 413, 431}
