"""Bound tokens at a real gate with two workers: proofs are used once, nonces are shared, certificates come from the proxy."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from joserfc.jwk import ECKey

from tests.gate.gates import Gate, Issuer, b64, running
from tests.tokens.proofs import certificate, proof


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    settings = '[gate]\ncertificate_header = "X-Client-Certificate"\n'
    with running(tmp_path_factory.mktemp("gate"), settings, options=("--workers", "2")) as made:
        yield made


@pytest.fixture(scope="module")
def key() -> ECKey:
    return ECKey.generate_key("P-256")


def bound(gate: Gate, key: ECKey) -> str:
    return gate.issuer.token(cnf={"jkt": key.thumbprint()})


def fresh(key: ECKey, token: str, **claims: Any) -> str:
    said = {"jti": b64(os.urandom(9)), "iat": int(time.time()), "htu": "https://app.example/mail", **claims}
    return proof(key, token, **said)


def ask(gate: Gate, token: str, *proofs: str, scheme: str = "DPoP", uri: str = "/mail") -> httpx.Response:
    headers = [
        ("Authorization", f"{scheme} {token}"), ("X-Original-URI", uri), ("X-Original-Method", "GET"),
        ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "app.example"), *(("DPoP", one) for one in proofs),
    ]  # fmt: skip
    return httpx.get(f"{gate.url}/verify", headers=headers, timeout=60)


def test_a_proof_lets_its_token_through_once_on_any_worker(gate: Gate, key: ECKey) -> None:
    token = bound(gate, key)
    for _ in range(6):
        made = fresh(key, token)
        answers = [ask(gate, token, made) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [204] + [401] * 5
        assert {answer.headers["x-seawall-code"] for answer in answers[1:]} == {"dpop-replayed"}
        assert 'DPoP algs="' in answers[1].headers["www-authenticate"]


def test_a_bound_token_without_its_proof_is_stolen(gate: Gate, key: ECKey) -> None:
    token = bound(gate, key)
    assert ask(gate, token, fresh(key, token)).status_code == 204
    # What was verified moments ago is remembered, and its binding is asked for all the same.
    for answer, code in (
        (gate.ask(token), "sender-downgrade"),
        (ask(gate, token), "dpop-missing"),
        (ask(gate, token, fresh(key, token), fresh(key, token)), None),
        (ask(gate, token, fresh(ECKey.generate_key("P-256"), token)), None),
        (ask(gate, token, fresh(key, token, htu="https://app.example/other")), None),
        (ask(gate, token, fresh(key, token, htu="https://other.example/mail")), None),
        (ask(gate, token, fresh(key, token, htm="POST")), None),
        (ask(gate, token, fresh(key, token, iat=int(time.time()) - 3600)), None),
        (ask(gate, token, fresh(key, gate.issuer.token())), None),
    ):
        assert answer.status_code == 401
        assert code is None or answer.headers["x-seawall-code"] == code


def test_a_key_that_is_not_at_hand_is_looked_for_with_a_proof_too(gate: Gate, key: ECKey) -> None:
    stranger = Issuer(kid="unknown")
    token = stranger.token(cnf={"jkt": key.thumbprint()})
    assert ask(gate, token, fresh(key, token)).headers["x-seawall-code"] == "key-unknown"


def test_a_nonce_of_one_worker_is_good_at_the_other(
    tmp_path_factory: pytest.TempPathFactory, key: ECKey
) -> None:
    folder = tmp_path_factory.mktemp("nonces")
    with running(folder, "[gate]\ndpop_nonces = true\n", options=("--workers", "2")) as gate:
        token = bound(gate, key)
        answer = ask(gate, token, fresh(key, token))
        assert (answer.status_code, answer.headers["x-seawall-code"]) == (401, "dpop-nonce-required")
        assert 'error="use_dpop_nonce"' in answer.headers["www-authenticate"]
        nonce = answer.headers["dpop-nonce"]
        for _ in range(8):
            assert ask(gate, token, fresh(key, token, nonce=nonce)).status_code == 204
        assert ask(gate, token, fresh(key, token, nonce=nonce[:-1])).status_code == 401


def test_a_certificate_that_the_proxy_hands_on_counts(gate: Gate) -> None:
    der, other = certificate(), certificate()
    token = gate.issuer.token(cnf={"x5t#S256": b64(hashlib.sha256(der).digest())})
    pem = load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    for form in (quote(pem), f":{base64.b64encode(der).decode()}:", base64.b64encode(der).decode()):
        assert gate.ask(token, X_Client_Certificate=form).status_code == 204
    for form in ("", base64.b64encode(other).decode(), "x", ":"):
        answer = gate.ask(token, X_Client_Certificate=form)
        assert answer.status_code == 401
        assert answer.headers["x-seawall-code"].startswith("mtls-")
    assert gate.ask(token).headers["x-seawall-code"] == "mtls-missing"


def test_a_certificate_is_read_from_no_other_header(tmp_path_factory: pytest.TempPathFactory) -> None:
    der = certificate()
    with running(tmp_path_factory.mktemp("plain")) as gate:
        token = gate.issuer.token(cnf={"x5t#S256": b64(hashlib.sha256(der).digest())})
        for name in ("X_Client_Certificate", "Client_Cert", "X_Forwarded_Client_Cert", "X_SSL_CERT"):
            answer = gate.ask(token, **{name: base64.b64encode(der).decode()})
            assert answer.headers["x-seawall-code"] == "mtls-missing"
