"""Listen addresses as both servers read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.web.listen_address import ListenAddress, ListenAddressInvalid, parse_listen_address


@pytest.mark.parametrize(
    ("address", "is_loopback"),
    [
        (ListenAddress("127.0.0.1", 80), True),
        (ListenAddress("127.1.2.3", 80), True),
        (ListenAddress("::1", 80), True),
        (ListenAddress("localhost", 80), True),
        (ListenAddress(path=Path("/run/gate.sock")), True),
        (ListenAddress("0.0.0.0", 80), False),
        (ListenAddress("::", 80), False),
        (ListenAddress("192.0.2.1", 80), False),
        (ListenAddress("gate.example", 80), False),
    ],
)
def test_only_this_machine_reaches_a_loopback_address(address: ListenAddress, is_loopback: bool) -> None:
    assert address.is_loopback is is_loopback
    assert parse_listen_address(str(address)) == address


@pytest.mark.parametrize("text", ["[::1:80", "[]:80", "[a]b:80", "a:b:80", "a:" + "1" * 5000, "a:٣"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ListenAddressInvalid):
        parse_listen_address(text)


@pytest.mark.parametrize(
    ("host", "from_here"),
    [
        ("0.0.0.0", "127.0.0.1"),
        ("::", "::1"),
        ("192.0.2.7", "192.0.2.7"),
        ("::1", "::1"),
        ("mail.example", "mail.example"),
    ],
)
def test_this_machine_reaches_a_server_on_every_address_by_its_loopback(host: str, from_here: str) -> None:
    assert ListenAddress(host, 8087).host_from_here == from_here
