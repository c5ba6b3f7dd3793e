from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.networks import CLASSES, NetworkColumns, Networks
from seawall_base.errors import ArtefactInvalid

from .mmdb_writer import write_mmdb


def facts(columns: NetworkColumns, at: int = 0) -> tuple[Any, ...]:
    """Return (prefix, AS number, name, country, class) of one row."""
    texts = (columns.prefix, columns.asn_name, columns.country, columns.network_class)
    prefix, name, country, network_class = (column[at].as_py() for column in texts)
    return prefix, int(columns.asn[at]), name, country, network_class


# Facts that are certain and stable: who holds these addresses.
@pytest.mark.parametrize(
    ("address", "asn", "country", "network_class"),
    [
        ("8.8.8.8", 15169, "US", "hosting"),
        ("1.1.1.1", 13335, "AU", "hosting"),  # registered with APNIC's research prefix
        ("9.9.9.9", 19281, "US", None),  # Quad9
        ("40.97.4.2", 8075, "US", "microsoft"),
        ("52.96.0.1", 8075, "US", "microsoft"),
        ("3.5.140.1", 16509, "US", "hosting"),
        ("73.10.20.30", 7922, "US", "residential"),
        ("172.58.1.1", 21928, "US", "mobile"),
        ("80.140.1.1", 3320, "DE", "residential"),
        ("88.198.1.1", 24940, "DE", "hosting"),
        ("18.26.0.1", 3, "US", "corporate"),  # MIT
        ("193.138.218.1", 39351, None, "anonymiser"),
        ("2a01:4f8::1", 24940, "DE", "hosting"),
        ("2001:4860:4860::8888", 15169, "US", "hosting"),
        ("2606:4700:4700::1111", 13335, "US", "hosting"),
        ("2603:1026::1", 8075, "US", "microsoft"),
        ("2603:10b6::1", 8075, "US", "microsoft"),  # Exchange Online's own servers: not announced
        ("2a01:cb00:1::1", 5511, "FR", "residential"),
        ("2003:c0::1", 3320, "DE", "residential"),
    ],
)
def test_facts_we_are_sure_of(
    networks: Networks, address: str, asn: int, country: str | None, network_class: str | None
) -> None:
    _, found_asn, name, found_country, found_class = facts(networks.look_up([address]))
    assert (found_asn, found_class) == (asn, network_class)
    assert name
    assert country is None or found_country == country


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("10.1.2.3", "10.1.2.0/24"),
        ("192.168.1.1", "192.168.1.0/24"),
        ("100.64.0.9", "100.64.0.0/24"),
        ("127.0.0.1", "127.0.0.0/24"),
        ("169.254.1.1", "169.254.1.0/24"),
        ("224.0.0.1", "224.0.0.0/24"),
        ("255.255.255.255", "255.255.255.0/24"),
        ("0.0.0.0", "0.0.0.0/24"),
        ("::1", "::/48"),
        ("fe80::1", "fe80::/48"),
        ("fd00:1:2:3::4", "fd00:1:2::/48"),
        ("2001:db8::1", "2001:db8::/48"),
        ("2001:0:1:2::3", "2001:0:1::/48"),  # Teredo
        ("2002:808:808::1", "2002:808:808::/48"),  # 6to4
    ],
)
def test_a_special_address_has_its_prefix_only(networks: Networks, address: str, prefix: str) -> None:
    assert facts(networks.look_up([address])) == (prefix, -1, None, None, None)


def test_what_is_no_address_is_null(networks: Networks) -> None:
    texts = ["", None, "nonsense", "1.2.3.4:80", "fe80::1%1", "999.1.1.1"]
    columns = networks.look_up(texts)
    for at in range(len(texts)):
        assert facts(columns, at) == (None, -1, None, None, None)


def test_a_mapped_address_is_the_v4_address(networks: Networks) -> None:
    columns = networks.look_up(["::ffff:8.8.8.8", "8.8.8.8", "::FFFF:808:808"])
    assert facts(columns, 0) == facts(columns, 1) == facts(columns, 2)


ANY = st.one_of(st.none(), st.text(), st.ip_addresses().map(str))


