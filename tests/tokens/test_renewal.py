"""A new token needs a grant, a living session and sameness all the way; each thing that is missing has its code."""

from __future__ import annotations

import base64
import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_tokens.jose import base64url
from seawall_tokens.policy.issuer_policy import IssuerPolicy
from seawall_tokens.refusals import Refusal
from seawall_tokens.revocation.entry import Revocation
from seawall_tokens.revocation.snapshot import Revocations
from seawall_tokens.verify.renewal import (
    Binding,
    Grant,
    RenewalRequest,
    Session,
    check_renewal,
    revocation_after_reuse,
)
from tests.tokens.test_sender import policy

ISSUER = "https://issuer.example"
NOW = 10_000.0
BINDING = Binding(jkt="k" * 43)
GRANT = Grant(
    kind="refresh_token",
    issuer=ISSUER,
    tenant="t1",
    client="c1",
    subject="alice",
    session="s1",
    scopes=frozenset({"mail.read", "mail.send"}),
    audiences=frozenset({"api"}),
    binding=BINDING,
    auth_time=9_000.0,
    expires=20_000.0,
)
SESSION = Session(
    identifier="s1",
    issuer=ISSUER,
    tenant="t1",
    subject="alice",
    auth_time=9_000.0,
    alive=True,
    expires=20_000.0,
)
REQUEST = RenewalRequest(
    presented="opaque-refresh-token",
    grant=GRANT,
    session=SESSION,
    issuer=ISSUER,
    tenant="t1",
    client="c1",
    binding=BINDING,
    subject="alice",
    scopes=frozenset({"mail.read"}),
    audiences=frozenset({"api"}),
    auth_time=9_000.0,
)
RULE = policy(max_chain_age=5_000)


def grant(**changes: Any) -> dict[str, Any]:
    return {"grant": dataclasses.replace(GRANT, **changes)}


def session(**changes: Any) -> dict[str, Any]:
    return {"session": dataclasses.replace(SESSION, **changes)}


def code(
    *,
    rule: IssuerPolicy = RULE,
    revoked: Revocations = Revocations.empty,
    now: float = NOW,
    signed: Any = (),
    **changes: Any,
) -> str:
    try:
        check_renewal(dataclasses.replace(REQUEST, **changes), rule, revoked, now, signed_credentials=signed)
    except Refusal as refusal:
        return refusal.code
    return ""


def jws(typ: object = "at+jwt") -> str:
    header = base64url.encode(json.dumps({"alg": "RS256", "typ": typ}).encode())
    return f"{header}.{base64url.encode(b'{}')}.AAAA"


def test_a_proper_renewal_passes() -> None:
    assert code() == ""
    assert code(scopes=GRANT.scopes) == ""
    assert code(**grant(kind="authorization_code")) == ""
    assert code(**grant(binding=Binding()), binding=Binding()) == ""
    assert code(**session(auth_time=9_500.0)) == ""  # a step-up meanwhile


@pytest.mark.parametrize(
    ("demand", "jkt", "certificate", "expected"),
    [
        ("dpop", "k", None, ""),
        ("dpop", None, "c", "renewal-key-mismatch"),
        ("mtls", None, "c", ""),
        ("mtls", "k", None, "renewal-key-mismatch"),
        ("required", "k", None, ""),
        ("required", None, "c", ""),
        ("required", None, None, "renewal-key-mismatch"),
        ("optional", None, None, ""),
    ],
)
def test_the_policy_says_what_a_grant_must_be_bound_to(
    demand: Any, jkt: str | None, certificate: str | None, expected: str
) -> None:
    bound = Binding(jkt=jkt, certificate=certificate)
    assert code(**grant(binding=bound), binding=bound, rule=policy(sender=demand)) == expected


WRAPPINGS: list[Callable[[str], str]] = [
    lambda token: json.dumps(
        dict(zip(("protected", "payload", "signature"), token.split("."), strict=False))
    ),
    lambda token: json.dumps({"payload": token, "signatures": [{"signature": token}]}),
    "Bearer {}".format,
    "bearer\t{}".format,
    "DPoP {}".format,
    "Authorization: Bearer {}".format,
    "Bearer%20{}".format,
    "Bearer Bearer {}".format,
    '"{}"'.format,
    "'{}'".format,
    'Bearer "{}"'.format,
    "%22{}%22".format,
    " {}".format,
    "{}\r\n".format,
    "\ufeff{}".format,
    "\x85{}\xa0".format,
]
"""How a token comes when it is copied from a header, a JSON document or a form: none of them is a secret that a server made."""

