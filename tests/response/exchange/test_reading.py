"""What others send: patterns that are read and those that are not, limits, markings, and hostile texts."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.response.exchange import reading
from seawall.response.exchange.lone_surrogates import replace_lone_escapes
from seawall.response.exchange.reading import ReadObjects, read_objects
from seawall.response.exchange.received_pattern import PatternUnread, read_pattern
from seawall.response.exchange.release import HASH_PATTERN, VALUE_PATTERN

AGENT = "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"
NOW = 1_772_000_000_000_000
ID = "indicator--0f3a8f2e-0000-4000-8000-000000000001"
ONE: dict[str, Any] = {
    "type": "indicator",
    "spec_version": "2.1",
    "id": ID,
    "created": "2026-01-01T00:00:00.000Z",
    "modified": "2026-01-02T00:00:00.000Z",
    "pattern": "[ipv4-addr:value = '198.51.100.7']",
    "pattern_type": "stix",
    "valid_from": "2026-01-01T00:00:00Z",
}


def read(*objects: Any) -> ReadObjects:
    return read_objects(
        [msgspec.Raw(json.dumps(one).encode()) for one in objects], "https://hub.example/c/", NOW
    )


@pytest.mark.parametrize(
    ("kind", "pattern", "values"),
    [
        ("stix", "[ipv4-addr:value = '198.51.100.7']", [("address", "198.51.100.7")]),
        ("stix", "[ ipv4-addr:value='198.51.100.0/24' ]", [("address", "198.51.100.0/24")]),
        ("stix", "[ipv4-addr:value ISSUBSET '198.51.100.0/24']", [("address", "198.51.100.0/24")]),
        ("stix", "[ipv6-addr:value IN ('2001:db8::1', '2001:DB8::2')]", [("address", "2001:db8::1"), ("address", "2001:db8::2")]),
        ("stix", "[autonomous-system:number = 64500 OR ipv4-addr:value = '198.51.100.7']",
         [("network", "AS64500"), ("address", "198.51.100.7")]),
        ("stix", "[ipv4-addr:value = '198.51.100.7'] OR [ipv4-addr:value = '198.51.100.7']", [("address", "198.51.100.7")]),
        ("stix", rf"[{AGENT} = 'it\'s']", [("user_agent", "it's")]),
        (VALUE_PATTERN, "app:0F3A8F2E-0000-4000-8000-000000000001", [("app", "0f3a8f2e-0000-4000-8000-000000000001")]),
        (HASH_PATTERN, f"address:{'ab' * 32}", [("address", "ab" * 32)]),
    ],
)  # fmt: skip
def test_values_joined_by_or_are_read(kind: str, pattern: str, values: list[tuple[str, str]]) -> None:
    assert read_pattern(kind, pattern) == values


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("stix", "[ipv4-addr:value = '198.51.100.7' AND autonomous-system:number = 64500]"),
        ("stix", "[ipv4-addr:value = '198.51.100.7'] FOLLOWEDBY [ipv4-addr:value = '198.51.100.8']"),
        ("stix", "[ipv4-addr:value = '198.51.100.7'] REPEATS 5 TIMES"),
        ("stix", "[ipv4-addr:value NOT = '198.51.100.7']"),
        ("stix", "[ipv4-addr:value != '198.51.100.7']"),
        ("stix", "[ipv4-addr:value LIKE '198.%']"),
        ("stix", "[user-account:user_id = 'ann@x.example']"),
        ("stix", "[email-addr:value = 'ann@x.example']"),
        ("stix", "[ipv4-addr:value = '10.0.0.1']"),
        ("stix", "[ipv4-addr:value = '0.0.0.0/0']"),
        ("stix", "[ipv4-addr:value = 'x' OR "),
        ("stix", "[" * 20_000),
        ("stix", "[" * 5_000),
        ("stix", ""),
        (
            "stix",
            f"[ipv4-addr:value IN ({', '.join(repr(f'198.51.{n // 250}.{n % 250}') for n in range(500))})]",
        ),
        ("sigma", "title: x"),
        (VALUE_PATTERN, "app:<script>"),
        (VALUE_PATTERN, "account:ann@x.example"),
        (HASH_PATTERN, f"account:{'ab' * 32}"),
        (HASH_PATTERN, "address:ab"),
    ],
)
def test_what_means_more_or_something_else_is_not_read(kind: str, pattern: str) -> None:
    with pytest.raises(PatternUnread):
        read_pattern(kind, pattern)


@given(
    st.text(max_size=200) | st.text("[]()='\\, ORANDIN.:", max_size=60),
    st.sampled_from(["stix", VALUE_PATTERN, HASH_PATTERN, "x"]),
)
def test_no_text_does_more_than_be_refused(pattern: str, kind: str) -> None:
    with suppress(PatternUnread):
        assert read_pattern(kind, pattern)


def test_an_indicator_is_read_with_validity_confidence_and_marking() -> None:
    more = {
        "valid_until": "2027-01-01T00:00:00Z",
        "confidence": 70,
        "name": "<b>\x1b[31mred</b>",
        "object_marking_refs": [
            "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
            "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        ],
    }
    (found,) = read({**ONE, **more}).indicators
    assert (found.id, found.values, found.confidence, found.tlp) == (
        ID,
        (("address", "198.51.100.7"),),
        70,
        "amber+strict",
    )
    assert found.start == 1_767_225_600_000_000
    assert found.end == 1_798_761_600_000_000
    assert "\x1b" not in found.name
    (plain,) = read(ONE).indicators
    assert (plain.end, plain.confidence, plain.tlp, plain.name) == (None, None, "", "")


def test_an_unknown_marking_is_the_strictest() -> None:
    (found,) = read(
        {**ONE, "object_marking_refs": ["marking-definition--0f3a8f2e-0000-4000-8000-000000000009"]}
    ).indicators
    assert found.tlp == "red"


def test_what_its_author_took_back_is_named() -> None:
    found = read({**ONE, "revoked": True})
    assert (found.indicators, found.revoked) == ([], [ID])


@pytest.mark.parametrize(
    "change",
    [
        {"type": "malware"},
        {"type": 7},
        {"id": "indicator--x"},
        {"id": "../../etc/passwd"},
        {"spec_version": "2.0"},
        {"pattern": None},
        {"pattern": "[file:name = 'x']"},
        {"valid_from": "yesterday"},
        {"valid_from": "0001-01-01T00:00:00Z"},
        {"valid_from": 7},
        {"valid_until": "2025-01-01T00:00:00Z"},
        {"valid_until": "2026-01-15T00:00:00Z"},
        {"confidence": 101},
        {"confidence": "high"},
        {"confidence": 10**40},
        {"object_marking_refs": "red"},
        {"name": ["x"]},
    ],
)
def test_what_makes_no_sense_is_counted_and_stops_nothing(change: dict[str, Any]) -> None:
    found = read({**ONE, **change}, ONE)
    assert [one.id for one in found.indicators] == [ID]
    assert sum(found.left_out.values()) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b"7",
        b'"x"',
        b"null",
        b'{"type":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"x": "' + b"x" * 70_000 + b'"}',
    ],
)
def test_a_thing_that_is_no_object_is_counted(raw: bytes) -> None:
    found = read_objects([msgspec.Raw(raw), msgspec.Raw(json.dumps(ONE).encode())], "s", NOW)
    assert [one.id for one in found.indicators] == [ID]
    assert sum(found.left_out.values()) == 1


def test_levels_are_in_order() -> None:
    assert set(reading.TLP_LEVELS.values()) == set(reading.LEVELS) - {""}


@given(st.text(st.characters() | st.sampled_from('\ud800\udbff\udc00\udfff\\"ud8'), max_size=20))
def test_lone_surrogates_make_no_json_unreadable(text: str) -> None:
    mended = replace_lone_escapes(json.dumps([text]).encode())
    assert msgspec.json.decode(mended) == json.loads(mended)
    if not re.search("[\ud800-\udfff]", text):
        assert json.loads(mended) == [text]
    assert len(json.loads(mended)[0]) <= len(text)
