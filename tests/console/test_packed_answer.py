"""Answers are compressed for who accepts it, and never beside a secret."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response, StreamingResponse

from seawall.console.context import ConsoleSettings
from seawall.console.endpoint import JSON
from seawall.console.packed_answer import LEAST_BYTES, pack_response
from tests.console.filled import filled

LONG = b"incident " * LEAST_BYTES


def packed(
    content: bytes, path: str = "/api/incidents", accepted: str = "gzip, br", **headers: str
) -> Response:
    return pack_response(Response(content, 200, {"content-type": JSON, **headers}), path, accepted)


@given(st.binary(max_size=4 * LEAST_BYTES))
def test_what_is_sent_is_what_was_said(content: bytes) -> None:
    sent = packed(content)
    is_packed = sent.headers.get("content-encoding") == "gzip"
    body = bytes(sent.body)
    assert is_packed is (len(content) >= LEAST_BYTES)
    assert (gzip.decompress(body) if is_packed else body) == content
    assert int(sent.headers["content-length"]) == len(body)
    assert sent.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [
        ("gzip", True),
        ("br;q=1, GZIP;q=0.5", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("xgzip", False),
    ],
)
def test_only_who_accepts_it_gets_it(accepted: str, is_packed: bool) -> None:
    assert ("content-encoding" in packed(LONG, accepted=accepted).headers) is is_packed


def test_a_secret_and_other_media_are_never_compressed() -> None:
    assert bytes(packed(LONG, "/api/session").body) == LONG
    text = Response(LONG, 200, {"content-type": "text/csv"})
    assert pack_response(text, "/api/incidents.csv", "gzip") is text
    stream = StreamingResponse(iter([LONG]), 200, {"content-type": JSON})
    assert pack_response(stream, "/api/incidents", "gzip") is stream


def test_other_headers_stay() -> None:
    plain = Response(LONG, 200, {"content-type": JSON, "etag": '"x"'})
    plain.set_cookie("one", "1")
    plain.set_cookie("two", "2")
    sent = pack_response(plain, "/api/incidents", "gzip")
    assert len(sent.headers.getlist("set-cookie")) == 2
    assert sent.headers.getlist("content-encoding") == ["gzip"]
    assert len(sent.headers.getlist("content-length")) == 1
    assert sent.headers["etag"] == '"x"'
    assert sent.headers["content-type"] == JSON


def test_the_server_compresses(tmp_path: Path) -> None:
    with filled(tmp_path, ConsoleSettings()) as made:
        browser = made.browser()
        answer = browser.get("/api/incidents?queue=all")
        plain = browser.get("/api/incidents?queue=all", headers={"accept-encoding": "identity"})
        assert answer.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert answer.json() == plain.json()
        assert "content-encoding" not in browser.get("/api/session").headers
