"""At Google and Okta too nothing but behaviour tells an intruder's record from an owner's: not values, ids or fields."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.lab.worlds import WorldSettings, make_world
from seawall.lab.worlds.networks import network_of
from seawall.lab.worlds.world_settings import SystemsChoice
from tests.lab.worlds.raw import Record, entries, identity

SEEDS = (201, 202, 203, 204, 205)
SOME_SEEDS = (202, 203)
"""Enough that somebody honest makes each value; `make soak` looks at all."""
SYSTEMS: tuple[SystemsChoice, ...] = ("google", "okta")
Row = tuple[Path, float, Record, bool]


@pytest.fixture(
    scope="module",
    params=[
        *(pytest.param((name, SOME_SEEDS), id=name) for name in SYSTEMS),
        *(pytest.param((name, SEEDS), id=f"{name}-all", marks=pytest.mark.soak) for name in SYSTEMS),
    ],
)
def rows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """Readable records, repeats kept: file, place in it in [0, 1], record, whether an intruder's."""
    choice, seeds = request.param
    found: list[Row] = []
    for seed in seeds:
        settings = WorldSettings(
            seed, accounts=70, days=26, attacks=16, tenants=2, systems=choice, density=0.7
        )
        world = make_world(settings, tmp_path_factory.mktemp(f"{choice}{seed}"))
        ids = {event for attack in world.truth["attacks"] for event in attack["events"]}
        files: dict[Path, list[Record]] = defaultdict(list)
        for path, record in entries(world.folder / "logs"):
            if record is not None:
                files[path].append(record)
        found += [
            (path, place / len(content), record, identity(record) in ids)
            for path, content in files.items()
            for place, record in enumerate(content)
        ]
    return found


def values_of(record: Record) -> Iterator[tuple[str, str]]:
    """What a record shows that is no identifier."""
    if "eventType" in record:
        name = record["eventType"]
        yield "event", name
        yield "outcome", f"{name} {record['outcome']}"
        data = record["debugContext"]["debugData"]
        yield "fields", f"{name} {sorted(data)} {[target['type'] for target in record['target'] or ()]}"
        for field in ("factor", "privilegeGranted", "requestUri"):
            if field in data and "0oa" not in data[field]:
                yield field, f"{name} {data[field]}"
        yield "agent", f"{record['client']['userAgent']['browser']} {record['client']['userAgent']['os']}"
        address = record["client"]["ipAddress"] or ""
    else:
        for event in record["events"]:
            yield "event", f"{event['type']} {event['name']}"
            yield (
                "fields",
                f"{event['name']} {sorted(parameter['name'] for parameter in event.get('parameters', ()))}",
            )
            for parameter in event.get("parameters", ()):
                if parameter["name"] in TELLING:
                    yield parameter["name"], str(list(parameter.values())[1])
        yield "record", str(sorted(record.keys() - {"ipAddress"}))
        address = record.get("ipAddress", "")
    network = network_of(address)
    yield "network", network.kind if network else "?"


TELLING = {
    "login_type", "login_challenge_method", "login_failure_type", "is_suspicious", "client_type", "method_name", "scope",
    "API_SCOPES", "ROLE_NAME", "SETTING_NAME", "NEW_VALUE", "login_challenge_status",
}  # fmt: skip


def test_every_value_of_an_intruder_is_also_made_by_somebody_honest(rows: list[Row]) -> None:
    seen: dict[bool, Counter[tuple[str, str]]] = {False: Counter(), True: Counter()}
    for _, _, record, hostile in rows:
        seen[hostile].update(values_of(record))
    assert sum(seen[True].values()) > 500
    assert not [value for value in seen[True] if not seen[False][value]]


def test_intruders_records_lie_anywhere_in_their_files(rows: list[Row]) -> None:
    places = [place for _, place, _, hostile in rows if hostile]
    assert 0.35 < sum(places) / len(places) < 0.65


def test_identifiers_tell_nothing(rows: list[Row]) -> None:
    shapes: dict[bool, Counter[int]] = {False: Counter(), True: Counter()}
    for _, _, record, hostile in rows:
        shapes[hostile][len(identity(record).lstrip("-"))] += 1
    assert shapes[True].keys() <= shapes[False].keys()


def test_repeats_are_as_frequent_in_both(rows: list[Row]) -> None:
    copies: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    for _, _, record, hostile in rows:
        copies[hostile][identity(record)] += 1
    rate = {hostile: sum(n > 1 for n in found.values()) / len(found) for hostile, found in copies.items()}
    assert abs(rate[True] - rate[False]) < 0.1