@given(st.lists(ANY))
def test_no_content_raises_and_the_order_is_kept(networks: Networks, texts: list[str | None]) -> None:
    columns = networks.look_up(texts)
    assert len(columns.prefix) == len(columns.asn) == len(columns.network_class) == len(texts)
    for at, text in enumerate(texts):
        assert facts(columns, at) == facts(networks.look_up([text]))
        assert facts(columns, at)[4] in {*CLASSES, None}


def test_all_ways_to_give_addresses_agree(networks: Networks) -> None:
    texts = ["8.8.8.8", None, "2a01:4f8::1", "x"]
    ways = (
        texts,
        tuple(texts),
        np.array(texts, object),
        pa.array(texts),
        pa.array(texts).dictionary_encode(),
    )
    told = [[facts(networks.look_up(way), at) for at in range(4)] for way in ways]
    assert all(one == told[0] for one in told)


def test_dictionaries_hold_each_value_once(networks: Networks) -> None:
    columns = networks.look_up(["8.8.8.8", "8.8.4.4", "8.8.8.9", "1.1.1.1"])
    for column in (columns.prefix, columns.asn_name, columns.country, columns.network_class):
        values = column.dictionary.to_pylist()
        assert len(values) == len(set(values))
        assert column.type == pa.dictionary(pa.int32(), pa.string())


def test_describe_is_plain_data_with_sources_and_licences(networks: Networks, tmp_path: Path) -> None:
    said = json.loads(json.dumps(networks.describe()))
    assert [source["licence"][:2] for source in said["sources"]] == ["CC", "CC"]
    assert said["date"] == "2026-06-17"
    assert said["counts"]["ipv4_intervals"] > 400_000
    assert said["databases"] == []
    own = write_mmdb(tmp_path / "own.mmdb", {"8.8.8.0/24": {}}, kind="GeoLite2-ASN")
    assert Networks.load([own]).describe()["databases"] == [
        {"file": "own.mmdb", "type": "GeoLite2-ASN", "build_epoch": 1_750_000_000}
    ]


# The operator's databases.

