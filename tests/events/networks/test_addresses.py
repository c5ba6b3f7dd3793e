from __future__ import annotations

import ipaddress
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.events.networks.addresses import as_text_array, parse, v4_prefixes, v6_prefixes

OCTET_LIKE = st.one_of(st.integers(0, 300).map(str), st.sampled_from(["", "00", "01", "1a", " 1", "-1", "٣"]))
QUAD_LIKE = st.lists(OCTET_LIKE, min_size=3, max_size=5).map(".".join)
V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6)
TEXTS = st.lists(
    st.one_of(st.none(), st.text(), QUAD_LIKE, V4.map(str), V6.map(str), V6.map(lambda v6: v6.exploded))
)


def reference(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """What the standard library makes of a text, by the rules of the module."""
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return None if address.scope_id is not None else address.ipv4_mapped or address
    return address


@given(TEXTS)
@example(
    ["1.2.3.4", None, "256.1.1.1", "1.2.3", "1.2.3.4.5", "1.2.3.04", "1..2.3", ".1.2.3", "::ffff:9.9.9.9"]
)
@example(["1.2.3.4:443", "[1.2.3.4]", "[::1]:443", "fe80::1%eth0", "]-0", "null", "", "1.2.3.4\0", "::1\0"])
@example(["\ud800", "1.1.1.1"])
def test_every_text_is_parsed_as_the_standard_library_does(texts: list[str | None]) -> None:
    parsed = parse(as_text_array(texts))
    found: list[str | None] = [None] * len(texts)
    for at, text in parsed.texts():
        assert found[at] is None, "one address for each text"
        found[at] = text
    expected = [reference(text) for text in texts]
    assert [ipaddress.ip_address(text) if text else None for text in found] == expected


def test_a_slice_of_an_array_is_parsed_by_itself() -> None:
    whole = pa.array(["9.9.9.9", None, "1.2.3.4", "::5", "8.8.8.8"])
    parsed = parse(whole.slice(1, 3))
    assert dict(parsed.texts()) == {1: "1.2.3.4", 2: "::5"}


@pytest.mark.parametrize("texts", [[], [None], [""], ["."], [None, None]])
def test_nothing_gives_nothing(texts: list[str | None]) -> None:
    parsed = parse(as_text_array(texts))
    assert parsed.count == len(texts)
    assert list(parsed.texts()) == []


@pytest.mark.parametrize(
    "values",
    [["1.2.3.4", float("nan"), None, 7], np.array(["1.2.3.4", None], object), np.array(["1.2.3.4", "x"])],
)
def test_other_things_than_text_are_no_address(values: Any) -> None:
    assert list(parse(as_text_array(values)).texts()) == [(0, "1.2.3.4")]


@given(st.lists(V4, min_size=1))
def test_v4_prefix_is_the_24(addresses: list[ipaddress.IPv4Address]) -> None:
    texts = v4_prefixes(np.array([int(address) >> 8 for address in addresses], np.uint32)).to_pylist()
    assert texts == [str(ipaddress.ip_network((int(address), 24), strict=False)) for address in addresses]


@given(st.lists(V6, min_size=1))
def test_v6_prefix_is_the_48(addresses: list[ipaddress.IPv6Address]) -> None:
    texts = v6_prefixes(np.array([int(address) >> 80 for address in addresses], np.uint64)).to_pylist()
    expected = [ipaddress.IPv6Network((int(address), 48), strict=False) for address in addresses]
    assert [ipaddress.IPv6Network(text) for text in texts] == expected
