"""The package: valid STIX, tables without formulas, hashes that fit, and nothing of others."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stix2patterns.validator import run_validator

from seawall.response.errors import CaseInvalid
from seawall.response.export import stix_objects as stix
from seawall.response.notification.package import make_package_bundle, write_package
from seawall.response.scope_values import Indicator, Message, Scope, SearchStep
from seawall_base.rfc3339 import format_time
from tests.response.cases import ANNA, HOSTILE, SHORT, T, case, case_text, mailbox, scope

KINDS = {
    "account": ANNA, "mailbox": ANNA, "address": "2001:db8::1", "network": "AS64500", "session": "s-1", "token": "t-1",
    "key": "k-1", "app": "6d1c5a5c-0000-4000-8000-000000000000", "user_agent": "python-requests/2.28 'x' \\", "device": "d-1",
}  # fmt: skip


def with_indicators(given_: Scope, *more: Indicator) -> Scope:
    seeds = tuple(Indicator(kind, value, T, T + 5_000_000, "contoso") for kind, value in KINDS.items())  # type: ignore[arg-type]
    steps = (
        SearchStep(
            1,
            Indicator("address", "198.51.100.9", T, T + 1, "contoso"),
            seeds[0],
            is_followed=True,
            reason="seen with it",
        ),
        SearchStep(
            1,
            Indicator("address", "203.0.113.9", T, T + 1, "contoso"),
            seeds[0],
            is_followed=False,
            reason="everybody's",
        ),
    )
    return dataclasses.replace(given_, seeds=(*seeds, *more), steps=steps)


def errors(made: dict[str, Any]) -> list[str]:
    """What OASIS's own schemas and rules find wrong."""
    from stix2validator import (
        ValidationOptions,
        validate_string,
    )  # takes a second: not for every process that collects

    options = ValidationOptions(version="2.1", disabled="custom-prefix,network-traffic-ports", strict=False)
    return [str(error) for error in validate_string(json.dumps(made), options).errors]


def test_the_bundle_is_valid(tmp_path: Path) -> None:
    made = make_package_bundle(
        case(case_text(), tmp_path), with_indicators(SHORT), [*SHORT.organisations, *SHORT.mailboxes]
    )
    assert errors(made) == []
    kinds = {one["type"] for one in made["objects"]}
    assert kinds == {
        "identity",
        "incident",
        "report",
        "relationship",
        "observed-data",
        "user-account",
        "email-addr",
        "indicator",
        "note",
    }
    ids = {one["id"] for one in made["objects"]}
    for one in made["objects"]:
        assert one.get("created_by_ref", made["objects"][0]["id"]) in ids
        assert set(one.get("object_refs", ())) <= ids
    names = json.dumps(made)
    assert "198.51.100.9" in names
    assert "203.0.113.9" not in names, "what was not followed is nobody's mark"
    assert "carla@" not in names, "who was not touched is nobody's concern"


def test_the_validator_finds_what_is_wrong(tmp_path: Path) -> None:
    made = make_package_bundle(case(case_text(), tmp_path), with_indicators(SHORT), [*SHORT.mailboxes])
    broken = json.loads(json.dumps(made))
    next(one for one in broken["objects"] if one["type"] == "indicator")["pattern"] = "[nonsense"
    del next(one for one in broken["objects"] if one["type"] == "report")["published"]
    assert len(errors(broken)) >= 2


def test_the_same_case_gives_the_same_bytes(tmp_path: Path) -> None:
    read = case(case_text(), tmp_path)
    given_ = with_indicators(SHORT)
    for name in ("a", "b"):
        assert write_package(read, given_, tmp_path / name)[-1] == "SHA256SUMS"
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    for line in (tmp_path / "a" / "SHA256SUMS").read_text().splitlines():
        digest, _, name = line.partition("  ")
        assert hashlib.sha256((tmp_path / "a" / name).read_bytes()).hexdigest() == digest


def test_observables_have_the_ids_of_the_standard() -> None:
    # Section 2.9 and 6.4: the id of an address is UUIDv5 of {"value": …} in the standard's namespace.
    user, address = stix.make_account("anna@contoso.example")
    again = stix.make_observable("email-addr", {"value": "anna@contoso.example"})
    assert address == again
    assert address["id"] == "email-addr--" + str(
        uuid.uuid5(stix.OBSERVABLES, '{"value":"anna@contoso.example"}')
    )
    assert user["type"] == "user-account"


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_tables_hold_no_formulas(tmp_path: Path) -> None:
    names = [*HOSTILE, "+1", "-1", "@x", "\t=1", "\uff1d1"]
    given_ = scope(
        [mailbox(name, reasons=(name,)) for name in names], [Message(n, n, n, n, T, "contoso") for n in names]
    )
    given_ = with_indicators(given_, *(Indicator("app", name, T, T + 1) for name in names))
    write_package(case(case_text(), tmp_path), given_, tmp_path / "out")
    for name in ("messages.csv", "subjects.csv", "indicators.csv"):
        table = rows((tmp_path / "out" / name).read_bytes())
        assert len(table) > len(names)
        for cells in table:
            assert len(cells) == len(table[0])
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d")) for cell in cells)
    assert errors(json.loads((tmp_path / "out" / "bundle.json").read_bytes())) == []


def test_an_organisation_gets_nothing_of_others(tmp_path: Path) -> None:
    other = dataclasses.replace(mailbox("x@fabrikam.example"), tenant="fabrikam")
    given_ = dataclasses.replace(
        with_indicators(
            SHORT,
            Indicator("address", "192.0.2.99", T, T + 1, "fabrikam"),
            Indicator("account", "x@fabrikam.example", T, T + 1),
            Indicator("address", "192.0.2.55", T, T + 1),
        ),
        mailboxes=(*SHORT.mailboxes, other),
        messages=(*SHORT.messages, Message("x@fabrikam.example", "<1@fabrikam>", "", "r", T, "fabrikam")),
    )
    read = case(case_text(), tmp_path)
    write_package(read, given_, tmp_path / "out", organisation="contoso")
    everything = b"".join(file.read_bytes() for file in (tmp_path / "out").iterdir())
    assert b"fabrikam" not in everything
    assert b"192.0.2.99" not in everything
    assert b"192.0.2.55" in everything
    with pytest.raises(CaseInvalid):
        write_package(read, given_, tmp_path / "none", organisation="nowhere")


@given(st.sampled_from(sorted(KINDS)), st.text(st.characters(codec=None), max_size=80))
def test_any_value_gives_a_pattern_that_can_be_read_or_none(kind: Any, value: str) -> None:
    pattern = stix.make_pattern(Indicator(kind, value, T, T + 1))
    if pattern:
        assert run_validator(pattern, stix_version="2.1") == []
        pattern.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "pattern"),
    [("192.0.2.7", "[ipv4-addr:value = '192.0.2.7']"), ("2001:DB8::1", "[ipv6-addr:value = '2001:db8::1']"),
     ("192.0.2.7/24", "[ipv4-addr:value = '192.0.2.0/24']"), ("' OR 1", ""), ("", "")],
)  # fmt: skip
def test_addresses(value: str, pattern: str) -> None:
    assert stix.make_pattern(Indicator("address", value, T, T + 1)) == pattern


def test_times_are_milliseconds() -> None:
    assert format_time(T + 1_234_567) == "2026-11-01T00:00:01.234Z"