CASES: list[tuple[str, dict[str, Any]]] = [
    ("renewal-access-token", {"presented": jws()}),
    ("renewal-access-token", {"presented": jws("JWT")}),
    ("renewal-access-token", {"presented": jws(None)}),
    ("renewal-access-token", {"presented": f" {jws()}"}),
    ("renewal-access-token", {"presented": jws() + ".x.y"}),
    ("renewal-access-token", {"presented": jws().rsplit(".", 1)[0]}),
    *(("renewal-access-token", {"presented": wrap(jws())}) for wrap in WRAPPINGS),
    *(("renewal-access-token", {"presented": wrap("opaque-refresh-token")}) for wrap in WRAPPINGS[2:]),
    *(("renewal-access-token", {"presented": wrap(jws("rt+jwt")), "signed": {"rt+jwt"}}) for wrap in WRAPPINGS),
    ("renewal-access-token", {"presented": "{}"}),
    ("renewal-access-token", {"presented": "[" + jws() + "]"}),
    ("renewal-access-token", {"presented": base64url.encode(b'{"typ":"rt+jwt","typ":"JWT"}') + ".e30.AA", "signed": {"rt+jwt"}}),
    ("renewal-access-token", {"presented": base64.b64encode(b'{"alg":"RS256"}').decode() + ".e30.AA"}),
    ("renewal-access-token", {"presented": base64url.encode(b'\n { "alg" : "dir"}') + "....AA"}),
    ("renewal-access-token", {"presented": jws() + "~disclosure~"}),
    ("renewal-access-token", {"presented": jws("rt+jwt"), "signed": {"other+jwt"}}),
    ("renewal-access-token", {"presented": jws("at+jwt"), "signed": {"rt+jwt"}}),
    ("renewal-access-token", {"signed": {"at+jwt"}}),
    ("renewal-grant-missing", {"presented": ""}),
    ("renewal-grant-missing", {"presented": "x" * 20_000}),
    ("renewal-grant-missing", {"grant": None}),
    ("renewal-grant-kind", grant(kind="client_credentials")),
    ("renewal-grant-kind", grant(kind="access_token")),
    ("renewal-grant-expired", grant(expires=NOW)),
    ("renewal-grant-expired", grant(expires=math.nan)),
    ("renewal-grant-revoked", grant(revoked=True)),
    ("renewal-reused", grant(superseded=True)),
    ("renewal-session-missing", {"session": None}),
    ("renewal-session-missing", session(identifier="s2")),
    ("renewal-session-missing", {**grant(session=""), **session(identifier="")}),
    ("renewal-session-ended", session(alive=False)),
    ("renewal-session-ended", session(expires=NOW)),
    ("renewal-issuer-mismatch", {"issuer": "https://other.example"}),
    ("renewal-issuer-mismatch", grant(issuer="https://other.example")),
    ("renewal-issuer-mismatch", session(issuer="https://other.example")),
    ("renewal-client-mismatch", {"client": "c2"}),
    ("renewal-client-mismatch", {**grant(client=""), "client": ""}),
    ("renewal-key-mismatch", {"binding": Binding()}),
    ("renewal-key-mismatch", {"binding": Binding(jkt="x" * 43)}),
    ("renewal-key-mismatch", {"binding": Binding(jkt="k" * 43, certificate="c" * 43)}),
    ("renewal-key-mismatch", grant(binding=Binding())),
    ("renewal-key-mismatch", {**grant(binding=Binding()), "binding": Binding(), "rule": policy(sender="required")}),
    ("renewal-key-mismatch", {"rule": policy(sender="mtls")}),
    ("renewal-tenant-mismatch", {"tenant": "t2"}),
    ("renewal-tenant-mismatch", {"tenant": None}),
    ("renewal-tenant-mismatch", session(tenant="t2")),
    ("renewal-subject-mismatch", {"subject": "bob"}),
    ("renewal-subject-mismatch", session(subject="bob")),
    ("renewal-scope-wider", {"scopes": frozenset({"mail.read", "admin"})}),
    ("renewal-audience-wider", {"audiences": frozenset({"api", "graph"})}),
    ("renewal-audience-wider", {"audiences": frozenset()}),
    ("renewal-time-malformed", {"auth_time": NOW}),
    ("renewal-time-malformed", {**grant(auth_time=math.nan), "auth_time": math.nan}),
    ("renewal-time-malformed", session(auth_time=8_999.0)),
    ("renewal-time-malformed", {**grant(auth_time=NOW + 61), **session(auth_time=NOW + 61), "auth_time": NOW + 61}),
    ("renewal-chain-too-old", {**grant(auth_time=4_999.0), **session(auth_time=4_999.0), "auth_time": 4_999.0}),
    ("renewal-chain-too-old", {**grant(auth_time=4_999.0), "auth_time": 4_999.0}),
    ("internal", grant(expires=None)),
    ("internal", {"binding": None}),
    ("internal", {"scopes": None}),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "changes"), CASES)
def test_whatever_is_not_right_refuses(expected: str, changes: dict[str, Any]) -> None:
    assert code(**changes) == expected


