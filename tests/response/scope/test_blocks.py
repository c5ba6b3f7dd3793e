"""A block of addresses is one indicator: `explain` shows blocks, and what it shows can be searched for.

The intruder comes from two addresses of one /24 (v4) or /64 (v6) that has no other link between its records.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.response.scope.seeds import normalise_value
from seawall_base.errors import UsageError
from tests.response.scope.story import HISTORY, at_home, day_at, days_at_home, mailbox, searched, theirs

OTHER: dict[str, Any] = {
    "src_asn": 64999,
    "src_asn_name": "Elsewhere",
    "client": "other/browser",
    "app_uid": "other",
}


def _rows(first: str, second: str, **own: Any) -> list[dict[str, Any]]:
    block = {"src_prefix": None, **own}
    return [
        *days_at_home(),
        theirs("evil-ann", src_ip=first, **block),
        theirs("evil-bob", "bob", minute=40, src_ip=second, **{**OTHER, **block}),
    ]


@pytest.mark.parametrize(
    ("block", "first", "second"),
    [
        ("198.51.100.0/24", "198.51.100.9", "198.51.100.200"),
        ("198.51.100.77/24", "198.51.100.9", "198.51.100.200"),
        ("198.51.0.0/16", "198.51.1.9", "198.51.255.200"),
        ("2001:db8:1:2::/64", "2001:db8:1:2::9", "2001:db8:1:2:ffff::1"),
        ("2001:DB8:1::/48", "2001:db8:1:2::9", "2001:db8:1:3::1"),
        ("::ffff:198.51.100.0/120", "198.51.100.9", "198.51.100.200"),
    ],
)
def test_every_address_of_the_block_is_met(tmp_path: Path, block: str, first: str, second: str) -> None:
    value = normalise_value("address", block)
    scope = searched(tmp_path, _rows(first, second), ("address", block))
    assert [one.value for one in scope.seeds] == [value]
    assert (scope.steps[0].events, scope.steps[0].accounts) == (2, 2)
    assert mailbox(scope, "ann").verdict == mailbox(scope, "bob").verdict == "touched"
    assert mailbox(scope, "cara").verdict != "touched"
    assert {one.value for one in scope.known_by if one.kind == "address"} == {first, second}
    assert not [one for one in scope.steps if one.round and one.indicator.value in (first, second)]


def test_addresses_beside_the_block_are_not_met(tmp_path: Path) -> None:
    scope = searched(tmp_path, _rows("198.51.100.9", "198.51.101.9"), ("address", "198.51.100.0/24"))
    assert mailbox(scope, "ann").verdict == "touched"
    assert mailbox(scope, "bob").verdict != "touched"
    nothing = searched(tmp_path, _rows("198.51.100.9", "198.51.101.9"), ("address", "192.0.2.0/24"))
    assert nothing.steps[0].reason == "given; no record of the span carries it"


def test_a_block_that_the_account_used_before_does_not_prove(tmp_path: Path) -> None:
    """Two days with two addresses of the block are a habit of the block, though of no address."""
    before = [
        {
            **at_home("ann", f"trip-{day}", day, 300)[1],
            "src_ip": f"198.51.100.{day}",
            "src_prefix": "198.51.100.0/24",
        }
        for day in (HISTORY - 3, HISTORY - 2)
    ]
    rows = [*_rows("198.51.100.9", "198.51.100.200"), *before]
    scope = searched(tmp_path, rows, ("address", "198.51.100.0/24"), start=day_at(HISTORY))
    assert mailbox(scope, "ann").verdict == "possible"
    assert mailbox(scope, "bob").verdict == "touched"


def test_a_block_of_one_address_is_that_address() -> None:
    assert normalise_value("address", "198.51.100.9/32") == "198.51.100.9"
    assert normalise_value("address", "2001:db8::1/128") == "2001:db8::1"


@pytest.mark.parametrize(
    "text",
    ["0.0.0.0/0", "10.0.0.0/8", "198.50.0.0/15", "::/0", "2001:d00::/24", "::ffff:0:0/96", "198.51.100.0/33",
     "198.51.100.0/", "/24", "198.51.100/24", "198.51.100.0/24/24", "198.51.100.0/-1", "fe80::1%eth0/64", "x/24"],
)  # fmt: skip
def test_a_block_that_is_none_or_too_large_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        normalise_value("address", text)
    assert refused.value.fix
