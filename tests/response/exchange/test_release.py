"""What leaves an organisation: values of three and more, hashes of others, and nothing else, whatever is given."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.detection.campaigns import sightings
from seawall.detection.campaigns.campaign import Campaign, CampaignAccount, SharedValue
from seawall.response.errors import ExchangeRefused
from seawall.response.exchange import release
from seawall.response.exchange.group_key import GroupKey
from seawall.response.exchange.plain_form import EXCHANGE_KINDS, list_forms, spell_value
from seawall.response.exchange.received_pattern import read_pattern
from seawall.response.exchange.release import ReleaseRule, check_released, release_values
from seawall.response.exchange.tenant_value import TenantValue, list_campaign_values
from seawall.response.scope_values import IndicatorKind
from tests.response.exchange.validating import assert_valid_objects
from tests.thoroughness import examples

DAY = 86_400_000_000
KEY = GroupKey(b"k" * 32)
APP = "0f3a8f2e-0000-4000-8000-000000000001"
OUTSIDE = "198.51.100.7"
NOTHING_OWN = ReleaseRule(own=frozenset())
WITH_KEY = ReleaseRule(own=frozenset(), key=KEY)


def value(kind: IndicatorKind, text: str, organisations: int = 3) -> TenantValue:
    return TenantValue(kind, text, organisations, 20_000 * DAY + 5, 20_003 * DAY + 7)


def patterns(one: TenantValue, rule: ReleaseRule = NOTHING_OWN) -> list[str]:
    return [each["pattern"] for each in release_values([one], rule).objects]


def test_the_least_number_of_organisations_is_that_of_a_campaign() -> None:
    assert release.LEAST_ORGANISATIONS == sightings.LEAST_ORGANISATIONS == 3


@pytest.mark.parametrize(
    ("kind", "text", "pattern"),
    [
        ("address", OUTSIDE, "[ipv4-addr:value = '198.51.100.7']"),
        ("address", "198.51.100.0/24", "[ipv4-addr:value = '198.51.100.0/24']"),
        ("address", "2001:DB8::1", "[ipv6-addr:value = '2001:db8::1']"),
        ("address", "::ffff:198.51.100.7", "[ipv4-addr:value = '198.51.100.7']"),
        ("network", "AS64500", "[autonomous-system:number = 64500]"),
        ("app", APP.upper(), f"app:{APP}"),
        ("key", "AB" * 20, f"key:{'ab' * 20}"),
    ],
)
def test_a_value_of_three_organisations_leaves_as_it_is(kind: IndicatorKind, text: str, pattern: str) -> None:
    assert patterns(value(kind, text)) == [pattern]
    assert patterns(value(kind, text, 2)) == []
    hashed = release_values([value(kind, text, 2)], WITH_KEY).objects
    if "/" not in text or text.endswith("/24"):
        assert [one["pattern_type"] for one in hashed] == [release.HASH_PATTERN]
    assert text.lower() not in json.dumps(hashed).lower()


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("account", "ann@x.example", "kind"),
        ("mailbox", "ann@x.example", "kind"),
        ("session", "s-1", "kind"),
        ("token", "t-1", "kind"),
        ("device", "d-1", "kind"),
        ("incident", "3f9a", "kind"),
        ("address", "10.1.2.3", "internal"),
        ("address", "192.168.0.0/16", "internal"),
        ("address", "100.64.1.1", "internal"),
        ("address", "fd00::1", "internal"),
        ("address", "fe80::1", "internal"),
        ("address", "::1", "internal"),
        ("address", "2002:0a01:0203::1", "internal"),
        ("address", "::ffff:10.1.2.3", "internal"),
        ("address", "8.0.0.0/5", "form"),
        ("address", "fe80::1%eth0", "form"),
        ("address", "ann@x.example", "form"),
        ("network", "AS64512", "internal"),
        ("network", "AS4294967296", "form"),
        ("network", "Ann's network", "form"),
        ("app", "Ann's mail reader", "form"),
        ("app", "ann@x.example", "form"),
        ("app", "14d82eec-204b-4c2f-b7e8-296a70dab67e", "well-known"),
        ("key", "password of Ann", "form"),
        ("user_agent", "line\nbreak", "form"),
    ],
)
def test_what_never_leaves(kind: IndicatorKind, text: str, reason: str) -> None:
    for rule in (NOTHING_OWN, WITH_KEY):
        released = release_values([value(kind, text, 99)], rule)
        assert (released.objects, dict(released.withheld)) == ((), {reason: 1})


def test_own_addresses_never_leave_and_none_does_where_they_are_unknown() -> None:
    for organisations in (1, 9):
        one = value("address", OUTSIDE, organisations)
        block = value("address", "198.51.100.0/24", organisations)
        for rule in (
            ReleaseRule(own=frozenset({OUTSIDE, "198.51.100.0/24"}), key=KEY),
            ReleaseRule(own=frozenset(), own_blocks=(ipaddress.ip_network("198.51.0.0/16"),), key=KEY),
            ReleaseRule(own=frozenset(), own_blocks=(ipaddress.ip_network("198.51.100.7/32"),), key=KEY),
        ):
            assert dict(release_values([one, block], rule).withheld) == {"own": 2}
        assert dict(release_values([one], ReleaseRule(own=None, key=KEY)).withheld) == {"own-unknown": 1}


def test_a_name_never_leaves_although_it_has_the_form_of_an_id() -> None:
    rule = ReleaseRule(own=frozenset(), key=KEY, names=frozenset({APP}))
    assert dict(release_values([value("app", APP.upper(), 9)], rule).withheld) == {"name": 1}


def test_a_user_agent_leaves_as_a_hash_alone() -> None:
    one = value("user_agent", "Mozilla/5.0 (ann@x.example)", 99)
    assert dict(release_values([one], NOTHING_OWN).withheld) == {"few-organisations": 1}
    (made,) = release_values([one], WITH_KEY).objects
    assert made["pattern"] == f"user_agent:{KEY.hash_value('user_agent', one.value)}"


def test_a_hash_differs_by_key_and_kind_and_is_the_same_for_all_who_have_the_key() -> None:
    one = KEY.hash_value("app", APP)
    assert one == GroupKey(b"k" * 32).hash_value("app", APP)
    assert one not in {KEY.hash_value("key", APP), GroupKey(b"j" * 32).hash_value("app", APP)}
    assert "kkkk" not in repr(KEY)


def test_a_campaign_gives_its_values_without_names_and_accounts() -> None:
    accounts = tuple(CampaignAccount(name, f"ann@{name}.example", DAY, 2 * DAY, 1.0) for name in "abc")
    shared = (
        SharedValue("app", f"Contoso (Mail) ({APP})", 3, 3, 0),
        SharedValue("network", "AS64500 Contoso", 3, 3, 0),
        SharedValue("network", "198.51.100.0/24", 3, 3, 0),
        SharedValue("prefix", "198.51.100.0/24", 9, 3, 0),
        SharedValue("client", "outlook/desktop", 3, 3, 0),
    )
    found = list_campaign_values([Campaign("c", shared, accounts)])
    assert [(one.kind, one.value, one.organisations) for one in found] == [
        ("address", "198.51.100.0/24", 3),
        ("app", APP, 3),
        ("network", "AS64500", 3),
    ]


def test_a_later_day_is_a_later_version_of_the_same_object() -> None:
    one = value("app", APP)
    later = TenantValue("app", APP, 4, one.first, one.last + 9 * DAY)
    (before,), (after,) = (release_values([each], NOTHING_OWN).objects for each in (one, later))
    assert (before["id"], before["created"]) == (after["id"], after["created"])
    assert before["modified"] < after["modified"]
    assert before["valid_until"] < after["valid_until"]


KINDS = st.sampled_from(get_args(IndicatorKind))
TEXT = st.text(max_size=40)
ADDRESSES = st.ip_addresses().map(str) | st.builds(
    lambda address, length: str(ipaddress.ip_network(f"{address}/{length}", strict=False)),
    st.ip_addresses(v=4).map(str),
    st.integers(8, 32),
)
SECRET = st.from_regex(r"[A-Z][a-z]{8}[0-9]{6}", fullmatch=True)
"""Something that no honest object holds by chance."""


@st.composite
def tenant_values(draw: st.DrawFn) -> tuple[TenantValue, str]:
    """A value of any kind that holds a secret, or none, and that secret."""
    secret = draw(SECRET)
    text = draw(
        st.one_of(
            TEXT,
            ADDRESSES,
            st.uuids().map(str),
            st.sampled_from(
                ["{0}", "{0}@x.example", "app ({0})", "AS64500 {0}", "{0} 198.51.100.7", "Mozilla ({0})"]
            ),
        )
    )
    moment = st.integers(-(10**20), 10**20)
    shown = text.replace("{0}", secret)
    return TenantValue(draw(KINDS), shown, draw(st.integers(0, 9)), draw(moment), draw(moment)), secret


RULES = st.builds(
    ReleaseRule,
    own=st.none() | st.frozensets(ADDRESSES, max_size=3),
    key=st.none() | st.just(KEY),
    tlp=st.sampled_from(release.TLPS),
    days=st.integers(1, 3650),
)
WORDS = re.compile(r"[A-Za-z0-9 ,.-]*")


@settings(max_examples=examples(400, fewest=100))
@given(st.lists(tenant_values(), max_size=5), RULES)
def test_nothing_else_leaves(given_values: list[tuple[TenantValue, str]], rule: ReleaseRule) -> None:
    released = release_values([one for one, _ in given_values], rule)
    sent = json.dumps(released.objects)
    for _, secret in given_values:
        assert secret not in sent
        assert secret.lower() not in sent
    assert len(released.objects) + sum(released.withheld.values()) <= len(given_values)
    plain = {
        (kind, spelt)
        for one, _ in given_values
        for kind in EXCHANGE_KINDS
        if kind == one.kind and one.organisations >= 3 and (spelt := spell_value(kind, one.value))
    }
    hashes = {
        KEY.hash_value(kind, spelt)
        for one, _ in given_values
        for kind in EXCHANGE_KINDS
        if kind == one.kind and (spelt := spell_value(kind, one.value))
    }
    for made in released.objects:
        check_released(made)
        assert WORDS.fullmatch(made["name"] + made["description"])
        for time in ("created", "modified", "valid_from", "valid_until"):
            assert made[time].endswith("T00:00:00.000Z")
        if made["pattern_type"] == release.HASH_PATTERN:
            assert rule.key is not None
            assert made["pattern"].partition(":")[2] in hashes
            continue
        (read,) = read_pattern(made["pattern_type"], made["pattern"])
        assert read in plain
        assert read[0] != "user_agent"
        if read[0] == "address":
            assert rule.own is not None
            assert read[1] not in rule.own
            assert not ipaddress.ip_network(read[1]).overlaps(ipaddress.ip_network("10.0.0.0/8"))


@settings(max_examples=examples(40, fewest=10))
@given(st.lists(tenant_values(), max_size=5), RULES)
def test_every_object_is_valid(given_values: list[tuple[TenantValue, str]], rule: ReleaseRule) -> None:
    certain = [value("address", OUTSIDE), value("app", APP), value("network", "AS64500", 1)]
    assert_valid_objects(release_values([*certain, *(one for one, _ in given_values)], rule).objects)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Ann"},
        {"description": "of ann@x.example"},
        {"x_more": 1},
        {"created": "2026-03-01T12:00:00.000Z"},
        {"pattern": "[ipv4-addr:value = '10.0.0.1']"},
        {"pattern": "[user-account:user_id = 'ann']"},
        {"pattern_type": "stix", "pattern": "app:ann"},
        {"object_marking_refs": []},
        {"type": "identity"},
    ],
)
def test_the_last_look_refuses_what_is_no_released_object(change: dict[str, object]) -> None:
    (made,) = release_values([value("address", OUTSIDE)], NOTHING_OWN).objects
    check_released(made)
    with pytest.raises(ExchangeRefused):
        check_released({**made, **change})


@pytest.mark.parametrize(("text", "forms"), [("198.51.100.7", 2), ("198.51.100.0/24", 1), ("2001:db8::1", 2)])
def test_an_address_may_have_been_hashed_as_its_block(text: str, forms: int) -> None:
    assert len(list_forms("address", text)) == forms