@pytest.mark.parametrize(
    "presented",
    [
        "tGzv3JOkF0XG5Qx2TlKWIA",
        "1//0gabc-DEF_ghi",
        "0.AXoAabc.AgABAAEAAAD",
        "bearer",
        "dpop-4f1d",
        "ewrt9x.secret",
        "{",
        "a b",
        "rt.x",
    ],
)
def test_an_opaque_credential_stays_opaque(presented: str) -> None:
    """Forms that vendors give out, and some that only begin like something else."""
    assert code(presented=presented) == ("renewal-access-token" if presented == "{" else "")


@given(st.binary(min_size=16, max_size=48), st.text("abcXYZ019-_", min_size=1))
def test_a_random_credential_with_a_dot_is_no_token(secret: bytes, more: str) -> None:
    if not secret.lstrip().startswith(b"{"):
        assert code(presented=f"{base64url.encode(secret)}.{more}") == ""


def test_a_server_may_name_the_type_of_its_signed_refresh_tokens() -> None:
    assert code(presented=jws("rt+jwt"), signed={"rt+jwt"}) == ""
    assert code(presented=jws("application/RT+JWT"), signed={"rt+jwt"}) == ""


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"kind": "session", "issuer": ISSUER, "value": "s1"}, "revoked-session"),
        ({"kind": "subject", "issuer": ISSUER, "value": "alice"}, "revoked-subject"),
        ({"kind": "client", "value": "c1"}, "revoked-client"),
        ({"kind": "issuer", "issuer": ISSUER}, "revoked-issuer"),
        (
            {"kind": "not-before", "issuer": ISSUER, "value": "alice", "not_before": 9_001.0},
            "revoked-not-before",
        ),
        ({"kind": "not-before", "issuer": ISSUER, "not_before": 9_000.0}, ""),
        ({"kind": "session", "issuer": ISSUER, "value": "s2"}, ""),
    ],
)
def test_what_is_revoked_is_not_renewed(entry: dict[str, Any], expected: str) -> None:
    revoked = Revocations.of([Revocation(reason="test", who="tester", at=1.0, **entry)], now=NOW)
    assert code(revoked=revoked) == expected


def test_after_a_reuse_the_session_is_revoked() -> None:
    entry = revocation_after_reuse(GRANT, who="server", now=NOW)
    assert code(revoked=Revocations.of([entry], now=NOW)) == "revoked-session"


def test_the_credential_is_in_no_text() -> None:
    assert "opaque-refresh-token" not in repr(REQUEST)


TEXTS = st.sampled_from(["", "a", "b"])
TIMES = st.sampled_from([math.nan, -1.0, 9_000.0, 9_999.0, 10_000.0, 30_000.0])
SETS = st.frozensets(TEXTS, max_size=2)
BINDINGS = st.builds(Binding, jkt=st.none() | TEXTS, certificate=st.none() | TEXTS)
GRANTS = st.builds(
    Grant, kind=st.sampled_from(["refresh_token", "x"]), issuer=TEXTS, tenant=st.none() | TEXTS, client=TEXTS, subject=TEXTS,
    session=TEXTS, scopes=SETS, audiences=SETS, binding=BINDINGS, auth_time=TIMES, expires=TIMES, revoked=st.booleans(),
    superseded=st.booleans(),
)  # fmt: skip
SESSIONS = st.builds(
    Session, identifier=TEXTS, issuer=TEXTS, tenant=st.none() | TEXTS, subject=TEXTS, auth_time=TIMES, alive=st.booleans(),
    expires=TIMES,
)  # fmt: skip
REQUESTS = st.builds(
    RenewalRequest, presented=TEXTS | st.text(max_size=20), grant=st.none() | GRANTS, session=st.none() | SESSIONS, issuer=TEXTS,
    tenant=st.none() | TEXTS, client=TEXTS, binding=BINDINGS, subject=TEXTS, scopes=SETS, audiences=SETS, auth_time=TIMES,
)  # fmt: skip


@given(REQUESTS)
def test_what_passes_is_the_same_all_the_way(request: RenewalRequest) -> None:
    try:
        check_renewal(request, RULE, Revocations.empty, NOW)
    except Refusal:
        return
    held, live = request.grant, request.session
    assert held is not None
    assert live is not None
    assert live.alive
    assert not held.revoked
    assert not held.superseded
    assert held.issuer == live.issuer == request.issuer
    assert held.tenant == live.tenant == request.tenant
    assert held.subject == live.subject == request.subject
    assert (held.client, held.session, held.binding) == (request.client, live.identifier, request.binding)
    assert request.scopes <= held.scopes
    assert request.audiences <= held.audiences
    assert NOW - RULE.max_chain_age <= held.auth_time == request.auth_time


@given(
    st.one_of(st.none(), st.integers(), st.text(), st.lists(st.integers())),
    st.sampled_from([f.name for f in dataclasses.fields(RenewalRequest)]),
)
def test_nothing_but_refusals_escapes(value: Any, name: str) -> None:
    assert isinstance(code(**{name: value}), str)
