"""Push and poll without a network: what waits, what is taken, and what a receiver can say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk, jws

from seawall.response.errors import SignalsInvalid
from seawall.response.signals import poll, push, settings, signing, transmitter
from seawall.response.signals.event import EventSubject, SignalNotice
from seawall.response.signals.outbox import SignalOutbox
from seawall.response.signals.settings import SignalReceiver, SignalSettings
from seawall_base.http_client import HttpResponse, NoResponse

PUSHED = SignalReceiver("gate", "https://g.example/events", "push", "https://g.example/events", "t0ken")
POLLED = SignalReceiver("other", "https://o.example", "poll", digest=bytes(32))


class Receiver:
    """Answers as it is told, and remembers what came."""

    def __init__(self, *answers: HttpResponse | NoResponse) -> None:
        self.answers = list(answers)
        self.came: list[bytes] = []
        self.headers: dict[str, str] = {}

    def __call__(self, url: str, headers: dict[str, str], body: bytes, **_: Any) -> HttpResponse:
        self.came.append(body)
        self.headers = headers
        answer = self.answers.pop(0) if self.answers else HttpResponse(202, {}, b"")
        if isinstance(answer, NoResponse):
            raise answer
        return answer


@pytest.fixture
def outbox(tmp_path: Path) -> Any:
    made = SignalOutbox(tmp_path / "signals.db")
    yield made
    made.close()


@pytest.fixture
def told(tmp_path: Path, outbox: SignalOutbox) -> list[transmitter.QueuedEventToken]:
    loaded = SignalSettings("https://s.example", tmp_path, tmp_path, (PUSHED, POLLED))
    notices = [
        SignalNotice("session-revoked", EventSubject("https://i.example", name), 10_000_000) for name in "abc"
    ]
    return transmitter.queue_notices(
        loaded, signing.make_signing_key(tmp_path / "key.pem"), outbox, notices, 100
    )


def test_the_same_is_told_once(
    tmp_path: Path, outbox: SignalOutbox, told: list[transmitter.QueuedEventToken]
) -> None:
    loaded = SignalSettings("https://s.example", tmp_path, tmp_path, (PUSHED, POLLED))
    notice = SignalNotice("session-revoked", EventSubject("https://i.example", "a"), 10_000_000)
    again = transmitter.queue_notices(
        loaded, signing.load_signing_key(tmp_path / "key.pem"), outbox, [notice], 200
    )
    assert [one.is_new for one in told] == [True] * 6
    assert [one.is_new for one in again] == [False] * 2
    assert outbox.count("gate") == 3


def test_what_was_answered_is_not_sent_again(
    outbox: SignalOutbox, told: list[transmitter.QueuedEventToken]
) -> None:
    receiver = Receiver()
    done = push.push_tokens(outbox, PUSHED, lambda: 101, send=receiver)
    assert (done.taken, done.refused, done.waiting, done.fault) == (3, 0, 0, "")
    assert receiver.headers["Authorization"] == "Bearer t0ken"
    assert receiver.headers["Content-Type"] == "application/secevent+jwt"
    push.push_tokens(outbox, PUSHED, lambda: 102, send=receiver)
    assert len(receiver.came) == len(set(receiver.came)) == 3


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(503, {}, b""),
        HttpResponse(429, {"retry-after": "7"}, b""),
        HttpResponse(401, {}, b""),
        HttpResponse(400, {}, b'{"err": "authentication_failed"}'),
        HttpResponse(400, {}, b"<html>"),
        HttpResponse(200, {}, b""),
        HttpResponse(302, {}, b""),
        NoResponse("no connection", may_have_arrived=False),
    ],
    ids=["503", "429", "401", "about-us", "no-json", "200", "redirect", "away"],
)
def test_a_failure_ends_the_turn_and_is_tried_again_in_order(
    outbox: SignalOutbox, told: list[transmitter.QueuedEventToken], answer: HttpResponse | NoResponse
) -> None:
    receiver = Receiver(answer)
    first = push.push_tokens(outbox, PUSHED, lambda: 100, send=receiver)
    assert (first.taken, first.waiting, len(receiver.came)) == (0, 3, 1)
    assert first.fault
    early = push.push_tokens(outbox, PUSHED, lambda: 101, send=receiver)
    assert (early.waiting, len(receiver.came)) == (3, 1)
    later = push.push_tokens(outbox, PUSHED, lambda: 108, send=receiver)
    assert (later.taken, later.waiting) == (3, 0)
    assert receiver.came[0] == receiver.came[1]


def test_pauses_grow_and_end(outbox: SignalOutbox, told: list[transmitter.QueuedEventToken]) -> None:
    now, pauses = 0, []
    for _ in range(15):
        push.push_tokens(outbox, PUSHED, lambda now=now: now, send=Receiver(HttpResponse(500, {}, b"")))  # type: ignore[misc]
        after = outbox.waiting("gate", 1)[0].after
        pauses.append(after - now)
        now = after
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (push.FIRST_PAUSE, push.LONGEST_PAUSE)


def test_a_token_that_is_not_wanted_stops_no_other(
    outbox: SignalOutbox, told: list[transmitter.QueuedEventToken]
) -> None:
    body = b'{"err": "invalid_audience", "description": "not \\u001b[31m me"}'
    done = push.push_tokens(outbox, PUSHED, lambda: 100, send=Receiver(HttpResponse(400, {}, body)))
    assert (done.taken, done.refused, done.waiting) == (2, 1, 0)
    refused = next(one for one in outbox.all() if one.state == "refused")
    assert refused.err == "invalid_audience"
    assert refused.description.isprintable()
    assert outbox.again(refused.number)
    assert not outbox.again(refused.number)
    assert push.push_tokens(outbox, PUSHED, lambda: 100, send=Receiver()).taken == 1


def ask(outbox: SignalOutbox, **question: Any) -> dict[str, Any]:
    asked = poll.read_request(json.dumps(question).encode())
    poll.apply_request(outbox, POLLED, asked, 100)
    return poll.make_answer(outbox, POLLED, asked)


def test_polling_gives_until_it_is_acknowledged(
    outbox: SignalOutbox, told: list[transmitter.QueuedEventToken]
) -> None:
    mine = [one.token_id for one in told if one.stream == "other"]
    first = ask(outbox, maxEvents=2)
    assert list(first["sets"]) == mine[:2]
    assert first["moreAvailable"] is True
    assert ask(outbox, maxEvents=2)["sets"] == first["sets"]
    error = {mine[1]: {"err": "invalid_key", "description": "who?"}}
    last = ask(outbox, ack=[mine[0]], setErrs=error)
    assert list(last["sets"]) == mine[2:]
    assert "moreAvailable" not in last
    assert ask(outbox, ack=[mine[2], "unknown", mine[0]], maxEvents=0) == {"sets": {}}
    assert {one.token_id: one.state for one in outbox.all() if one.stream == "other"} == {
        mine[0]: "taken", mine[1]: "refused", mine[2]: "taken",
    }  # fmt: skip
    assert outbox.count("gate") == 3  # another stream's answers are its own


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["maxEvents", "ack", "setErrs", "err", "returnImmediately"]), inner, max_size=4),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_question_breaks_the_transmitter(body: bytes) -> None:
    try:
        found = poll.read_request(body)
    except poll.PollRefused:
        return
    assert 0 <= found.most <= poll.MOST
    assert all(isinstance(one, str) for one in found.acknowledged)


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    path.chmod(0o600)
    with pytest.raises(SignalsInvalid, match="another program"):
        SignalOutbox(path)


def test_what_the_database_says_is_an_error_of_signals(tmp_path: Path) -> None:
    import sqlite3

    opened = SignalOutbox(tmp_path / "signals.db")
    with sqlite3.connect(tmp_path / "signals.db") as other:
        other.execute("DROP TABLE tokens")
    other.close()
    for act in (
        opened.all,
        lambda: opened.count("gate"),
        lambda: opened.put("gate", "id", "event", "token", 1),
    ):
        with pytest.raises(SignalsInvalid, match="no such table"):
            act()


GOOD = """
[transmitter]
issuer = "https://s.example"
key = "key.pem"
[[stream]]
name = "gate"
audience = "https://g.example/events"
push = "https://g.example/events"
"""


def test_settings_are_read_and_tokens_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x" * 40)
    (tmp_path / "token").chmod(0o600)
    path = tmp_path / "signals.toml"
    path.write_text(GOOD + '[[stream]]\nname = "o"\naudience = "o"\npoll = true\ntoken_file = "token"\n')
    found = settings.load_settings(path)
    assert found.outbox == tmp_path / "signals.db"
    assert [one.way for one in found.streams] == ["push", "poll"]
    assert "xxxx" not in repr(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://g.example/events", "http://g.example/events"),
        ("[transmitter]", "[sender]"),
        ('name = "gate"', 'name = "../gate"'),
        ('push = "https://g.example/events"', "poll = true"),
        ('push = "https://g.example/events"', ""),
        ('key = "key.pem"', 'key = "key.pem"\nkid = "1"'),
        ("[[stream]]", "[stream]"),
        ('name = "gate"', 'name = "gate"\ntoken_file = "open"'),
    ],
    ids=["plain-http", "other-table", "path", "no-token", "no-way", "unknown", "one-bracket", "open-token"],
)
def test_settings_that_are_wrong_are_refused(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "open").write_text("x" * 40)
    path = tmp_path / "signals.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(SignalsInvalid):
        settings.load_settings(path)


def test_every_fault_of_the_settings_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "signals.toml"
    stream = '[[stream]]\nname = "gate"\naudience = "https://g.example/events"\npoll = true\n'
    path.write_text(
        GOOD.replace("https://s.example", "https://s.example?a=1").replace("key.pem", "") + 2 * stream
    )
    with pytest.raises(SignalsInvalid) as refused:
        settings.load_settings(path)
    assert [line.removeprefix(f"{path}:") for line in refused.value.details] == [
        "3: issuer: no query may be in it; write https://host/path",
        "4: key: is empty; write a value, or leave the setting out",
        "10: name: 'gate' is also that of the table on line 5; keep one of them",
        "11: audience: 'https://g.example/events' is also that of the table on line 5; keep one of them",
        "14: name: 'gate' is also that of the table on line 5; keep one of them",
        "15: audience: 'https://g.example/events' is also that of the table on line 5; keep one of them",
    ]
    path.write_text(GOOD + stream.replace("gate", "a").replace("g.", "a.") + stream.replace("gate", "b").replace("g.", "b.")
                    + 'token_file = "gone"\n')  # fmt: skip
    with pytest.raises(SignalsInvalid) as refused:
        settings.load_settings(path)
    first, second = (line.removeprefix(f"{path}:") for line in refused.value.details)
    assert first.startswith("9: token_file: who polls needs a token of at least 32 characters; name a file")
    assert second.startswith("17: token_file:")
    assert "gone: cannot be read: No such file or directory; check token_file" in second
    path.write_text("stream = []\n" + GOOD.split("[[stream]]")[0])
    with pytest.raises(SignalsInvalid, match=r"signals\.toml:1: stream: there are 0 streams; name 1 to 1000"):
        settings.load_settings(path)


def test_what_a_receiver_cannot_digest_does_not_keep_the_rest_from_arriving(
    outbox: SignalOutbox, told: list[transmitter.QueuedEventToken]
) -> None:
    poison = outbox.waiting("gate", 1)[0].token.encode()

    def send(_url: str, _headers: dict[str, str], body: bytes, **_: Any) -> HttpResponse:
        return HttpResponse(500 if body == poison else 202, {}, b"")

    now = 100
    for _ in range(push.PATIENCE):
        done = push.push_tokens(outbox, PUSHED, lambda now=now: now, send=send)  # type: ignore[misc]
        assert (done.taken, done.waiting) == (0, 3)
        now = outbox.waiting("gate", 1)[0].after
    done = push.push_tokens(outbox, PUSHED, lambda: now, send=send)
    assert (done.taken, done.waiting) == (2, 1)
    assert "500" in done.fault
    assert outbox.waiting("gate", 1)[0].attempts == push.PATIENCE + 1


def test_a_receiver_that_is_away_is_not_asked_for_every_token(tmp_path: Path, outbox: SignalOutbox) -> None:
    for number in range(20):
        outbox.put("gate", f"id-{number}", "session-revoked", "a.b.c", 100)
        for _ in range(push.PATIENCE):
            outbox.mark_failed(number + 1, "away", 0)
    receiver = Receiver(*[HttpResponse(503, {}, b"")] * 20)
    done = push.push_tokens(outbox, PUSHED, lambda: 200, send=receiver)
    assert (len(receiver.came), done.waiting) == (push.MOST_FAILURES, 20)


def test_a_clock_that_was_put_back_stops_nothing(
    outbox: SignalOutbox, told: list[transmitter.QueuedEventToken]
) -> None:
    in_ten_years = 400_000_000
    push.push_tokens(outbox, PUSHED, lambda: in_ten_years, send=Receiver(HttpResponse(503, {}, b"")))
    assert push.push_tokens(outbox, PUSHED, lambda: 200, send=Receiver()).taken == 3


def test_of_two_runs_at_once_one_pushes(
    tmp_path: Path, outbox: SignalOutbox, told: list[transmitter.QueuedEventToken]
) -> None:
    other = SignalOutbox(tmp_path / "signals.db")
    meanwhile: list[push.PushResult] = []
    receiver = Receiver()

    def send(*values: Any, **named: Any) -> HttpResponse:
        meanwhile.append(push.push_tokens(other, PUSHED, lambda: 101, send=receiver))
        return receiver(*values, **named)

    try:
        done = push.push_tokens(outbox, PUSHED, lambda: 101, send=send)
    finally:
        other.close()
    assert (done.taken, len(receiver.came), len(set(receiver.came))) == (3, 3, 3)
    assert {one.fault for one in meanwhile} == {"another run pushes to it just now"}
    assert push.push_tokens(outbox, PUSHED, lambda: 102, send=receiver).fault == ""


def test_what_waits_is_signed_anew_with_a_new_key(
    tmp_path: Path, outbox: SignalOutbox, told: list[transmitter.QueuedEventToken]
) -> None:
    push.push_tokens(
        outbox, PUSHED, lambda: 100, send=Receiver(HttpResponse(202, {}, b""), HttpResponse(503, {}, b""))
    )
    before = {kept.number: kept for kept in outbox.all()}
    fresh = signing.make_signing_key(tmp_path / "fresh.pem")
    assert transmitter.sign_anew(outbox, fresh) == 5
    assert transmitter.sign_anew(outbox, fresh) == 0
    keys = jwk.KeySet([jwk.import_key({**fresh.jwk()})])
    for kept in outbox.all():
        old = before[kept.number]
        assert (kept.token_id, kept.attempts, kept.state) == (old.token_id, old.attempts, old.state)
        if kept.state == "waiting":
            claims = json.loads(jws.deserialize_compact(kept.token, keys, algorithms=["ES256"]).payload)
            assert claims["jti"] == kept.token_id
            assert claims == json.loads(jws.extract_compact(old.token.encode()).payload)
        else:
            assert kept.token == old.token


def test_ids_that_are_nobodys_or_anothers_acknowledge_nothing(
    outbox: SignalOutbox, told: list[transmitter.QueuedEventToken]
) -> None:
    others = [one.token_id for one in told if one.stream == "gate"]
    names = ["", "nosuch", "' OR 1=1 --", "x" * 5_000, *others]
    asked = poll.read_request(
        json.dumps({"ack": names, "setErrs": {name: {"err": "x"} for name in names}}).encode()
    )
    poll.apply_request(outbox, POLLED, asked, 200)
    assert (outbox.count("other"), outbox.count("gate")) == (3, 3)
    mine = [one.token_id for one in told if one.stream == "other"]
    both = poll.read_request(json.dumps({"ack": mine[:1], "setErrs": {mine[0]: {"err": "x"}}}).encode())
    poll.apply_request(outbox, POLLED, both, 201)
    poll.apply_request(outbox, POLLED, both, 202)
    kept = {one.token_id: one for one in outbox.all() if one.stream == "other"}
    assert (kept[mine[0]].state, kept[mine[0]].answered, outbox.count("other")) == ("taken", 201, 2)
