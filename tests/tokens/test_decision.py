"""Every decision is one line of JSON that says who and why, and holds no token and no trick."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_tokens.refusals import REFUSALS, Refusal
from seawall_tokens.verify.access_token import verify_access_token
from seawall_tokens.verify.decision import (
    WITHHELD,
    decide,
    harmless,
    log,
    read_unverified,
    split_accepted_line,
)
from tests.tokens.jose import keys
from tests.tokens.minting import NOW, claims, header, policy, token

KEY_THUMBPRINT = "t" * 43


def line_of(text: str | bytes, *, dry_run: bool = False, rule: Any = None) -> dict[str, Any]:
    """Verify and log as a server does; return what was logged."""
    try:
        accepted = verify_access_token(text, policy() if rule is None else rule, NOW)
    except Refusal as refusal:
        said = read_unverified(text)
        decision = decide(refusal, header=said[0], claims=said[1], thumbprint=None, now=NOW, dry_run=dry_run)
    else:
        decision = decide(
            None, header=accepted.header, claims=accepted.claims, thumbprint=accepted.key.thumbprint, now=NOW
        )
    line = decision.line()
    assert "\n" not in line
    assert line.isascii()
    assert line.isprintable()
    found: dict[str, Any] = json.loads(line)
    return found


def test_an_accepted_token() -> None:
    found = line_of(token(claims(tid=...)))
    assert found == {
        "event": "token",
        "at": NOW,
        "outcome": "accepted",
        "code": "",
        "check": None,
        "verified": True,
        "issuer": "https://issuer.example/",
        "kid": "one",
        "key": "good",
        "thumbprint": found["thumbprint"],
        "tenant": None,
        "client": "application",
        "token": found["token"],
    }
    assert re.fullmatch(r"[0-9a-f]{32}", found["token"])
    assert len(found["thumbprint"]) == 43
    assert (
        line_of(token(claims(jti=..., uti="token-1")), rule=policy(required_claims=()))["token"]
        == found["token"]
    )


@pytest.mark.parametrize(
    ("text", "code", "verified", "key"),
    [
        (token(claims(exp=NOW - 100)), "expired", True, "good"),
        (token(claims(aud="https://other.example/")), "audience-wrong", True, "good"),
        (token(claims(), header(typ="JWT")), "type-wrong", True, "good"),
        (token(claims(), key=keys.rsa_key(1)), "signature-invalid", False, "signature-invalid"),
        (token(claims(), header(kid="two")), "key-unknown", False, "key-unknown"),
        (token(claims(iss="https://other.example/")), "issuer-unknown", False, "issuer-unknown"),
        (token(claims(iss=...)), "claim-missing", False, "not looked at"),
        (token(claims(tid=5)), "tenant-malformed", False, "not looked at"),
        (token(claims(), header(jku="https://attacker.example/")), "header-key-url", False, "not looked at"),
        ("no token", "segments-not-three", False, "not looked at"),
        ("", "token-missing", False, "not looked at"),
    ],
)
def test_a_refused_token(text: str, code: str, verified: bool, key: str) -> None:
    found = line_of(text)
    assert (found["outcome"], found["code"], found["verified"], found["key"]) == (
        "refused",
        code,
        verified,
        key,
    )
    assert found["check"] == REFUSALS[code].check
    assert line_of(text, dry_run=True)["outcome"] == "would-refuse"


def test_the_log_is_called_as_a_server_sets_it_up(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="seawall.tokens"):
        for refusal in (None, REFUSALS["expired"]()):
            log(decide(refusal, header=header(), claims=claims(), thumbprint=None, now=NOW))
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
    assert [json.loads(record.getMessage())["outcome"] for record in caplog.records] == [
        "accepted",
        "refused",
    ]


def segments(text: str) -> set[str]:
    return {part for part in text.split(".") if len(part) >= 8}


@pytest.mark.parametrize("head", [{}, {"typ": "JWT"}, {"kid": "two"}, {"crit": ["x"]}])
@pytest.mark.parametrize("change", [{}, {"exp": 5}, {"iss": "https://other.example/"}, {"tid": "x"}])
def test_no_segment_of_the_token_is_logged(caplog: pytest.LogCaptureFixture, head: Any, change: Any) -> None:
    text = token(claims(**change), header(**head))
    logged = json.dumps(line_of(text))
    assert not [part for part in segments(text) if part in logged]


@pytest.mark.parametrize("name", ["iss", "tid", "client_id", "azp", "jti"])
@pytest.mark.parametrize("place", ["whole", "header", "payload", "signature", "wrapped"])
def test_a_token_inside_a_token_is_withheld(name: str, place: str) -> None:
    inner = token()
    head, payload, signature = inner.split(".")
    hidden = {
        "whole": inner,
        "header": head,
        "payload": payload,
        "signature": signature,
        "wrapped": f"see Bearer {inner} there",
    }[place]
    outer = token(claims(**{name: hidden}), header(kid=hidden[:1000]))
    logged = json.dumps(line_of(outer))
    assert not [part for part in segments(inner) | segments(outer) if part in logged]
    assert line_of(outer)["kid"] == WITHHELD


HOSTILE = [
    'x\n{"outcome":"accepted"}',
    "\r\n\x1b[2J",
    "\u202e\u2028\u2029",
    '"}\\',
    "\x00\x7f\x85",
    "é" * 500,
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_cannot_make_another_line(value: str) -> None:
    found = line_of(token(claims(iss=value), header(kid=value[:300])))
    assert found["outcome"] == "refused"
    assert value.startswith(found["issuer"].removesuffix("..."))
    assert len(found["issuer"]) <= 259


@pytest.mark.parametrize("value", [5, True, ["x"], {"a": 1}, 1.5])
def test_what_is_no_text_is_named_by_its_type(value: Any) -> None:
    assert harmless(value) == f"({type(value).__name__})"


@pytest.mark.parametrize(
    "value",
    ["https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", "nOo3ZDrODXEK1jKWhXslHR_KXEg",
     "keys-2026-production-signing", "00000003-0000-0000-c000-000000000000", "t" * 43],
)  # fmt: skip
def test_ordinary_names_are_shown(value: str) -> None:
    assert harmless(value) == value


@given(st.text(max_size=400), st.text(max_size=400))
def test_any_text_is_one_line(issuer: str, kid: str) -> None:
    decision = decide(
        REFUSALS["expired"](),
        header={"kid": kid},
        claims={"iss": issuer, "jti": issuer},
        thumbprint=kid,
        now=NOW,
    )
    assert decision.line().isascii()
    assert decision.line().isprintable()
    assert json.loads(decision.line())["code"] == "expired"


@given(st.text(max_size=80) | st.binary(max_size=80))
def test_reading_for_the_log_never_raises(text: str | bytes) -> None:
    assert read_unverified(text) == ({}, {}) or isinstance(read_unverified(text)[0], dict)


def test_nobody_gets_lines_that_did_not_ask_for_them() -> None:
    """A library that writes to its user's stderr unasked is silenced as a whole, and then logs nothing anywhere."""
    program = (
        "from seawall_tokens.verify.decision import decide, log; from seawall_tokens.refusals.claims import Expired; "
        "log(decide(Expired(), header={}, claims={}, thumbprint=None, now=1.0))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_the_thumbprint_of_a_key_is_shown_even_where_it_looks_like_the_beginning_of_a_token() -> None:
    thumbprint = "AtMQeW2fMgC5WSU-hiVGRRrH5ejgeyIXpAe2rd8YN54"
    assert harmless(thumbprint) == WITHHELD
    decision = decide(None, header={}, claims={}, thumbprint=thumbprint, now=0.0)
    assert decision.thumbprint == thumbprint


@given(
    st.dictionaries(
        st.sampled_from(["iss", "tid", "client_id", "azp", "cid", "jti", "uti", "sub"]),
        st.text(max_size=300) | st.integers() | st.none() | st.just('"at": 0.0') | st.just('"token": null}'),
    ),
    st.text(max_size=20) | st.none(),
    st.sampled_from(["t" * 43, 'a"b', None]),
)
def test_a_line_in_parts_is_the_whole_line(
    values: dict[str, Any], kid: str | None, thumbprint: str | None
) -> None:
    before, after = split_accepted_line({"kid": kid}, values, thumbprint)
    line = decide(None, header={"kid": kid}, claims=values, thumbprint=thumbprint, now=1234.5678).line()
    assert f"{before}1234.568{after}" == line
