"""Keys are fresh while the source answers, stale for a stated time when not, and never asked for more often than is said."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall_tokens.jose.key_set import read_key_set
from seawall_tokens.keys.first_seen import FirstSeen
from seawall_tokens.keys.origins import OriginFailed
from seawall_tokens.policy.issuer_policy import KeySource
from tests.tokens.key_bench import ISSUER, NOW, Bench
from tests.tokens.key_sets import jwk, jwks, weak_jwk


@pytest.fixture(autouse=True)
def _logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.INFO, "seawall.key_cache"):
        yield


def test_it_is_a_key_source() -> None:
    source: KeySource = Bench(jwk("a")).cache
    assert source.lookup(ISSUER, "a", NOW).key.kid == "a"


def test_a_set_is_loaded_once_while_it_is_fresh() -> None:
    bench = Bench(jwk("a"), jwk("b"))
    for bench.elapsed in (0.0, 1.0, 100.0, 239.0):
        assert [bench.code("a"), bench.code("b")] == ["active", "active"]
    assert bench.origin.calls == 1


def test_a_key_belongs_to_its_issuer() -> None:
    bench = Bench(jwk("a"))
    assert bench.code("a", "https://other.example") == "key-unknown"
    assert bench.origin.calls == 0
    templated = Bench(jwk("a"), issuer="https://login.example/{tenantid}/v2.0")
    assert templated.code("a", "https://login.example/x/v2.0") == "active"
    assert templated.code("a", "https://login.example/x/y/v2.0") == "key-unknown"


def test_a_rollover_is_followed(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(jwk("a"))
    assert bench.code("a") == "active"
    bench.origin.keys = [jwk("b")]
    bench.elapsed = 301.0
    assert bench.code("b") == "active"
    bench.live(1000.0)
    assert bench.code("a") == "retired"
    assert caplog.text.count("'a' is no longer listed: retired") == 1
    bench.origin.keys.append(jwk("c"))
    bench.live(302.0)
    assert [bench.code(kid) for kid in "abc"] == ["retired", "active", "active"]
    assert caplog.text.count("is no longer listed") == 1
    bench.origin.keys.append(jwk("a"))
    bench.live(302.0)
    assert bench.code("a") == "active"


def test_the_return_of_a_retired_key_is_said(caplog: pytest.LogCaptureFixture) -> None:
    old, kept = jwk("a"), jwk("b")
    bench = Bench(old, kept)
    bench.code("b")
    bench.origin.keys = [kept]
    bench.live(1000.0)
    assert bench.code("a") == "retired"
    assert "listed again" not in caplog.text
    bench.origin.keys = [kept, {**old, "kid": "another name"}]
    bench.live(302.0)
    assert bench.code("another name") == "active"
    said = [record.getMessage() for record in caplog.records if "listed again" in record.getMessage()]
    assert len(said) == 1
    assert "another name" in said[0]


def test_an_outage_is_bridged_for_a_stated_time(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(jwk("a"), ttl=300, stale_limit=1000)
    assert bench.code("a") == "active"
    bench.origin.failure = OriginFailed("connect-failed", "nobody there")
    for bench.elapsed in (310.0, 500.0, 999.0):
        assert bench.code("a") == "active"
    assert "the old keys serve for 690 s more" in caplog.text
    assert "all refused" not in caplog.text
    bench.elapsed = 1000.0
    assert bench.code("a") == "key-source-unavailable"
    bench.elapsed = 1010.0
    assert bench.code("a") == "key-source-unavailable"
    assert "the old keys are too old: all refused" in caplog.text
    assert not bench.cache.status().serving
    bench.origin.failure = None
    bench.elapsed = 1021.0
    assert bench.code("a") == "active"
    assert bench.cache.status().failure is None


def test_an_outage_is_not_asked_about_at_every_look_up(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(jwk("a"), retry=10)
    bench.origin.failure = OriginFailed("timeout", "slow")
    for _ in range(50):
        assert bench.code("a") == "key-source-unavailable"
    assert bench.origin.calls == 1
    assert caplog.text.count("keys of 'https://issuer.example' could not be loaded: timeout: slow") == 1
    bench.elapsed = 11.0
    assert bench.code("a") == "key-source-unavailable"
    assert bench.origin.calls == 2


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("set-mixed", "key-set-mixed"),
        ("set-private", "key-set-mixed"),
        ("set-symmetric", "key-set-mixed"),
        ("set-duplicate-kid", "key-duplicate-kid"),
        ("set-malformed", "key-set-invalid"),
        ("set-not-json", "key-set-invalid"),
        ("redirect", "key-source-unavailable"),
        ("discovery-issuer", "key-source-unavailable"),
        ("file-unreadable", "key-source-unavailable"),
    ],
)
def test_what_failed_decides_the_code(code: str, refusal: str) -> None:
    bench = Bench()
    bench.origin.failure = OriginFailed(code, "words")
    assert bench.code("a") == refusal
    assert bench.cache.status().failure == code


def test_a_set_that_is_invalid_never_replaces_a_valid_one(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(jwk("a"), stale_limit=1000)
    assert bench.code("a") == "active"
    bench.origin.failure = OriginFailed("set-mixed", "a secret beside public keys")
    bench.elapsed = 400.0
    assert bench.code("a") == "active"
    assert "set-mixed" in caplog.text
    bench.elapsed = 1000.0
    assert bench.code("a") == "key-set-mixed"


def test_whatever_else_breaks_is_a_failure_to_load() -> None:
    bench = Bench()
    bench.origin.failure = ZeroDivisionError()
    assert bench.code("a") == "key-source-unavailable"
    assert bench.cache.status().failure == "unexpected"


def test_an_unknown_name_asks_once_in_thirty_seconds() -> None:
    bench = Bench(jwk("a"))
    assert bench.code("a") == "active"
    for _ in range(100):
        assert bench.code("b") == "key-unknown"
    assert bench.origin.calls == 2
    bench.elapsed = 29.0
    assert bench.code("c") == "key-unknown"
    assert bench.origin.calls == 2
    bench.elapsed = 31.0
    bench.origin.keys.append(jwk("b"))
    assert bench.code("b") == "active"
    assert bench.origin.calls == 3


def test_a_new_key_is_logged_and_held(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(jwk("a"), quarantine=3600)
    assert bench.cache.lookup(ISSUER, "a", NOW).quarantined_until == 0
    assert "new key" not in caplog.text
    bench.origin.keys.append(jwk("b\n\x1b[31m"))
    bench.elapsed = 301.0
    held = bench.cache.lookup(ISSUER, "b\n\x1b[31m", NOW)
    assert held.first_seen == NOW + 301
    assert held.quarantined_until == NOW + 301 + 3600
    assert "a new key: 'b\\n\\x1b[31m', thumbprint" in caplog.text
    assert "held for 3600 s" in caplog.text
    assert bench.cache.status().quarantined == (held.key.thumbprint,)
    assert bench.cache.lookup(ISSUER, "a", NOW).quarantined_until == 0


def test_another_key_under_a_known_name_is_new(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(jwk("a"), quarantine=60)
    assert bench.code("a") == "active"
    bench.origin.keys = [jwk("a")]
    bench.elapsed = 301.0
    assert bench.cache.lookup(ISSUER, "a", NOW).quarantined_until == NOW + 361
    assert "another key under a known name" in caplog.text


def test_an_approved_key_is_not_held() -> None:
    new = jwk("b")
    thumbprint = read_key_set(jwks(new)).keys[0].thumbprint
    bench = Bench(jwk("a"), quarantine=60, approved=frozenset({thumbprint}))
    assert bench.code("a") == "active"
    bench.origin.keys.append(new)
    bench.elapsed = 301.0
    assert bench.cache.lookup(ISSUER, "b", NOW).quarantined_until == 0


def test_quarantine_survives_a_restart(tmp_path: Path) -> None:
    first, second, third = jwk("a"), jwk("b"), jwk("c")
    path = tmp_path / "seen.json"
    bench = Bench(first, quarantine=3600, memory=FirstSeen(path))
    assert bench.code("a") == "active"
    bench.origin.keys.append(second)
    bench.elapsed = 301.0
    until = bench.cache.lookup(ISSUER, "b", NOW).quarantined_until
    assert until == NOW + 301 + 3600

    again = Bench(first, second, third, quarantine=3600, memory=FirstSeen(path))
    again.elapsed = 500.0
    assert again.cache.lookup(ISSUER, "a", NOW).quarantined_until == 0
    assert again.cache.lookup(ISSUER, "b", NOW).quarantined_until == until
    assert again.cache.lookup(ISSUER, "c", NOW).quarantined_until == NOW + 500 + 3600


def test_first_sightings_that_cannot_be_kept_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(jwk("a"), quarantine=60, memory=FirstSeen(tmp_path / "absent" / "seen.json"))
    assert bench.code("a") == "active"
    assert "first sightings were not kept" in caplog.text
    bench.origin.keys.append(jwk("b"))
    bench.elapsed = 301.0
    assert bench.cache.lookup(ISSUER, "b", NOW).quarantined_until == NOW + 361


def test_a_denied_key_is_revoked_at_once() -> None:
    bench = Bench(jwk("a"), jwk("b"), jwk("c"), denied=frozenset({"b"}))
    assert [bench.code(kid) for kid in "abc"] == ["active", "revoked", "active"]
    bench.cache.deny([bench.cache.lookup(ISSUER, "a", NOW).key.thumbprint])
    assert [bench.code(kid) for kid in "abc"] == ["revoked", "revoked", "active"]
    assert bench.origin.calls == 1


def test_a_key_that_was_left_out_of_the_set_is_refused_by_its_reason() -> None:
    bench = Bench(jwk("a"), jwk("enc", use="enc"), weak_jwk("weak"))
    assert bench.code("a") == "active"
    assert bench.code("enc") == "key-use-wrong"
    assert bench.code("weak") == "key-unfit"


def test_retired_keys_are_remembered_within_bounds() -> None:
    bench = Bench(*(jwk(f"k{number}") for number in range(300)))
    assert bench.code("k299") == "active"
    bench.origin.keys = [jwk("z")]
    bench.live(1000.0)
    assert bench.code("z") == "active"
    assert bench.code("k299") == "retired"
    assert bench.code("k0") == "key-unknown"


def test_status_and_warming() -> None:
    bench = Bench(jwk("a"))
    assert bench.cache.status().age is None
    assert not bench.cache.status().serving
    status = bench.cache.warm()
    assert (status.issuer, status.keys, status.age, status.failure, status.serving) == (
        ISSUER,
        1,
        0.0,
        None,
        True,
    )
    bench.cache.warm()
    assert bench.origin.calls == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"version": 2, "keys": {}}',
        b'{"version": 1, "keys": []}',
        b'{"version": 1, "keys": {"t": {}}}',
        b'{"version": 1, "keys": {"t": {"at": "x", "among_known": true}}}',
        b'{"version": 1, "keys": {"t": {"at": 1, "among_known": 1}}}',
        b'{"version": 1, "keys": {}, "keys": {}}',
        b"\xff",
    ],
)
def test_a_broken_memory_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "seen.json").write_bytes(content)
    with pytest.raises(ValueError, match="the file"):
        FirstSeen(tmp_path / "seen.json")
    with pytest.raises(ValueError, match="the file"):
        FirstSeen(tmp_path)


def test_memory_that_broke_later_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "seen.json"
    memory = FirstSeen(path)
    assert memory.note(frozenset({"a"}), 1.0) == {"a"}
    path.write_bytes(b"broken")
    assert memory.note(frozenset({"a", "b"}), 2.0) == {"b"}
    assert memory.trouble
    assert path.read_bytes() == b"broken"


def test_another_process_saw_it_earlier(tmp_path: Path) -> None:
    path = tmp_path / "seen.json"
    late, early = FirstSeen(path), FirstSeen(path)
    assert early.note(frozenset({"a"}), 1.0) == {"a"}
    assert early.note(frozenset({"a", "b"}), 2.0) == {"b"}
    assert late.note(frozenset({"a", "b", "c"}), 9.0) == {"c"}
    sighting = late.get("b")
    assert sighting is not None
    assert (sighting.at, sighting.among_known) == (2.0, True)
    assert set(json.loads(path.read_bytes())["keys"]) == {"a", "b", "c"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["seen.json"]


def test_memory_is_bounded() -> None:
    memory = FirstSeen()
    for round_ in range(6):
        memory.note(frozenset(f"{round_}-{number}" for number in range(1000)), float(round_))
    assert memory.get("0-0") is None or memory.get("0-1") is None
    assert all(memory.get(f"5-{number}") is not None for number in range(1000))
