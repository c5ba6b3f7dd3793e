from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from seawall.lab.worlds import WorldSettings, make_world
from seawall.lab.worlds.bench import write_bench_records
from seawall.lab.worlds.demo import demo_settings
from seawall.lab.worlds.networks import ConnectionPoint, catalogue, countries_with, v6_address
from seawall.lab.worlds.seeded_random import SeededRandom
from tests.lab.worlds.raw import Record, parsed, records


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    folder = tmp_path_factory.mktemp("shapes")
    all_records: list[Record] = []
    for seed in range(40, 50):
        settings = WorldSettings(seed, accounts=12, days=8, attacks=5, quiet_days=3, density=0.5)
        all_records += records(make_world(settings, folder / str(seed)).folder / "logs")
    return all_records


def test_audit_records_have_the_vendors_fields(found: list[Record]) -> None:
    audit = [record for record in found if "Operation" in record]
    assert audit
    for record in audit:
        assert {
            "CreationTime",
            "Id",
            "Operation",
            "OrganizationId",
            "RecordType",
            "UserType",
            "Workload",
            "UserId",
        } <= record.keys()
    kinds = {record["Operation"] for record in audit}
    assert {
        "MailItemsAccessed",
        "Send",
        "UserLoggedIn",
        "UserLoginFailed",
        "New-InboxRule",
        "Set-Mailbox",
        "FileAccessed",
    } <= kinds


def test_mail_access_is_bind_or_sync(found: list[Record]) -> None:
    seen = set()
    for record in found:
        if record.get("Operation") == "MailItemsAccessed":
            properties = {pair["Name"]: pair["Value"] for pair in record["OperationProperties"]}
            seen.add((properties["MailAccessType"], record["RecordType"]))
            if properties["MailAccessType"] == "Bind":
                assert (
                    record["OperationCount"] >= len(record["Folders"][0]["FolderItems"])
                    or record["OperationCount"] >= 1
                )
    assert seen == {("Bind", 50), ("Sync", 2)}


def test_app_only_reads_name_the_owner_and_the_application(found: list[Record]) -> None:
    app_only = [
        record
        for record in found
        if record.get("UserType") == 5 and record["Operation"] == "MailItemsAccessed"
    ]
    assert app_only
    assert all(record["UserKey"] == record["ClientAppId"] and "@" in record["UserId"] for record in app_only)


def test_all_three_sign_in_shapes_appear(found: list[Record]) -> None:
    graph = [record for record in found if "createdDateTime" in record]
    diagnostic = [
        record["properties"] for record in found if record.get("operationName") == "Sign-in activity"
    ]
    rows = [
        record
        for record in found
        if record.get("Type")
        in ("SigninLogs", "AADNonInteractiveUserSignInLogs", "AADServicePrincipalSignInLogs")
    ]
    assert graph
    assert diagnostic
    assert rows
    for record in graph + diagnostic:
        assert {
            "id",
            "appId",
            "ipAddress",
            "status",
            "signInEventTypes",
            "resourceId",
            "userAgent",
        } <= record.keys()
    for row in rows:
        assert {"Id", "AppId", "IPAddress", "ResultType", "LocationDetails", "TimeGenerated"} <= row.keys()
        assert isinstance(row["Status"], str)


def test_a_sign_in_and_its_twin_share_the_id(found: list[Record]) -> None:
    ids: dict[str, int] = {}
    for record in found:
        inner = record.get("properties", record)
        ids[inner.get("id") or inner.get("Id")] = ids.get(inner.get("id") or inner.get("Id"), 0) + 1
    assert max(ids.values()) == 2


def test_the_catalogue_is_wide_and_public() -> None:
    assert len(catalogue()) >= 120
    assert len(countries_with("residential")) >= 25
    dice = SeededRandom(1)
    for network in catalogue():
        assert ipaddress.ip_address(network.v4_address(dice)).is_global
        block = network.v6_block(dice)
        if block:
            address = ipaddress.IPv6Address(v6_address(block, dice))
            base, length = network.v6 or (0, 0)
            assert int(address) >> (128 - length) == base >> (128 - length)


def test_a_home_keeps_its_address_for_the_day() -> None:
    dice = SeededRandom(2)
    place = ConnectionPoint(catalogue()[0], renewal=0.9)
    assert len({place.address(3, dice) for _ in range(20)}) == 1
    assert len({place.address(day, dice) for day in range(20)}) > 5


def test_bench_writes_exactly_what_was_asked(tmp_path: Path) -> None:
    write_bench_records(tmp_path / "a.jsonl", 20_001, 5)
    write_bench_records(tmp_path / "b.jsonl", 20_001, 5)
    data = (tmp_path / "a.jsonl").read_bytes()
    assert data == (tmp_path / "b.jsonl").read_bytes()
    lines = data.decode().splitlines()
    assert len(lines) == 20_001
    assert 1150 < len(data) / len(lines) < 1650
    read = [parsed(line) for line in lines]
    assert len({record["Id"] for record in read if record}) == 20_001
    assert {record["Operation"] for record in read if record} >= {"MailItemsAccessed", "UserLoggedIn", "Send"}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_demo_is_small_and_lively(seed: int, tmp_path: Path) -> None:
    settings = demo_settings(seed)
    assert 60 <= settings.accounts <= 120
    truth = make_world(settings, tmp_path).truth
    assert len({attack["family"] for attack in truth["attacks"]}) >= 5
    assert any(attack["family"] == "forged_token" for attack in truth["attacks"])
    assert truth["confusers"]
