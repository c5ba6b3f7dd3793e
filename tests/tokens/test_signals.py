"""Event tokens are believed from who may send them, mean what CAEP and RISC say, and count once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_tokens.policy.issuer_policy import ABSENT_TYPE, ANY_TENANT, IssuerPolicy
from seawall_tokens.refusals.signing_key import KeySourceUnavailable
from seawall_tokens.revocation.entry import Revocation
from seawall_tokens.revocation.snapshot import Revocations
from seawall_tokens.revocation.store import RevocationStore
from seawall_tokens.signals.effects import CAEP, EFFECTS, RISC, STREAM, SignalEffects, interpret_event_token
from seawall_tokens.signals.event_token import SignalRefused, Transmitter, Transmitters, transmitter_policy
from seawall_tokens.signals.subjects import subjects_of
from tests.tokens.jose import keys
from tests.tokens.minting import NOW, rsa_source, token
from tests.tokens.test_revocations import outcome

SENDER = "https://signals.example"
ISSUER = "https://issuer.example/"
SECOND = "https://second.example/"
RECEIVER = "https://gate.example/events"
SUBJECT = {"format": "iss_sub", "iss": ISSUER, "sub": "alice"}


def transmitter(**changes: Any) -> Transmitter:
    policy: dict[str, Any] = {
        "name": "signals",
        "issuer": SENDER,
        "audiences": [RECEIVER],
        "keys": rsa_source(),
    }
    rest = {name: changes.pop(name) for name in list(changes) if name not in policy and name != "token_types"}
    return Transmitter(
        policy=transmitter_policy(**(policy | changes)), **{"speaks_for": (ISSUER, SECOND), **rest}
    )


LISTENING = Transmitters([transmitter(may_lift=True)])


def event(uri: str, subject: object = SUBJECT, **members: Any) -> dict[str, Any]:
    return {uri: {"event_timestamp": NOW - 100, **members}, "sub_id": subject}


def said(happened: dict[str, Any], **changes: Any) -> dict[str, Any]:
    events = {uri: members for uri, members in happened.items() if uri != "sub_id"}
    claims = {"iss": SENDER, "aud": RECEIVER, "jti": "event-1", "iat": NOW - 5, "events": events}
    if "sub_id" in happened:
        claims["sub_id"] = happened["sub_id"]
    return {name: value for name, value in (claims | changes).items() if value is not ...}


def signed(claims: Any, head: dict[str, Any] | None = None, **more: Any) -> str:
    members = {"alg": "RS256", "kid": "one", "typ": "secevent+jwt"} | (head or {})
    return token(claims, {name: value for name, value in members.items() if value is not ...}, **more)


def received(claims: dict[str, Any], listening: Transmitters = LISTENING, **more: Any) -> SignalEffects:
    return interpret_event_token(listening.read(signed(claims), NOW), NOW, **more)


def refused(text: str | bytes, listening: Transmitters = LISTENING, **more: Any) -> str:
    with pytest.raises(SignalRefused) as caught:
        interpret_event_token(listening.read(text, NOW, **more), NOW)
    assert not caught.value.temporary
    assert caught.value.err in str(caught.value)
    return caught.value.err


def entries(got: SignalEffects) -> list[tuple[str, str, str, float | None]]:
    return [(one.kind, one.issuer, one.value, one.not_before) for one in got.signal.revocations]


ALICE_BEFORE = [("not-before", ISSUER, "alice", NOW - 99)]
SESSION = {"format": "opaque", "id": "s1"}
OF_A_SESSION = {
    "format": "complex",
    "user": SUBJECT,
    "session": {"format": "iss_sub", "iss": ISSUER, "sub": "s1"},
}


@pytest.mark.parametrize(
    ("uri", "members", "expected"),
    [
        (CAEP + "session-revoked", {}, ALICE_BEFORE),
        (CAEP + "token-claims-change", {"claims": {"role": "none"}}, ALICE_BEFORE),
        (CAEP + "credential-change", {"change_type": "revoke", "credential_type": "password"}, ALICE_BEFORE),
        (CAEP + "credential-change", {"change_type": "delete"}, ALICE_BEFORE),
        (CAEP + "credential-change", {}, ALICE_BEFORE),
        (CAEP + "credential-change", {"change_type": "create"}, []),
        (CAEP + "assurance-level-change", {"change_direction": "decrease"}, ALICE_BEFORE),
        (CAEP + "assurance-level-change", {"change_direction": "increase"}, []),
        (CAEP + "assurance-level-change", {"change_direction": ["increase"]}, ALICE_BEFORE),
        (CAEP + "device-compliance-change", {"current_status": "not-compliant"}, ALICE_BEFORE),
        (CAEP + "device-compliance-change", {"current_status": "compliant"}, []),
        (CAEP + "risk-level-change", {"current_level": "HIGH"}, ALICE_BEFORE),
        (CAEP + "risk-level-change", {"current_level": "LOW"}, []),
        (CAEP + "session-established", {}, []),
        (RISC + "account-disabled", {"reason": "hijacking"}, [("subject", ISSUER, "alice", None)]),
        (RISC + "account-purged", {}, [("subject", ISSUER, "alice", None)]),
        (RISC + "credential-compromise", {"credential_type": "password"}, ALICE_BEFORE),
        (RISC + "account-credential-change-required", {}, ALICE_BEFORE),
        (RISC + "sessions-revoked", {}, ALICE_BEFORE),
        (RISC + "identifier-changed", {"new-value": "bob@example"}, ALICE_BEFORE),
        (RISC + "opt-in", {}, []),
    ],
)
def test_an_event_revokes_what_it_makes_doubtful(
    uri: str, members: dict[str, Any], expected: list[tuple[str, str, str, float | None]]
) -> None:
    got = received(said(event(uri, **members)))
    assert entries(got) == expected
    assert [one.outcome for one in got.events] == ["revoked" if expected else "noted"]
    assert [one.name for one in got.events] == [uri.rsplit("/", 1)[1]]
    assert {one.who for one in got.signal.revocations} <= {"transmitter:signals"}


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (SUBJECT, ALICE_BEFORE),
        ({"subject_type": "iss-sub", "iss": ISSUER, "sub": "alice"}, ALICE_BEFORE),
        ({"format": "id_token_claims", "iss": ISSUER, "sub": "alice"}, ALICE_BEFORE),
        ({"format": "opaque", "id": "alice"},
         [("not-before", ISSUER, "alice", NOW - 99), ("not-before", SECOND, "alice", NOW - 99)]),
        ({"format": "email", "email": "a@x.example"},
         [("not-before", ISSUER, "a@x.example", NOW - 99), ("not-before", SECOND, "a@x.example", NOW - 99)]),
        ({"format": "account", "uri": "acct:a@x.example"},
         [("not-before", ISSUER, "a@x.example", NOW - 99), ("not-before", SECOND, "a@x.example", NOW - 99)]),
        ({"format": "aliases", "identifiers": [SUBJECT, {"format": "phone_number", "phone_number": "+1"}]}, ALICE_BEFORE),
        ({"format": "jwt_id", "iss": ISSUER, "jti": "j1"}, [("token-id", ISSUER, "j1", None)]),
        (OF_A_SESSION, [("session", ISSUER, "s1", None)]),
        ({"user": SUBJECT, "session": {"format": "iss_sub", "iss": ISSUER, "sub": "s1"}}, [("session", ISSUER, "s1", None)]),
        ({"format": "complex", "session": SESSION}, [("session", ISSUER, "s1", None), ("session", SECOND, "s1", None)]),
        ({"format": "complex", "user": SUBJECT, "device": SESSION}, ALICE_BEFORE),
    ],
)  # fmt: skip
def test_subjects_in_all_their_forms(subject: Any, expected: Any) -> None:
    got = received(said(event(CAEP + "session-revoked", subject)))
    assert entries(got) == expected
    assert got.unresolved == (("phone_number",) if "identifiers" in subject else ())
    inside = said({CAEP + "session-revoked": {"event_timestamp": NOW - 100, "subject": subject}})
    assert entries(received(inside)) == expected


def test_a_changed_claim_of_a_session_refuses_the_user_s_tokens() -> None:
    assert entries(received(said(event(CAEP + "token-claims-change", OF_A_SESSION)))) == ALICE_BEFORE


@pytest.mark.parametrize(
    "subject",
    [
        {"format": "phone_number", "phone_number": "+12065550100"},
        {"format": "did", "url": "did:example:1"},
        {"format": "complex", "tenant": SESSION},
        {"format": "something new", "x": 1},
    ],
)
def test_a_subject_that_no_token_names_is_said_to_be_unresolved(subject: Any) -> None:
    got = received(said(event(CAEP + "session-revoked", subject)))
    assert (entries(got), [one.outcome for one in got.events]) == ([], ["unresolved"])
    assert len(got.unresolved) == 1


def test_an_organisation_may_look_subjects_up() -> None:
    def resolve(identifier: Any) -> list[tuple[str, str]]:
        return (
            [(ISSUER, "alice"), ("https://not-its-own.example", "alice")]
            if "phone_number" in identifier
            else []
        )

    got = received(
        said(event(CAEP + "session-revoked", {"format": "phone_number", "phone_number": "+1"})),
        resolve=resolve,
    )
    assert entries(got) == ALICE_BEFORE
    assert got.unresolved == ()


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"format": "iss_sub", "iss": "https://another.example", "sub": "alice"}, "access_denied"),
        ({"format": "iss_sub", "iss": ISSUER[:-1], "sub": "alice"}, "access_denied"),
        ({"format": "jwt_id", "iss": "https://another.example", "jti": "j1"}, "access_denied"),
        (
            {"format": "aliases", "identifiers": [SUBJECT, {**SUBJECT, "iss": "https://another.example"}]},
            "access_denied",
        ),
        ({"format": "complex", "user": {**SUBJECT, "iss": "*"}}, "access_denied"),
        ({"format": "iss_sub", "iss": ISSUER}, "invalid_request"),
        ({"format": "iss_sub", "iss": ISSUER, "sub": ""}, "invalid_request"),
        ({"format": "iss_sub", "iss": ISSUER, "sub": 5}, "invalid_request"),
        ({"format": "opaque", "id": "x" * 1025}, "invalid_request"),
        ({"format": "opaque", "id": "x\0"}, "invalid_request"),
        (
            {"format": "aliases", "identifiers": [{"format": "aliases", "identifiers": [SUBJECT]}]},
            "invalid_request",
        ),
        ({"format": "aliases", "identifiers": []}, "invalid_request"),
        ({"format": "aliases", "identifiers": [SUBJECT] * 17}, "invalid_request"),
        ({"format": ["opaque"], "id": "x"}, "invalid_request"),
        ({}, "invalid_request"),
        ("alice", "invalid_request"),
        (None, "invalid_request"),
    ],
)
def test_a_subject_that_is_not_its_to_tell_or_malformed_refuses(subject: Any, expected: str) -> None:
    assert refused(signed(said(event(RISC + "account-disabled", subject)))) == expected


def test_one_bad_event_refuses_them_all() -> None:
    both = said(
        {**event(CAEP + "session-revoked"), RISC + "account-disabled": {"subject": {"format": "opaque"}}}
    )
    assert refused(signed(both)) == "invalid_request"


def test_the_event_that_rfc_8417_prints() -> None:
    """Section 2.1.4, figure 4, but for issuer and audience: a subject inside the event, in the spelling of that time."""
    got = received(
        said({RISC + "account-disabled": {"subject": {"subject_type": "iss-sub", "iss": ISSUER, "sub": "7375626A656374"},
                                          "reason": "hijacking"}})
    )  # fmt: skip
    assert entries(got) == [("subject", ISSUER, "7375626A656374", None)]


def test_unknown_events_are_counted_and_no_error() -> None:
    got = received(said({"https://vendor.example/event/odd": {"x": 1}, **event(CAEP + "session-revoked")}))
    assert [(one.name, one.outcome) for one in got.events] == [
        ("unknown", "unknown"),
        ("session-revoked", "revoked"),
    ]
    for uri in (
        "https://vendor.example/event/odd",
        "https://vendor.example/verification",
        STREAM[0] + "odd",
        "verification",
    ):
        got = received(said({uri: {"status": "paused", "state": "x"}}))
        assert [one.outcome for one in got.events] == ["unknown"]
        assert (got.signal.revocations, got.verification, got.stream) == ((), None, None)


@pytest.mark.parametrize("prefix", STREAM)
def test_the_stream_s_own_events(prefix: str) -> None:
    got = received(
        said({prefix + "verification": {"state": "abc"}, "sub_id": {"format": "opaque", "id": "stream"}})
    )
    assert (got.verification, got.stream, got.signal.revocations) == ("abc", None, ())
    got = received(said({prefix + "stream-updated": {"status": "paused", "reason": "x"}}))
    assert (got.verification, got.stream) == (None, "paused")
    assert refused(signed(said({prefix + "stream-updated": {"status": "gone"}}))) == "invalid_request"
    assert refused(signed(said({prefix + "verification": {"state": 7}}))) == "invalid_request"


@pytest.mark.parametrize(
    ("moment", "bound"),
    [(NOW - 100, NOW - 99), (NOW - 100.5, NOW - 100), (NOW + 50, NOW - 4), (NOW * 1000, NOW - 4), ("x", NOW - 4), (True, NOW - 4),
     (-1, NOW - 4), (None, NOW - 4), (0, NOW - 4), (NOW // 1000, NOW - 4), (NOW - 30 * 86400, NOW - 4)],
)  # fmt: skip
def test_the_bound_is_the_end_of_the_event_s_second(moment: Any, bound: float) -> None:
    got = received(said({CAEP + "session-revoked": {"event_timestamp": moment}, "sub_id": SUBJECT}))
    assert entries(got) == [("not-before", ISSUER, "alice", bound)]


@pytest.mark.parametrize("moment", [0, 1, NOW // 1000])
def test_a_session_ends_whatever_the_event_says_of_its_time(moment: int) -> None:
    """The revocation is kept for a time from the event on: counted from 1970 it would have ended long ago."""
    session = {"format": "complex", "session": {"format": "opaque", "id": "s-1"}}
    got = received(said({CAEP + "session-revoked": {"event_timestamp": moment}, "sub_id": session}))
    assert (
        outcome(Revocations.of(got.signal.revocations, now=NOW), issuer=ISSUER, session="s-1")
        == "revoked-session"
    )


BAD_TOKENS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"iss": "https://somebody.example"}, {}, "invalid_issuer"),
    ({"iss": ...}, {}, "invalid_request"),
    ({"iss": 5}, {}, "invalid_request"),
    ({"aud": "https://elsewhere.example"}, {}, "invalid_audience"),
    ({"aud": ...}, {}, "invalid_audience"),
    ({"aud": [5, RECEIVER]}, {}, "invalid_audience"),
    ({"jti": ...}, {}, "invalid_request"),
    ({"jti": ""}, {}, "invalid_request"),
    ({"jti": "x" * 513}, {}, "invalid_request"),
    ({"iat": ...}, {}, "invalid_request"),
    ({"iat": "now"}, {}, "invalid_request"),
    ({"iat": True}, {}, "invalid_request"),
    ({"iat": [NOW]}, {}, "invalid_request"),
    ({"iat": NOW + 61}, {}, "invalid_request"),
    ({"iat": NOW - 7 * 86400 - 1}, {}, "invalid_request"),
    ({"sub": "alice"}, {}, "invalid_request"),
    ({"exp": NOW + 60}, {}, "invalid_request"),
    ({"events": ...}, {}, "invalid_request"),
    ({"events": {}}, {}, "invalid_request"),
    ({"events": [CAEP]}, {}, "invalid_request"),
    ({"events": {CAEP + "session-revoked": None}}, {}, "invalid_request"),
    ({"events": {f"https://vendor.example/{number}": {} for number in range(17)}}, {}, "invalid_request"),
    ({}, {"typ": "at+jwt"}, "invalid_request"),
    ({}, {"typ": "JWT"}, "invalid_request"),
    ({}, {"typ": ...}, "invalid_request"),
    ({}, {"kid": "two"}, "invalid_key"),
    ({}, {"kid": ...}, "invalid_key"),
    ({}, {"alg": "PS256"}, "invalid_key"),
    ({}, {"crit": ["x"]}, "invalid_request"),
    ({}, {"jku": "https://attacker.example"}, "invalid_request"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "head", "expected"), BAD_TOKENS)
def test_a_token_that_is_not_right_refuses(changes: Any, head: Any, expected: str) -> None:
    assert refused(signed(said(event(RISC + "account-disabled"), **changes), head)) == expected


def test_a_token_that_another_key_signed_is_not_authentic() -> None:
    good = said(event(RISC + "account-disabled"))
    assert refused(signed(good, key=keys.rsa_key(1))) == "authentication_failed"
    text = signed(good)
    assert refused(text[:-8] + "AAAAAAAA") == "authentication_failed"
    assert refused(text.rsplit(".", 1)[0] + ".") == "authentication_failed"
    assert refused(signed(good, {"alg": "none"}, algorithm="RS256")) in {"invalid_key", "invalid_request"}
    for broken in ("", "x", "a.b.c", text + ".x", text.encode() + b"\xff", "{}"):
        assert refused(broken) == "invalid_request"


def test_a_transmitter_without_a_type_may_be_allowed() -> None:
    listening = Transmitters([transmitter(token_types=("secevent+jwt", ABSENT_TYPE))])
    got = interpret_event_token(
        listening.read(signed(said(event(RISC + "account-purged")), {"typ": ...}), NOW), NOW
    )
    assert len(got.signal.revocations) == 1


def test_a_revoked_key_of_a_transmitter_is_refused() -> None:
    revoked = Revocations.of(
        [Revocation(kind="kid", value="one", reason="leaked", who="ops", at=1.0)], now=NOW
    )
    assert refused(signed(said(event(RISC + "account-disabled"))), revocations=revoked) == "invalid_key"


def test_a_key_source_out_of_reach_is_not_the_token_s_fault() -> None:
    class Away:
        def lookup(self, issuer: str, kid: str, now: float) -> Any:
            raise KeySourceUnavailable

    listening = Transmitters([transmitter(keys=Away())])
    with pytest.raises(SignalRefused) as caught:
        listening.read(signed(said(event(RISC + "account-disabled"))), NOW)
    assert caught.value.temporary


def test_what_breaks_unexpectedly_is_tried_again() -> None:
    class Broken:
        def lookup(self, issuer: str, kid: str, now: float) -> Any:
            raise RuntimeError("a secret")

    listening = Transmitters([transmitter(keys=Broken())])
    with pytest.raises(SignalRefused) as caught:
        listening.read(signed(said(event(RISC + "account-disabled"))), NOW)
    assert caught.value.temporary
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("claims", [b"[]", b'"text"', b"5", b"null", b"", b"{"])
def test_claims_are_an_object(claims: bytes) -> None:
    assert refused(signed(claims)) == "invalid_request"


def test_a_transmitter_has_one_issuer() -> None:
    many = IssuerPolicy(
        name="many",
        issuer="https://signals.example/{tenantid}",
        audiences=frozenset({RECEIVER}),
        keys=rsa_source(),
        tenants=ANY_TENANT,
        key_issuer="required",
    )
    with pytest.raises(ValueError, match="one exact issuer"):
        Transmitter(policy=many, speaks_for=(ISSUER,))


def test_each_transmitter_speaks_for_its_own() -> None:
    other = transmitter(
        name="other", issuer="https://other.example", keys=rsa_source(1), speaks_for=(SECOND,)
    )
    listening = Transmitters([transmitter(), other])
    claims = said(event(RISC + "account-disabled"), iss="https://other.example")
    assert refused(signed(claims, key=keys.rsa_key(1)), listening) == "access_denied"
    assert refused(signed(claims), listening) == "authentication_failed"


@pytest.mark.parametrize("speaks_for", [(), ("*",), ("",), ("https://x/{tenantid}",)])
def test_a_transmitter_speaks_for_issuers_by_name(speaks_for: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="exactly"):
        transmitter(speaks_for=speaks_for)


def test_the_life_of_an_account_in_the_store(tmp_path: Path) -> None:
    def now(store: RevocationStore) -> Revocations:
        return Revocations(store.load(now=NOW)[0])

    def tell(store: RevocationStore, name: str, token_id: str, moment: int, **more: Any) -> bool:
        claims = said({RISC + name: {"event_timestamp": moment}, "sub_id": SUBJECT}, jti=token_id)
        return store.receive(received(claims, **more).signal)

    mine = {"issuer": ISSUER, "issued_at": NOW - 10}
    with RevocationStore.create(tmp_path / "revocations.db") as store:
        assert tell(store, "account-disabled", "e1", NOW - 50)
        assert outcome(now(store), **mine) == "revoked-subject"
        assert not tell(store, "account-disabled", "e1", NOW - 50)
        assert tell(store, "account-enabled", "e0", NOW - 60)  # one that was sent before and arrives after
        assert outcome(now(store), **mine) == "revoked-subject"
        assert tell(store, "account-enabled", "e2", NOW - 20, listening=Transmitters([transmitter()]))
        assert outcome(now(store), **mine) == "revoked-subject"
        assert tell(store, "account-enabled", "e3", NOW - 20)
        assert outcome(now(store), **mine) == ""
        assert outcome(now(store), issuer=ISSUER, issued_at=NOW - 30) == "revoked-not-before"
        store.append(
            [Revocation(kind="subject", issuer=ISSUER, value="alice", reason="ours", who="ops", at=NOW - 15)]
        )
        assert tell(store, "account-enabled", "e4", NOW - 12)
        assert outcome(now(store), **mine) == "revoked-subject"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.text(max_size=12)
    | st.sampled_from([ISSUER, "opaque", "iss_sub"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "format",
                    "iss",
                    "sub",
                    "id",
                    "user",
                    "session",
                    "identifiers",
                    "subject",
                    "uri",
                    "email",
                    "x",
                ]
            ),
            inner,
        )
    ),
    max_leaves=10,
)


@given(
    st.dictionaries(
        st.sampled_from([*EFFECTS, STREAM[0] + "verification", "https://x.example/e"]), JSON, max_size=3
    ),
    JSON,
)
def test_nothing_but_its_refusal_escapes(events: dict[str, Any], subject: Any) -> None:
    claims = {"iss": SENDER, "aud": RECEIVER, "jti": "e", "iat": NOW, "events": events, "sub_id": subject}
    try:
        got = interpret_event_token(LISTENING.read(signed(claims), NOW), NOW)
    except SignalRefused:
        return
    assert {one.issuer for one in got.signal.revocations} <= {ISSUER, SECOND}


@given(JSON)
def test_no_subject_reaches_beyond_the_transmitter_s_issuers(subject: Any) -> None:
    try:
        found = subjects_of(subject, (ISSUER,))
    except SignalRefused:
        return
    assert {issuer for issuer, _ in found.accounts | found.sessions | found.token_ids} <= {ISSUER}


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_text_is_refused_as_rfc_8935_says(text: str | bytes) -> None:
    assert refused(text) == "invalid_request"
