"""Which accounts show an indicator: by value, by block, by hash, within its validity, and with their incidents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from seawall.events.event import ENRICHED_SCHEMA
from seawall.response.exchange.group_key import GroupKey
from seawall.response.exchange.matching import (
    MATCH_COLUMNS,
    IndicatorMatcher,
    IndicatorSighting,
    WantedIndicator,
    list_wanted,
)
from seawall.response.exchange.own_addresses import find_own_blocks, parse_own_blocks
from seawall.response.exchange.tenant_value import TenantValue
from seawall.response.scope_values import IndicatorKind
from seawall.storage.database.indicators import SavedIndicator
from seawall.storage.database.received_indicators import ReceivedIndicator
from seawall_base.errors import UsageError
from tests.sample_events import START, event, table

KEY = GroupKey(b"k" * 32)
AGENT = "curl/8.1"
APP = "0f3a8f2e-0000-4000-8000-000000000001"
AT = int(START.timestamp()) * 1_000_000
MINUTE = 60_000_000
DAY = 86_400_000_000
BOB: dict[str, Any] = {
    "account": "bob@x.example", "src_ip": "198.51.100.66", "src_prefix": "198.51.100.0/24", "src_asn": 64501,
    "app_uid": APP, "user_agent": AGENT, "session_uid": "stolen",
}  # fmt: skip
EVENTS = table([event("a", 0, 0), event("b", 0, 10, **BOB), event("c", 1, 10, **BOB)])


def look(*wanted: WantedIndicator, key: GroupKey | None = KEY) -> list[IndicatorSighting]:
    matcher = IndicatorMatcher(wanted, key)
    for start in range(len(EVENTS)):
        matcher.add(EVENTS.slice(start, 1))
    return matcher.list_sightings()


def hashed(kind: Any, value: str, **more: Any) -> WantedIndicator:
    return WantedIndicator(kind, KEY.hash_value(kind, value), 0, is_hashed=True, **more)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("address", "198.51.100.66", "198.51.100.66"),
        ("address", "198.51.100.0/24", "198.51.100.66"),
        ("address", "198.51.0.0/16", "198.51.100.66"),
        ("network", "AS64501", "AS64501"),
        ("app", APP, APP),
        ("user_agent", AGENT, AGENT),
        ("session", "stolen", "stolen"),
        ("account", "bob@x.example", "bob@x.example"),
    ],
)
def test_a_value_finds_its_records_and_no_others(kind: IndicatorKind, value: str, shown: str) -> None:
    (one,) = look(WantedIndicator(kind, value, 0))
    assert (one.tenant, one.account, one.value, one.records) == ("org", "bob@x.example", shown, 2)
    assert (one.first, one.last) == (AT + 10 * MINUTE, AT + DAY + 10 * MINUTE)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("address", "198.51.100.66"),
        ("address", "198.51.100.0/24"),
        ("network", "AS64501"),
        ("app", APP),
        ("user_agent", AGENT),
    ],
)
def test_a_hash_finds_the_same_with_the_key_alone(kind: IndicatorKind, value: str) -> None:
    (one,) = look(hashed(kind, value))
    assert (one.account, one.records) == ("bob@x.example", 2)
    assert look(hashed(kind, value), key=None) == []
    assert look(hashed(kind, value), key=GroupKey(b"j" * 32)) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("address", "192.0.2.1"),
        ("address", "192.0.2.0/24"),
        ("network", "AS64502"),
        ("app", "x"),
        ("address", "bob"),
        ("token", "stolen"),
    ],
)
def test_what_nobody_shows_is_not_found(kind: IndicatorKind, value: str) -> None:
    assert look(WantedIndicator(kind, value, 0)) == []


def test_an_indicator_counts_while_it_is_valid_and_in_its_organisation() -> None:
    first = AT + 10 * MINUTE
    (one,) = look(WantedIndicator("session", "stolen", first + 1))
    assert (one.first, one.records) == (first + DAY, 1)
    (one,) = look(WantedIndicator("session", "stolen", first, first + 1))
    assert (one.last, one.records) == (first, 1)
    assert look(WantedIndicator("session", "stolen", 0, first)) == []
    assert look(WantedIndicator("session", "stolen", 0, tenant="other")) == []
    assert len(look(WantedIndicator("session", "stolen", 0, tenant="org"))) == 1


def test_saved_and_received_indicators_are_looked_for() -> None:
    saved = [
        SavedIndicator("session:stolen", "org", 5, "note", "ann", 9),
        SavedIndicator("day:2026-03-02", "", 5, "", "ann", 9),
    ]
    received = [
        ReceivedIndicator(
            "https://hub.example/",
            "indicator--1",
            (("address", "198.51.100.66"), ("odd", "x")),
            7,
            8,
            9,
            tlp="red",
        )
    ]
    found = list_wanted(saved, received)
    assert [(one.kind, one.value, one.start, one.tenant, one.origin, one.tlp) for one in found] == [
        ("session", "stolen", 5, "org", "", ""),
        ("address", "198.51.100.66", 7, "", "https://hub.example/", "red"),
    ]


def test_columns_are_those_of_events_and_missing_ones_match_nothing() -> None:
    assert set(MATCH_COLUMNS) <= set(ENRICHED_SCHEMA.names)
    matcher = IndicatorMatcher(
        [WantedIndicator("session", "stolen", 0), WantedIndicator("network", "AS64501", 0)]
    )
    matcher.add(EVENTS.select(["time", "account", "src_asn"]), "mine")
    assert [(one.tenant, one.value) for one in matcher.list_sightings()] == [("mine", "AS64501")]


def _used(
    days: range, account: str = "ann@x.example", address: str = "198.51.100.9", **more: Any
) -> list[dict[str, Any]]:
    return [event(f"{account}-{day}", day, account=account, src_ip=address, **more) for day in days]


@pytest.mark.parametrize(
    ("rows", "is_own"),
    [
        (_used(range(3)), True),
        (_used(range(2)), False),
        (_used(range(8, 20)), False),
        (
            _used(range(8, 11)) + _used(range(8, 11), "bob@x.example") + _used(range(8, 11), "eve@x.example"),
            True,
        ),
        (
            _used(range(8, 11)) + _used(range(8, 11), "bob@x.example") + _used(range(8, 10), "eve@x.example"),
            False,
        ),
        (
            _used(range(8, 11))
            + _used(range(8, 11), "bob@x.example")
            + _used(range(8, 11), "eve@x.example", org_uid="b"),
            False,
        ),
        (_used(range(3), address="198.51.101.9"), False),
        (_used(range(3), address="not an address"), False),
    ],
)
def test_an_address_used_before_the_intrusion_or_by_many_for_days_is_own(
    rows: list[dict[str, Any]], is_own: bool
) -> None:
    first = int((START + timedelta(days=5)).timestamp()) * 1_000_000
    values = [
        TenantValue("address", "198.51.100.7", 1, first, first),
        TenantValue("app", APP, 1, first, first),
    ]
    tables = [table(rows).slice(start, 1) for start in range(len(rows))]
    assert find_own_blocks(tables, values) == (frozenset({"198.51.100.7"}) if is_own else frozenset())


def test_blocks_named_by_the_operator_are_read_or_refused() -> None:
    assert [str(one) for one in parse_own_blocks(["198.51.100.0/24", "2001:db8::1"])] == [
        "198.51.100.0/24",
        "2001:db8::1/128",
    ]
    for text in ("198.51.100.7/24", "office", ""):
        with pytest.raises(UsageError):
            parse_own_blocks([text])


def test_events_without_the_columns_show_nothing_own() -> None:
    assert (
        find_own_blocks(
            [pa.table({"time": pa.array([1])})], [TenantValue("address", "198.51.100.7", 1, 0, 0)]
        )
        == frozenset()
    )
