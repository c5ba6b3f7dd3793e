"""The small parts that everything rests on, for any input: cursors, codes, hosts, rates, ceremonies, hashes."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.console.api_error import ApiError
from seawall.console.context import ConsoleSettings
from seawall.console.cursors import Cursors
from seawall.console.request_origin import client_network, read_request_origin
from seawall.console.sign_in import invitation_codes
from seawall.console.sign_in.ceremonies import MOST, Ceremonies
from seawall.console.sign_in.factors import SeedCipher
from seawall.console.sign_in.passwords import Passwords
from seawall.console.sign_in.rate_limits import Backoff, RateLimiter
from seawall.web.peers import Peers

KEY = bytes(range(32))
PLACES = st.tuples(st.floats(allow_nan=False), st.text(max_size=50))


@given(PLACES, st.text(max_size=100))
def test_a_cursor_gives_its_place_back_to_the_same_list_alone(place: tuple[float, str], purpose: str) -> None:
    cursors = Cursors(KEY)
    cursor = cursors.write(purpose, place)
    assert cursors.read(purpose, cursor, tuple[float, str]) == place
    with pytest.raises(ApiError):
        cursors.read(purpose + "x", cursor, tuple[float, str])
    with pytest.raises(ApiError):
        Cursors(secrets.token_bytes(32)).read(purpose, cursor, tuple[float, str])


@given(PLACES, st.data())
def test_a_cursor_that_was_changed_is_refused(place: tuple[float, str], data: st.DataObject) -> None:
    cursors = Cursors(KEY)
    cursor = cursors.write("list", place)
    at = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.sampled_from("ABCxyz019-_=! é"))
    changed = cursor[:at] + other + cursor[at + 1 :]
    if changed != cursor:
        with pytest.raises(ApiError) as caught:
            cursors.read("list", changed, tuple[float, str])
        assert caught.value.status == 400


@given(st.text(max_size=300))
def test_no_text_is_a_cursor(text: str) -> None:
    with pytest.raises(ApiError):
        Cursors(KEY).read("list", text, tuple[float, str])


@given(st.binary(min_size=15, max_size=15), st.data())
def test_a_code_is_read_however_it_is_typed(code: bytes, data: st.DataObject) -> None:
    text = invitation_codes.format_code(code)
    assert len(text) == 27
    assert invitation_codes.parse_code(text) == code
    assert (
        invitation_codes.parse_code(
            text.lower().replace("-", data.draw(st.sampled_from(["", " ", "-", " - "])))
        )
        == code
    )
    assert invitation_codes.parse_code(text.replace("O", "0").replace("I", "1").replace("B", "8")) == code


@given(st.text(max_size=80))
def test_what_is_typed_is_a_code_or_nothing(text: str) -> None:
    assert len(invitation_codes.parse_code(text)) in {0, 15}


def scope(host: str, peer: str = "127.0.0.1", **headers: str) -> dict[str, Any]:
    named = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return {
        "type": "http", "client": (peer, 1), "path": "/", "method": "GET",
        "headers": [(name.encode(), value.encode("utf-8", "replace")) for name, value in named.items()],
    }  # fmt: skip


@given(st.text(max_size=100))
def test_no_host_but_our_own_is_answered(host: str) -> None:
    settings = ConsoleSettings(hosts=("seawall.example",), is_loopback=False, is_encrypted=True)
    try:
        here = read_request_origin(scope(host), settings)
    except ApiError as refused:
        assert refused.status in {400, 421}  # noqa: PT017
    else:
        assert here.host == "seawall.example"
        assert not here.is_local


@given(
    st.sampled_from(["localhost:1", "127.0.0.1:8090", "[::1]:9", "seawall.example"]),
    st.sampled_from(["127.0.0.1", "::1", "10.0.0.1", "192.0.2.1", "", "::ffff:127.0.0.1"]),
    st.sampled_from(["", "x_forwarded_for", "forwarded", "via", "x_real_ip", "x_forwarded_proto"]),
    st.booleans(),
    st.booleans(),
)
def test_local_is_nobody_but_who_sits_here(
    host: str, peer: str, header: str, on_loopback: bool, named: bool
) -> None:
    settings = ConsoleSettings(hosts=("seawall.example",) if named else (), is_loopback=on_loopback)
    try:
        here = read_request_origin(scope(host, peer, **({header: "1.2.3.4"} if header else {})), settings)
    except ApiError:
        return
    if here.is_local:
        assert on_loopback
        assert host != "seawall.example"
        assert peer in {"127.0.0.1", "::1", "", "::ffff:127.0.0.1"}
        assert not header


@given(
    st.lists(
        st.sampled_from(["203.0.113.9", "10.0.0.2", "10.0.0.3", "junk", "", "[2001:db8::1]:80"]), max_size=5
    )
)
def test_behind_a_proxy_the_client_is_what_the_nearest_proxy_saw(chain: list[str]) -> None:
    settings = ConsoleSettings(hosts=("seawall.example",), proxies=Peers(("10.0.0.0/24",)))
    here = read_request_origin(
        scope("seawall.example", "10.0.0.1", x_forwarded_for=", ".join(chain)), settings
    )
    expected = "10.0.0.1"
    for text in reversed(chain):
        if text in {"10.0.0.2", "10.0.0.3"}:
            continue
        expected = {"203.0.113.9": "203.0.113.9", "[2001:db8::1]:80": "2001:db8::1"}.get(text, expected)
        break
    assert here.client_address == expected


def test_one_client_is_one_network() -> None:
    assert (
        client_network("2001:db8::1")
        == client_network("2001:db8::ffff:1")
        != client_network("2001:db8:0:1::1")
    )
    assert client_network("::ffff:192.0.2.1") == "192.0.2.1"
    assert client_network("192.0.2.1") != client_network("192.0.2.2")
    assert client_network("") == client_network("")


@given(st.lists(st.floats(0, 100), max_size=60))
def test_no_more_than_so_many_in_a_while(times: list[float]) -> None:
    rate, allowed = RateLimiter(5, 10.0), list[float]()
    for now in sorted(times):
        if not rate.take("key", now):
            allowed.append(now)
        assert sum(1 for at in allowed if now - at < 10) <= 5  # as it is reckoned there: floats are rounded
    assert len(allowed) >= min(5, len(times))


def test_waits_double_up_to_a_limit_and_are_forgotten() -> None:
    backoff, now, waits = Backoff(3, 60.0), 1000.0, list[float]()
    for _ in range(12):
        waits.append(backoff.wait("key", now))
        now += waits[-1]
        backoff.fail("key", now)
    assert waits[:4] == [0, 0, 0, 1]
    assert waits[4:9] == [2, 4, 8, 16, 32]
    assert waits[9:] == [60, 60, 60]
    assert backoff.wait("other", now) == 0
    assert backoff.wait("key", now + 90_000) == 0
    backoff.clear("key")
    assert backoff.wait("key", now) == 0


def test_what_is_remembered_is_bounded() -> None:
    rate, backoff, ceremonies = RateLimiter(5, 10.0, keys=100), Backoff(1, 60.0, keys=100), Ceremonies()
    for number in range(1000):
        rate.count(str(number), 0.0)
        backoff.fail(str(number), 0.0)
    assert len(rate._seen) == len(backoff._seen) == 100
    first = ceremonies.begin("kind", "owner", 0.0)
    for _ in range(MOST):
        ceremonies.begin("kind", "owner", 0.0)
    assert ceremonies.end(first, "kind", "owner", 0.0) is None


def test_a_question_is_answered_once_by_whom_it_was_put_to() -> None:
    ceremonies = Ceremonies()
    for kind, owner, now in (("other", "owner", 0.0), ("kind", "other", 0.0), ("kind", "owner", 301.0)):
        challenge = ceremonies.begin("kind", "owner", 0.0)
        assert ceremonies.end(challenge, kind, owner, now) is None
        assert ceremonies.end(challenge, "kind", "owner", 0.0) is None
    challenge = ceremonies.begin("kind", "owner", 0.0, details=7)
    found = ceremonies.end(challenge, "kind", "owner", 300.0)
    assert found is not None
    assert found.details == 7


@given(st.binary(min_size=1, max_size=64), st.integers(1, 1 << 40))
def test_seeds_open_for_their_user_with_their_key(secret: bytes, user: int) -> None:
    seeds = SeedCipher(KEY)
    kept = seeds.encrypt(user, secret, secrets.token_bytes(12))
    assert secret not in kept or len(secret) < 4
    assert seeds.decrypt(user, kept) == secret
    assert seeds.decrypt(user + 1, kept) is None
    assert SeedCipher(bytes(32)).decrypt(user, kept) is None
    assert seeds.decrypt(user, kept[:-1]) is None
    assert seeds.decrypt(user, b"") is None


def test_hashes_are_argon2id_and_made_anew_when_costs_change() -> None:
    cheap, dear = Passwords(memory_kib=64, passes=1), Passwords(memory_kib=128, passes=2)
    kept = cheap.hash("pass word é")
    assert kept.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert cheap.is_right(kept, "pass word e\u0301")  # the same letters from another keyboard
    assert not cheap.is_right(kept, "pass word e")
    assert dear.is_right(kept, "pass word é")
    assert dear.is_dated(kept)
    assert not cheap.is_dated(kept)
    assert not cheap.is_right("no hash at all", "x")
    assert not cheap.is_right(None, "x")
    assert not cheap.is_right(kept, "x" * 100_000)
    assert Passwords().hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=1$")
