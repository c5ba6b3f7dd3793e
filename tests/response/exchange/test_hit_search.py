"""What shows an indicator: who, on which day, and whether the value means anything in that organisation."""

from __future__ import annotations

from typing import Any

import pytest

from seawall.detection.feedback.indicator_hits import IndicatorHit
from seawall.response.exchange.group_key import GroupKey
from seawall.response.exchange.hit_search import HitSearch, name_source
from seawall.response.exchange.matching import WantedIndicator
from tests.sample_events import START, event, table

AT = int(START.timestamp()) * 1_000_000
DAY = 86_400_000_000
KEY = GroupKey(b"k" * 32)
EVIL: dict[str, Any] = {
    "src_ip": "198.51.100.66", "src_prefix": "198.51.100.0/24", "src_asn": 64501, "src_asn_name": "Evil Hosting",
    "user_agent": "curl/8.1",
}  # fmt: skip
HUB = "https://hub.example/customers/contoso/collections/1/"


def wanted(kind: Any = "address", value: str = "198.51.100.66", **more: Any) -> WantedIndicator:
    return WantedIndicator(
        **{"kind": kind, "value": value, "start": 0, "origin": HUB, "confidence": 80, **more}
    )


def peers(count: int, days: int = 10) -> list[dict[str, Any]]:
    return [
        event(f"p{number}-{day}", day, number / 10, account=f"p{number}@x.example")
        for number in range(count)
        for day in range(days)
    ]


def search(
    rows: list[dict[str, Any]], *indicators: WantedIndicator, key: GroupKey | None = None
) -> list[IndicatorHit]:
    looking = HitSearch(indicators, key)
    for day in sorted({row["time"].date() for row in rows}):
        own = [row for row in rows if row["time"].date() == day]
        looking.add_day(
            [table(own[: len(own) // 2]), table(own[len(own) // 2 :])] if len(own) > 1 else [table(own)]
        )
    return looking.list_hits()


def test_a_hit_names_account_day_network_records_and_source() -> None:
    rows = [
        *peers(20),
        event("x", 3, 5, account="bob@x.example", **EVIL),
        event("y", 3, 9, account="bob@x.example", **EVIL),
    ]
    (hit,) = search(rows, wanted())
    assert (hit.tenant, hit.account, hit.day) == ("org", "bob@x.example", AT // DAY + 3)
    assert (hit.network, hit.events, hit.records) == ("AS64501 Evil Hosting", ("x", "y"), 2)
    assert (hit.source, hit.confidence, hit.others, hit.peers) == ("hub.example", 80, 0, 20)
    assert hit.can_raise
    assert hit.describe() == (
        "hub.example names the address 198.51.100.66 as an intruder's, confidence 80 of 100: 2 records show it; "
        "0 of 20 other accounts use it"
    )
    assert search(rows, wanted(value="198.51.100.67")) == []


def test_no_hit_outside_the_validity() -> None:
    rows = [*peers(20), event("x", 3, 5, account="bob@x.example", **EVIL)]
    assert search(rows, wanted(end=AT + 3 * DAY)) == []
    assert search(rows, wanted(start=AT + 4 * DAY)) == []
    assert len(search(rows, wanted(start=AT + 3 * DAY, end=AT + 4 * DAY))) == 1


def test_a_value_that_many_use_is_no_hit() -> None:
    """A list with a provider's own block, or the office's address, must not raise half of the organisation."""
    rows = peers(40)
    assert search(rows, wanted(value="203.0.113.7")) == []
    assert search(rows, wanted("network", "AS64500")) == []
    assert search(rows, wanted(value="203.0.113.0/24")) == []


def test_a_spray_makes_an_address_no_more_common() -> None:
    refused = [
        event(f"f{number}", 3, number, account=f"p{number}@x.example", status="failure", **EVIL)
        for number in range(40)
    ]
    rows = [*peers(40), *refused, event("in", 3, 60, account="p7@x.example", **EVIL)]
    found = search(rows, wanted())
    assert [hit.account for hit in found if hit.can_raise] == ["p7@x.example"]
    assert next(hit for hit in found if hit.account == "p7@x.example").others == 0


@pytest.mark.parametrize("before", [0, 2, 3])
def test_the_account_s_own_value_is_no_hit(before: int) -> None:
    own = [event(f"o{day}", day, 1, account="bob@x.example", **EVIL) for day in range(before)]
    other = [event(f"h{day}", day, 2, account="bob@x.example") for day in range(10)]
    rows = [*peers(20), *own, *other, event("x", 8, 5, account="bob@x.example", **EVIL)]
    assert bool(search(rows, wanted(start=AT + 7 * DAY))) is (before < 3)


def test_an_address_of_every_day_is_the_account_s_own_whenever_the_list_says_it_began() -> None:
    rows = [*peers(20), *(event(f"o{day}", day, 1, account="bob@x.example", **EVIL) for day in range(10))]
    assert search(rows, wanted(start=0)) == []


def test_hashes_match_with_the_key_alone() -> None:
    rows = [*peers(20), event("x", 3, 5, account="bob@x.example", **EVIL)]
    hashed = wanted("user_agent", KEY.hash_value("user_agent", "curl/8.1"), is_hashed=True)
    (hit,) = search(rows, hashed, key=KEY)
    assert (hit.kind, hit.value, hit.can_raise) == ("user_agent", "curl/8.1", False)
    assert search(rows, hashed) == []


def test_weak_kinds_wide_blocks_and_low_confidence_raise_nothing_by_themselves() -> None:
    rows = [*peers(20), event("x", 3, 5, account="bob@x.example", **EVIL)]
    for one in (wanted("network", "AS64501"), wanted(value="198.51.0.0/16"), wanted(confidence=29)):
        (hit,) = search(rows, one)
        assert hit.weight > 0
        assert not hit.can_raise
    (block,) = search(rows, wanted(value="198.51.100.0/24", confidence=None))
    assert block.can_raise


def test_an_indicator_of_one_organisation_counts_there_alone() -> None:
    rows = [
        *peers(20), event("x", 3, 5, account="bob@x.example", **EVIL),
        event("z", 3, 5, account="eve@y.example", org_uid="other", **EVIL),
    ]  # fmt: skip
    assert [hit.tenant for hit in search(rows, wanted(tenant="other", origin=""))] == ["other"]
    assert [hit.tenant for hit in search(rows, wanted())] == ["org", "other"]


def test_an_account_is_no_indicator_of_itself() -> None:
    rows = [*peers(20), event("x", 3, 5, account="bob@x.example", **EVIL)]
    assert search(rows, wanted("account", "bob@x.example", origin="")) == []


def test_the_source_is_a_host_without_what_its_path_tells() -> None:
    assert name_source(HUB) == "hub.example"
    assert name_source("") == ""
    assert name_source("http://[") == "an indicator list"
    assert "\x1b" not in name_source("https://a\x1b[31m.example/")
