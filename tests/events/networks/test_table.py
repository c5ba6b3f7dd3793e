from __future__ import annotations

import hashlib
import ipaddress
import json
import runpy
import shutil
from bisect import bisect_right
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.networks.builtin_table import DATA, NetworkTable, load_table
from seawall.events.networks.networks import Networks
from seawall.events.networks.table_file import pack, unpack
from seawall_base.errors import ArtefactInvalid

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def builder() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "build_network_table.py"))


def test_the_artefact_is_the_one_its_record_names(table: NetworkTable, builder: dict[str, Any]) -> None:
    record = json.loads((DATA / "provenance.json").read_text())
    content = (DATA / record["artefact"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == record["sha256"]
    assert len(content) == record["bytes"] < 8_000_000
    assert record["counts"]["autonomous_systems"] == len(table.asn) - 1
    assert record["counts"]["countries"] == len(table.countries) - 1
    pinned = [(package.name, package.version, package.integrity) for package in builder["PACKAGES"]]
    assert [
        (source["package"], source["version"], source["integrity"]) for source in record["sources"]
    ] == pinned


def test_the_notice_names_every_source() -> None:
    notice = (ROOT / "NOTICE").read_text()
    for source in json.loads((DATA / "provenance.json").read_text())["sources"]:
        assert f"{source['package']} {source['version']}" in notice
    for owner in ("routeviews.org", "nro.net", "https://db-ip.com", "creativecommons.org/licenses/by/4.0"):
        assert owner in notice


def test_the_table_is_sorted_and_starts_at_zero(table: NetworkTable) -> None:
    for family in ("v4", "v6"):
        first = table._sections[f"{family}_first"]
        assert int.from_bytes(first[0].ljust(16, b"\0") if family == "v6" else bytes(4)) == 0
        assert (first[1:] > first[:-1]).all()
    assert (np.diff(table.asn) > 0).all()
    assert table.names.null_count == table.countries.null_count == 1


def first_addresses(table: NetworkTable, family: str) -> list[int]:
    first = table._sections[f"{family}_first"]
    if family == "v4":
        return [int(number) for number in first]
    raw = first.tobytes()
    return [int.from_bytes(raw[at : at + 16], "big") for at in range(0, len(raw), 16)]


@pytest.mark.parametrize("version", [4, 6])
def test_a_look_up_equals_bisection_over_whole_numbers(
    table: NetworkTable, networks: Networks, version: int
) -> None:
    """At random addresses and on both sides of random borders."""
    first = first_addresses(table, f"v{version}")
    random = np.random.default_rng(version)
    borders = [first[row] for row in random.integers(1, len(first), 2000)]
    anywhere = [int.from_bytes(random.bytes(version * 4 if version == 6 else 4), "big") for _ in range(500)]
    numbers = [number for border in borders for number in (border - 1, border)]
    numbers += [number % 2 ** (32 if version == 4 else 128) for number in anywhere]
    if version == 6:
        numbers = [number for number in numbers if number >> 32 != 0xFFFF]
    make = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    found = networks.look_up([str(make(number)) for number in numbers])
    rows = [bisect_right(first, number) - 1 for number in numbers]
    asn_row = table._sections[f"v{version}_asn"][rows]
    countries = table.countries.to_pylist()
    assert found.asn.tolist() == table.asn[asn_row].tolist()
    assert found.asn_name.to_pylist() == table.names.take(asn_row).to_pylist()
    assert found.country.to_pylist() == [
        countries[row] for row in table._sections[f"v{version}_country"][rows]
    ]


# A small table built by the tool, against a search through all ranges.

V4_NUMBER = st.integers(0, 2**32 - 1)
V6_NUMBER = st.integers(0, 2**128 - 1)


def disjoint(borders: list[int]) -> list[tuple[int, int, str]]:
    """Turn sorted borders into ranges that do not overlap, with gaps between some."""
    pairs = zip(borders[::2], borders[1::2], strict=False)
    return [(first, last + 1, str(row % 3 + 1)) for row, (first, last) in enumerate(pairs)]


@pytest.mark.parametrize("version", [4, 6])
def test_merging_says_of_every_address_what_the_ranges_say(builder: dict[str, Any], version: int) -> None:
    number = V4_NUMBER if version == 4 else V6_NUMBER
    borders = st.lists(number, unique=True, max_size=12).map(sorted)
    special = [
        network for network in map(ipaddress.ip_network, builder["SPECIAL"]) if network.version == version
    ]
    make = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address

    def said(ranges: list[tuple[int, int, str]], address: int) -> str:
        return next((value for first, end, value in ranges if first <= address < end), "")

    @given(borders, borders, st.lists(number))
    def check(system_borders: list[int], country_borders: list[int], addresses: list[int]) -> None:
        systems, countries = disjoint(system_borders), disjoint(country_borders)
        merged = builder["merge"](systems, countries, version)
        first = [row[0] for row in merged]
        assert all(one[1:] != two[1:] for one, two in pairwise(merged)), "joined"
        for address in [*addresses, *system_borders, *country_borders]:
            is_special = any(make(address) in network for network in special)
            expected = ("", "") if is_special else (said(systems, address), said(countries, address))
            assert merged[bisect_right(first, address) - 1][1:] == expected

    check()


def test_a_special_range_inside_another_ends_nothing(builder: dict[str, Any]) -> None:
    behind = int(ipaddress.IPv6Address("64:ff9b:2::"))
    merged = builder["merge"]([(behind, behind + 16, "1")], [], 6)
    assert all(row[1:] == ("", "") for row in merged)


def test_a_later_start_cuts_the_range_before_it_short(builder: dict[str, Any]) -> None:
    assert builder["clean"]([(5, 9, "b"), (0, 7, "a")]) == [(0, 5, "a"), (5, 9, "b")]


def test_a_known_holder_fills_gaps_only(builder: dict[str, Any]) -> None:
    ranges = [(0, 5, "a"), (12, 14, "b"), (15, 40, "c")]
    assert builder["fill_gaps"](ranges, "0.0.0.8/29", "x") == [
        (0, 5, "a"),
        (8, 12, "x"),
        (12, 14, "b"),
        (14, 15, "x"),
        (15, 40, "c"),
    ]
    assert builder["fill_gaps"]([], "0.0.0.8/29", "x") == [(8, 16, "x")]


# The container, and what is refused.


@given(st.lists(st.integers(0, 2**32 - 1)).map(sorted), st.lists(st.binary(min_size=16, max_size=16)))
def test_the_container_gives_back_what_was_packed(numbers: list[int], texts: list[bytes]) -> None:
    sections = {"n": np.array(numbers, "<u4"), "t": np.array(texts, "S16"), "small": np.arange(7, dtype="u1")}
    found = unpack(pack(sections, delta=frozenset({"n"}), level=1), "here")
    assert {name: column.tobytes() for name, column in found.items()} == {
        name: column.tobytes() for name, column in sections.items()
    }


@given(st.binary())
def test_no_content_raises_anything_but_the_refusal(content: bytes) -> None:
    for candidate in (content, b"SWNETS1\n" + content, b"SWNETS1\n\x02\0\0\0{}" + content):
        with pytest.raises(ArtefactInvalid):
            unpack(candidate, "here")


def copy_of_data(folder: Path) -> Path:
    shutil.copytree(DATA, folder / "data")
    return folder / "data"


def test_a_changed_byte_is_refused(tmp_path: Path) -> None:
    folder = copy_of_data(tmp_path)
    content = bytearray((folder / "networks.bin").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "networks.bin").write_bytes(content)
    with pytest.raises(ArtefactInvalid, match="SHA-256") as refusal:
        load_table(folder)
    assert refusal.value.fix


@pytest.mark.parametrize("name", ["networks.bin", "provenance.json"])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    folder = copy_of_data(tmp_path)
    (folder / name).unlink()
    with pytest.raises(ArtefactInvalid):
        load_table(folder)


@pytest.mark.parametrize("record", ["", "[]", "{}", "null", '{"artefact": 3, "sha256": 4}'])
def test_a_broken_record_is_refused(tmp_path: Path, record: str) -> None:
    folder = copy_of_data(tmp_path)
    (folder / "provenance.json").write_text(record)
    with pytest.raises(ArtefactInvalid):
        load_table(folder)


def test_a_table_without_a_section_is_refused(tmp_path: Path) -> None:
    content = pack({"asn": np.array([0], "<u4")})
    (tmp_path / "networks.bin").write_bytes(content)
    record = {"artefact": "networks.bin", "sha256": hashlib.sha256(content).hexdigest()}
    (tmp_path / "provenance.json").write_text(json.dumps(record))
    with pytest.raises(ArtefactInvalid, match="lacks"):
        load_table(tmp_path)
