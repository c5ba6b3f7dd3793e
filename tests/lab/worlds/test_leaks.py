"""Nothing but behaviour may tell an intruder's record from an owner's: not ids, order, files, spelling or missing fields."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seawall.lab.worlds import WorldSettings, families_of, make_world
from seawall.lab.worlds.attacks import BROAD
from seawall.lab.worlds.days import BACKGROUND_APPS
from seawall.lab.worlds.networks import catalogue
from seawall.lab.worlds.systems import LabSystems
from tests.lab.worlds.raw import Record, entries, identity

BACKGROUND = {app for _, app in BACKGROUND_APPS}
SEEDS = (101, 102, 103, 104, 105, 106, 107, 108)
SOME_SEEDS = (101, 103, 104, 107)
"""Enough that somebody honest makes each value; `make soak` looks at all."""


@dataclass
class Sample:
    """One world's readable records, repeats kept: (file, place in the file in [0, 1], record, whether an intruder's)."""

    seed: int
    rows: list[tuple[Path, float, Record, bool]]


@pytest.fixture(
    scope="module", params=[SOME_SEEDS, pytest.param(SEEDS, marks=pytest.mark.soak)], ids=["some", "all"]
)
def samples(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    found = []
    for seed in request.param:
        families = families_of(LabSystems()).keys() - BROAD
        settings = WorldSettings(seed, accounts=70, days=24, attacks=len(families), density=0.7)
        world = make_world(settings, tmp_path_factory.mktemp(str(seed)))
        ids = {event for attack in world.truth["attacks"] for event in attack["events"]}
        files: dict[Path, list[Record]] = defaultdict(list)
        for path, record in entries(world.folder / "logs"):
            if record is not None:
                files[path].append(record)
        rows = [
            (path, place / len(content), record, identity(record) in ids)
            for path, content in files.items()
            for place, record in enumerate(content)
        ]
        found.append(Sample(seed, rows))
    return found


def group_of(record: Record) -> str | None:
    """What a record must be compared with: the same operation by the same kind of client."""
    if record.get("Operation") == "MailItemsAccessed":
        info = record.get("ClientInfoString", "").split(";")[0]
        if record.get("ClientAppId") in BACKGROUND:
            return None
        access = record["OperationProperties"][0]["Value"]
        return f"{info} {access} {record['UserType']} {record['LogonType']} {record['UserId'] == record.get('MailboxOwnerUPN')}"
    if "Operation" in record:
        return None if record["RecordType"] in (1, 8) else str(record["Operation"])
    inner = record.get("properties", record)
    kind = inner.get("signInEventTypes") or inner.get("SignInEventTypes")
    return f"signin {kind}" if kind else None


def fields_of(record: Record) -> Iterator[str]:
    for name, value in record.get("properties", record).items():
        if value not in (None, "", [], {}):
            yield name
            if isinstance(value, dict):
                yield from (
                    f"{name}.{inner}" for inner, kept in value.items() if kept not in (None, "", [], {})
                )


BY_NATURE = {
    "DeviceId",
    "trustType",
    "deviceId",
    "isManaged",
    "isCompliant",
    "operatingSystem",
    "userAgent",
    "UserAgent",
    "SessionId",
    "AADSessionId",
    "ClientVersion",
    "ClientProcessName",
    "ClientAppId",
    "AppId",
    "ClientIP",
    "isInteractive",
}
"""Fields whose presence follows from the client or the token itself (an unmanaged device has no id)."""


Fields = Counter[frozenset[str]]


def rows_with(name: str, rows: Fields) -> int:
    return sum(number for fields, number in rows.items() if name in fields)


def test_fields_are_present_as_often_in_intruders_records(samples: list[Sample]) -> None:
    expected: dict[tuple[str, str], float] = defaultdict(float)
    observed: Counter[tuple[str, str]] = Counter()
    sizes: Counter[str] = Counter()
    for sample in samples:
        # How many records have the same fields: few sets of fields are different.
        groups: dict[str, tuple[Fields, Fields]] = defaultdict(lambda: (Counter(), Counter()))
        for _, _, record, hostile in sample.rows:
            if group := group_of(record):
                groups[group][hostile][frozenset(fields_of(record))] += 1
        for group, (benign, hostile_rows) in groups.items():
            if benign.total() < 30 or not hostile_rows:
                continue
            sizes[group] += hostile_rows.total()
            for name in frozenset[str]().union(*benign, *hostile_rows):
                expected[group, name] += hostile_rows.total() * rows_with(name, benign) / benign.total()
                observed[group, name] += rows_with(name, hostile_rows)
    assert sum(sizes.values()) > 500
    wrong = []
    for (group, name), wanted in expected.items():
        size = sizes[group]
        if (
            size >= 30
            and name.split(".")[-1] not in BY_NATURE
            and name not in BY_NATURE
            and abs(observed[group, name] - wanted) > 0.12 * size + 3 * size**0.5
        ):
            wrong.append((group, name, size, observed[group, name], round(wanted)))
    assert not wrong


def test_ids_are_uniform_for_both(samples: list[Sample]) -> None:
    for hostile in (False, True):
        digits = Counter(
            identity(row[2])[place]
            for sample in samples
            for row in sample.rows
            if row[3] is hostile
            for place in (0, 2, 25, 35)
        )
        counts = np.array([digits[digit] for digit in "0123456789abcdef"], float)
        share = counts / counts.sum()
        assert np.abs(share - 1 / 16).max() < 0.02


def test_intruders_records_stand_in_ordinary_files_at_ordinary_places(samples: list[Sample]) -> None:
    places, lonely = [], 0
    for sample in samples:
        benign = Counter(path for path, _, _, hostile in sample.rows if not hostile)
        for path, place, _, hostile in sample.rows:
            if hostile:
                places.append(place)
                lonely += benign[path] < 3
    assert lonely < 0.03 * len(
        places
    )  # a night's sign-ins or a week's directory changes may be a single record
    assert 0.3 < float(np.median(places)) < 0.75
    assert np.quantile(places, 0.1) < 0.35


def test_repeats_are_as_frequent_in_both(samples: list[Sample]) -> None:
    observed = expected = size = 0.0
    for sample in samples:
        copies: dict[bool, Counter[tuple[str, bool]]] = {False: Counter(), True: Counter()}
        for _, _, record, hostile in sample.rows:
            copies[hostile][identity(record), "Operation" in record] += 1
        rate = {key: sum(n > 1 for n in c.values()) / max(1, len(c)) for key, c in copies.items()}
        size += len(copies[True])
        observed += rate[True] * len(copies[True])
        expected += rate[False] * len(copies[True])
    assert abs(observed - expected) < 0.03 * size + 3 * size**0.5


def test_address_spellings_are_as_frequent_in_both(samples: list[Sample]) -> None:
    observed = expected = size = 0.0
    for sample in samples:
        odd: dict[bool, list[bool]] = {False: [], True: []}
        for _, _, record, hostile in sample.rows:
            address = record.get("ClientIPAddress", "")
            if record.get("Operation") == "MailItemsAccessed" and "." in address:
                odd[hostile].append(not address.replace(".", "").isdigit())
        size += len(odd[True])
        observed += sum(odd[True])
        expected += len(odd[True]) * sum(odd[False]) / len(odd[False])
    assert abs(observed - expected) < 0.05 * size + 3 * size**0.5


def network_kinds() -> dict[str, str]:
    return {
        f"{base + step >> 24}.{base + step >> 16 & 255}": n.kind
        for n in catalogue()
        for base, size in n.v4
        for step in range(0, size, 65536)
    }


def values_of(record: Record, kinds: dict[str, str]) -> Iterator[tuple[str, Any]]:
    inner = record.get("properties", record)
    yield from change_values(record)
    if "ClientInfoString" in inner:
        yield "ClientInfoString", inner["ClientInfoString"].split(";")[0]
    address = inner.get("ClientIPAddress") or inner.get("ipAddress") or inner.get("IPAddress") or ""
    plain = address.removeprefix("::ffff:").split(":")[0].strip("[]")
    if plain.count(".") == 3:
        yield "network", kinds.get(".".join(plain.split(".")[:2]), "?")
    if "TokenTenantId" in inner and inner["TokenTenantId"] != inner["OrganizationId"]:
        yield "token", "consumer" if inner["TokenTenantId"].startswith("9188040d") else "foreign"
    for name in (
        "ErrorNumber",
        "ResultType",
        "clientAppUsed",
        "authenticationProtocol",
        "AuthenticationProtocol",
    ):
        if inner.get(name):
            yield name.lower(), inner[name]
    status = inner.get("status")
    if isinstance(status, dict):
        yield "resulttype", str(status["errorCode"])
    agent = inner.get("userAgent") or inner.get("UserAgent")
    if agent:
        yield "agent", agent.split("/")[0]


def change_values(record: Record) -> Iterator[tuple[str, Any]]:
    if "Operation" in record:
        yield "operation", record["Operation"]
    for bag in ("Parameters", "ModifiedProperties", "OperationProperties"):
        for pair in record.get(bag) or ():
            yield bag, (record["Operation"], pair["Name"])
            if pair["Name"] in ("IsThrottled", "Name", "RuleName", "SubjectOrBodyContainsWords"):
                yield pair["Name"].removeprefix("Rule"), pair["Value"]


def test_every_value_of_an_intruder_is_also_made_by_somebody_honest(samples: list[Sample]) -> None:
    kinds = network_kinds()
    seen: dict[bool, Counter[tuple[str, Any]]] = {False: Counter(), True: Counter()}
    for sample in samples:
        for _, _, record, hostile in sample.rows:
            seen[hostile].update(values_of(record, kinds))
    alone = {value: count for value, count in seen[True].items() if not seen[False][value]}
    assert not alone


def test_applications_of_intruders_are_used_by_holders_too(samples: list[Sample]) -> None:
    benign, hostile_apps = Counter[str](), Counter[str]()
    for sample in samples:
        for _, _, record, hostile in sample.rows:
            if record.get("Operation") == "MailItemsAccessed" and record["UserType"] == 0:
                (hostile_apps if hostile else benign)[record.get("ClientAppId", "")] += 1
    first_party = {app for app in hostile_apps if benign[app] or sum(benign.values()) == 0}
    unknown = sum(count for app, count in hostile_apps.items() if app not in first_party)
    assert unknown < 0.25 * sum(hostile_apps.values())  # a newly consented application is new by nature
