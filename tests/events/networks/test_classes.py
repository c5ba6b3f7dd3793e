from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.networks import CLASSES, classify_network
from seawall.events.networks.builtin_table import NetworkTable
from seawall.events.networks.known_systems import BY_CLASS

NO_NUMBER = -1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Hostinger International Limited", "hosting"),
        ("Serverius Holding B.V.", "hosting"),
        ("HostRoyale Technologies Pvt Ltd", "hosting"),
        ("Amazon Data Center Something", "hosting"),
        ("UpCloud Ltd", "hosting"),
        ("GTHost", "hosting"),
        ("Starlink", None),
        ("Ghost Ltd", None),
        ("Youth Hostels Association", None),
        ("Comcast Cable Communications, LLC", "residential"),
        ("FIBRANET TELECOM LTDA", "residential"),
        ("Mifflin County Wireless LLC", "residential"),
        ("Rakuten Mobile, Inc.", "mobile"),
        ("Inland Cellular", "mobile"),
        ("University of Michigan", "corporate"),
        ("St. Cloud State University", "corporate"),
        ("Bank of America, National Association", "corporate"),
        ("City of Palo Alto", "corporate"),
        ("CITY NETWORK AB", None),
        ("Castle VPN", "anonymiser"),
        ("VPNET INC", None),
        ("HAProxy Technologies, Inc.", None),
        ("Alcoholics Anonymous World Services, Inc", None),
        ("Banque Internationale a Luxembourg, societe anonyme", "corporate"),
        ("Acme Hosting & Broadband", None),
        ("Microsoft Impostor Ltd", None),
        ("Universität Zürich", "corporate"),
        ("", None),
        (None, None),
    ],
)
def test_the_words_of_a_name(name: str | None, expected: str | None) -> None:
    assert classify_network(NO_NUMBER, name) == expected


def test_a_known_number_wins_over_the_words() -> None:
    assert classify_network(8075, "Castle VPN") == "microsoft"
    assert classify_network(174, "Cogent Communications") is None


@given(st.text(), st.integers(-1, 2**32 - 1))
def test_no_name_raises(name: str, asn: int) -> None:
    assert classify_network(asn, name) in {*CLASSES, None}


def test_a_system_is_listed_once() -> None:
    times = Counter(asn for systems in BY_CLASS.values() for asn in systems)
    assert [asn for asn, count in times.items() if count > 1] == []
    assert set(BY_CLASS) == {*CLASSES, None}


FORGET = {6584, 12576}
"""Known, but announcing nothing in this table."""

OTHER_NAMES = {
    # our name → how the table calls the holder, where no word is common to both
    719: "RIPE Network Coordination Centre",  # Elisa; a flaw of the source
}


def test_a_listed_system_is_in_the_table(table: NetworkTable) -> None:
    """So that a mistyped number is found."""
    listed = {asn for systems in BY_CLASS.values() for asn in systems}
    assert listed - set(table.asn.tolist()) == FORGET


@pytest.mark.parametrize(
    ("label", "holder"),
    [
        ("Microsoft", "Microsoft"),
        ("Amazon", "Amazon"),
        ("Google", "Google"),
        ("Hetzner", "Hetzner"),
        ("Leaseweb", "Leaseweb"),
        ("Charter", "Charter"),
        ("China Mobile", "China Mobile"),
        ("Vodafone", "Vodafone|VF UKRAINE|One Hungary"),
        ("Telia", "Telia"),
        ("Zscaler", "Zscaler"),
        ("Cloudflare", "Cloudflare"),
    ],
)
def test_a_label_fits_the_holder(table: NetworkTable, label: str, holder: str) -> None:
    names = dict(zip(table.asn.tolist(), table.names.to_pylist(), strict=True))
    for systems in BY_CLASS.values():
        for asn, said in systems.items():
            if said.startswith(label) and asn in names:
                assert any(word.casefold() in names[asn].casefold() for word in holder.split("|")), asn