LAYOUTS: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "maxmind asn": (
        {"autonomous_system_number": 64500, "autonomous_system_organization": "Acme Hosting"},
        (64500, "Acme Hosting", "US", "hosting"),
    ),
    "maxmind country": (
        {"country": {"iso_code": "NL", "names": {"en": "Netherlands"}}, "continent": {"code": "EU"}},
        (15169, "Google LLC", "NL", "hosting"),
    ),
    "maxmind anonymous ip": (
        {"is_anonymous": True, "is_anonymous_vpn": True},
        (15169, "Google LLC", "US", "anonymiser"),
    ),
    "maxmind connection type": ({"connection_type": "Cellular"}, (15169, "Google LLC", "US", "mobile")),
    "enterprise traits": (
        {
            "traits": {"autonomous_system_number": 3320, "user_type": "business"},
            "country": {"iso_code": "DE"},
        },
        (3320, "Deutsche Telekom AG", "DE", "corporate"),
    ),
    "db-ip": (
        {
            "autonomous_system_number": 64501,
            "autonomous_system_organization": "Nordic Fiber",
            "country": {"iso_code": "SE"},
        },
        (64501, "Nordic Fiber", "SE", "residential"),
    ),
    "ipinfo lite": (
        {
            "asn": "AS64502",
            "as_name": "Some University",
            "as_domain": "x.test",
            "country": "Japan",
            "country_code": "JP",
        },
        (64502, "Some University", "JP", "corporate"),
    ),
    "ipinfo country asn": (
        {"asn": "AS7922", "as_name": "Comcast", "country": "CA", "country_name": "Canada"},
        (7922, "Comcast", "CA", "residential"),
    ),
    "ipinfo asn": ({"asn": "AS64503", "name": "Q", "type": "hosting"}, (64503, "Q", "US", "hosting")),
    "ipinfo privacy": (
        {"vpn": "true", "hosting": "true", "proxy": "false"},
        (15169, "Google LLC", "US", "anonymiser"),
    ),
    "ip-location-db": ({"country_code": "fr"}, (15169, "Google LLC", "FR", "hosting")),
    "nonsense": (
        {"asn": "none", "country": 7, "as_name": " ", "vpn": "false"},
        (15169, "Google LLC", "US", "hosting"),
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layouts_of_publishers(tmp_path: Path, layout: str) -> None:
    record, expected = LAYOUTS[layout]
    own = write_mmdb(tmp_path / "own.mmdb", {"8.8.8.0/24": record, "2001:4860::/32": record})
    columns = Networks.load([own]).look_up(["8.8.8.8", "9.9.9.9", "2001:4860::1", "::ffff:8.8.8.8", "x"])
    assert facts(columns, 0) == ("8.8.8.0/24", *expected)
    assert facts(columns, 1)[1] == 19281, "not in the database"
    assert facts(columns, 2)[1] == expected[0]
    assert facts(columns, 3) == facts(columns, 0)
    assert facts(columns, 4) == (None, -1, None, None, None)


def test_each_field_comes_from_the_first_database_that_has_it(tmp_path: Path) -> None:
    one = write_mmdb(tmp_path / "1.mmdb", {"8.8.8.0/24": {"country": {"iso_code": "NL"}}})
    two = write_mmdb(tmp_path / "2.mmdb", {"8.8.8.0/24": {"country": {"iso_code": "BE"}, "asn": "AS64500"}})
    columns = Networks.load([one, two]).look_up(["8.8.8.8"])
    # The table does not know AS 64500, so there is no name and no class: never Google's.
    assert facts(columns) == ("8.8.8.0/24", 64500, None, "NL", None)


def test_an_organisation_may_name_its_private_networks(tmp_path: Path) -> None:
    own = write_mmdb(
        tmp_path / "own.mmdb", {"10.0.0.0/8": {"asn": "AS64512", "as_name": "Acme", "type": "business"}}
    )
    columns = Networks.load([own]).look_up(["10.1.2.3"])
    assert facts(columns) == ("10.1.2.0/24", 64512, "Acme", None, "corporate")


def test_hosting_does_not_replace_microsoft(tmp_path: Path) -> None:
    own = write_mmdb(tmp_path / "own.mmdb", {"40.97.4.0/24": {"is_hosting_provider": True}})
    assert facts(Networks.load([own]).look_up(["40.97.4.2"]))[4] == "microsoft"


def test_a_database_of_v4_knows_no_v6(tmp_path: Path) -> None:
    own = write_mmdb(tmp_path / "own.mmdb", {"8.8.8.0/24": {"country_code": "FR"}}, version=4)
    columns = Networks.load([own]).look_up(["2001:4860:4860::8888", "8.8.8.8"])
    assert columns.country.to_pylist() == ["US", "FR"]


@pytest.mark.parametrize("content", [None, b"", b"not a database", b"\0" * 4096])
def test_a_broken_database_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "own.mmdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArtefactInvalid) as refusal:
        Networks.load([path])
    assert "own.mmdb" in refusal.value.message
    assert refusal.value.fix


def test_a_database_damaged_inside_is_refused(tmp_path: Path) -> None:
    own = write_mmdb(tmp_path / "own.mmdb", {"8.8.8.0/24": {"country_code": "FR"}})
    content = own.read_bytes()
    start = content.index(b"\x4ccountry_code") - 1
    own.write_bytes(content[:start] + b"\x3f\xff\xff\xff" + content[start + 4 :])
    with pytest.raises(ArtefactInvalid):
        Networks.load([own]).look_up(["8.8.8.8"])


def test_loading_is_quick_and_small() -> None:
    """Generous limits: ten times what was measured, so that only a change of kind fails."""
    code = (
        "import time, numpy, pyarrow.compute, maxminddb, zstandard, seawall.events.networks as enrich\n"
        "size = lambda: int(open('/proc/self/statm').read().split()[1]) * 4096\n"
        "before, start = size(), time.process_time()\n"
        "networks = enrich.Networks.load()\n"
        "print(time.process_time() - start, size() - before)\n"
    )
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs /proc")
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, growth = map(float, answer.stdout.split())
    assert seconds < 0.4
    assert growth < 60_000_000
