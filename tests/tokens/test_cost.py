"""No token, however it is made, takes long to refuse: nothing in its way is worse than linear."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from seawall_tokens import verify_access_token, verify_jws
from seawall_tokens.refusals import Refusal
from tests.tokens.jose import keys
from tests.tokens.minting import NOW, header, policy

LONGEST = 11_900
"""Octets of payload that fit into the longest token."""


def unsigned(payload: bytes, head: bytes | None = None) -> str:
    first = json.dumps(header()).encode() if head is None else head
    return f"{keys.text(first)}.{keys.text(payload)}.{'A' * 342}"


def said(**claims: Any) -> bytes:
    return json.dumps({"iss": "https://nobody.example/"} | claims).encode()


HOSTILE = {
    "an issuer of runs that nearly look like a key": unsigned(said(iss=("a" * 79 + " ") * 145)),
    "names of such runs": unsigned(said(tid=("a" * 79 + " ") * 70, client_id=("b" * 79 + " ") * 70)),
    "beginnings of tokens": unsigned(said(iss="eyA" * 3900)),
    "deep": unsigned(b"[" * LONGEST),
    "deep objects": unsigned(b'{"a":' * 2300),
    "wide": unsigned(b"[" + b"[]," * 3900 + b"[]]"),
    "wide objects": unsigned(b'{"a":[' + b"{}," * 3900 + b"{}]}"),
    "escapes": unsigned(b'{"a":"' + b"\\u0041" * 1900 + b'"}'),
    "one member again and again": unsigned(b"{" + b'"a":1,' * 1600 + b'"a":1}'),
    "many members": unsigned(json.dumps({f"k{n}": n for n in range(900)}).encode()),
    "a long integer": unsigned(b'{"a":' + b"9" * LONGEST + b"}"),
    "a long fraction": unsigned(b'{"a":0.' + b"9" * LONGEST + b"}"),
    "a long exponent": unsigned(b'{"a":1e' + b"9" * LONGEST + b"}"),
    "nearly long integers": unsigned(b'{"a":"' + (b"1" * 18 + b"x") * 600 + b'"}'),
    "a text without an end": unsigned(b'"\\' * 5900),
    "dots": "." * 16_000,
    "a header of one member again and again": unsigned(b"{}", b"{" + b'"a":1,' * 400 + b'"a":1}'),
    "a deep header": unsigned(b"{}", b"[" * 3000),
}


def spent(call: Any) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.thread_time()
        with pytest.raises(Refusal):
            call()
        best = min(best, time.thread_time() - started)
    return best


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_is_refused_at_once(name: str) -> None:
    rules = policy()
    assert spent(lambda: verify_access_token(HOSTILE[name], rules, NOW)) < 0.02, (
        "1.2 ms at most on a quiet machine"
    )


def test_a_long_jws_is_refused_in_linear_time() -> None:
    jwk = keys.jwk(keys.rsa_key())
    for text in (f"{'A' * 4000}.{'A' * 1_000_000}.AA", "." * (1 << 20), unsigned(b"[" * 700_000)):
        assert spent(lambda text=text: verify_jws(text, jwk)) < 0.1, "3 ms at most on a quiet machine"
