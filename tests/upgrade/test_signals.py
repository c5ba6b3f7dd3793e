"""A transmitter of version 0.1: its key signs, what waits is sent, and what was told is not told again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from joserfc import jwk, jws

from seawall.response.signals import poll, push, settings, signing, transmitter
from seawall.response.signals.event import EventSubject, SignalNotice
from seawall.response.signals.outbox import SignalOutbox
from seawall_base.http_client import HttpResponse
from tests.cli.conftest import Run
from tests.upgrade.conftest import MOMENT, Unpack, VerbInJson

AT = MOMENT + 86_400


@pytest.fixture
def kept(unpack: Unpack) -> Path:
    return unpack("signals")


def test_what_was_told_is_listed_and_told_once(kept: Path, run: Run, answer: VerbInJson) -> None:
    listed = answer("respond", "signals", "list")["signals"]
    assert sorted((one["stream"], one["event"]) for one in listed) == [
        ("gate", "account-disabled"), ("gate", "session-revoked"), ("shop", "account-disabled"), ("shop", "session-revoked"),
    ]  # fmt: skip
    outbox, loaded = SignalOutbox(kept / "signals.db"), settings.load_settings(kept / "signals.toml")
    subject = EventSubject("https://login.example.com", "4f2e")
    notice = SignalNotice("session-revoked", subject, 1_727_690_400_000_000)
    told = transmitter.queue_notices(
        loaded, signing.load_signing_key(kept / "signing.pem"), outbox, [notice], AT
    )
    assert [one.is_new for one in told] == [False, False]
    new = SignalNotice("account-enabled", subject, 1_727_690_500_000_000)
    told = transmitter.queue_notices(
        loaded, signing.load_signing_key(kept / "signing.pem"), outbox, [new], AT
    )
    assert [one.is_new for one in told] == [True, True]
    outbox.close()
    assert len(answer("respond", "signals", "list")["signals"]) == 6


def test_what_waits_is_pushed_and_polled_with_the_key_of_then(kept: Path, run: Run) -> None:
    shown = run("respond", "signals", "key", "signing.pem")
    assert shown.code == 0, shown.err
    key = jwk.KeySet.import_key_set(json.loads(shown.out))
    outbox, loaded = SignalOutbox(kept / "signals.db"), settings.load_settings(kept / "signals.toml")
    came: list[bytes] = []

    def send(url: str, headers: dict[str, str], body: bytes, **_: object) -> HttpResponse:
        assert headers["Authorization"] == "Bearer an-invented-token-of-gate-0123456789abcdef"
        came.append(body)
        return HttpResponse(202, {}, b"")

    done = push.push_tokens(outbox, loaded.stream("gate"), lambda: AT, send=send)
    assert (done.taken, done.refused, done.waiting) == (2, 0, 0)
    for body in came:
        verified = jws.deserialize_compact(body.decode(), key, algorithms=["ES256", "RS256"])
        assert json.loads(verified.payload)["aud"] == "https://gate.example.com/events"
    shop, asked = loaded.stream("shop"), poll.read_request(b'{"maxEvents": 10}')
    given = poll.make_answer(outbox, shop, asked)["sets"]
    assert len(given) == 2
    poll.apply_request(outbox, shop, poll.read_request(json.dumps({"ack": list(given)}).encode()), AT)
    assert poll.make_answer(outbox, shop, asked)["sets"] == {}
    outbox.close()
