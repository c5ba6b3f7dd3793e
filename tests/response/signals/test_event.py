"""What events say, and that whatever can be said is understood by the receiver's own reading of the specifications."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.response.signals import event
from seawall.response.signals.event import CHANGES, CREDENTIALS, URIS, EventName, EventSubject, SignalNotice
from seawall_base.errors import UsageError
from seawall_tokens.signals.effects import interpret_event_token
from seawall_tokens.signals.event_token import EventToken, Transmitter, transmitter_policy

ISSUER = "https://login.example.com"
AT = 1_780_000_000_000_000
NOW = AT / 1_000_000 + 30

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)


def received(claims: dict[str, Any]) -> Any:
    policy = transmitter_policy(
        name="us", issuer="https://s.example", audiences=["https://g.example/events"], keys=cast(Any, None)
    )
    us = Transmitter(policy=policy, speaks_for=(ISSUER,), may_lift=True)
    return interpret_event_token(EventToken(us, claims["jti"], claims["iat"], claims, claims["events"]), NOW)


def claims_of(notice: SignalNotice) -> dict[str, Any]:
    return event.make_claims(
        notice, issuer="https://s.example", audience="https://g.example/events", issued_at=AT // 1_000_000 + 5
    )


@given(
    st.sampled_from(list(URIS)),
    names,
    st.none() | names,
    st.sampled_from(CREDENTIALS),
    st.sampled_from(CHANGES),
)
def test_every_notice_has_its_effect_at_the_receiver(
    name: EventName, account: str, session: str | None, credential: str, change: str
) -> None:
    notice = SignalNotice(name, EventSubject(ISSUER, account, session or ""), AT, "why", credential, change)
    claims = claims_of(notice)
    assert "sub" not in claims
    assert "exp" not in claims
    signal = received(claims).signal
    kinds = {one.kind for one in signal.revocations}
    if name == "account-enabled":
        assert [lift.key for lift in signal.lifts] == [("subject", ISSUER, account)]
    elif name == "account-disabled":
        assert "subject" in kinds
    elif name == "session-revoked":
        assert kinds == ({"session"} if session else {"not-before"})
    else:
        assert ("not-before" in kinds) == (change != "create")
    assert {one.issuer for one in signal.revocations} <= {ISSUER}


@given(names, names)
def test_the_same_notice_has_the_same_id_and_another_has_another(one: str, other: str) -> None:
    first, second = (SignalNotice("session-revoked", EventSubject(ISSUER, name), AT) for name in (one, other))
    assert claims_of(first)["jti"] == claims_of(first)["jti"]
    assert (claims_of(first)["jti"] == claims_of(second)["jti"]) == (one == other)


def test_an_account_is_named_by_all_its_names() -> None:
    subject = EventSubject(ISSUER, "4f2e", email="ann@x.example").identifier()
    assert subject == {
        "format": "aliases",
        "identifiers": [
            {"format": "iss_sub", "iss": ISSUER, "sub": "4f2e"},
            {"format": "email", "email": "ann@x.example"},
        ],
    }


@pytest.mark.parametrize(
    "make",
    [
        lambda: EventSubject(),
        lambda: EventSubject(account="4f2e"),
        lambda: EventSubject(ISSUER),
        lambda: EventSubject(ISSUER, "x" * 2000),
        lambda: EventSubject(ISSUER, "a\0b"),
        lambda: SignalNotice(cast(Any, "made-up"), EventSubject(ISSUER, "a"), AT),
        lambda: SignalNotice("credential-change", EventSubject(ISSUER, "a"), AT, credential="tattoo"),
        lambda: SignalNotice("credential-change", EventSubject(ISSUER, "a"), AT, change="lose"),
    ],
)
def test_what_means_nothing_is_refused(make: Any) -> None:
    with pytest.raises(UsageError):
        make()
