"""Indicators that others sent: found in what arrives, and in what arrived before the indicator, as a scan finds them."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from seawall.detection.incident import Incident
from seawall.pipeline.live.indicator_hits import HITS
from seawall.pipeline.live.indicator_search import WAITING, read_waiting
from seawall.pipeline.scan import ScanSettings, scan
from seawall.response.exchange.matching import WantedIndicator
from seawall.storage.database import Database, QueueQuery
from seawall.storage.database.received_indicators import ReceivedIndicator
from seawall.storage.files.incident_documents import read_incidents
from tests.pipeline.live.running import bodies, quick, running, until

BUDGET = 0.2
HUB = "https://hub.example/collections/1/"


@pytest.fixture(scope="module")
def plain(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a scan without indicators."""
    out = tmp_path_factory.mktemp("plain")
    scan([logs], out, budget=BUDGET)
    return out


@pytest.fixture(scope="module")
def shown(plain: Path) -> tuple[str, str, str]:
    """An honest account that no incident tells of, an address of it alone, and the address that most accounts use."""
    known = {one.account for one in read_incidents(plain / "incidents.jsonl")}
    used: dict[str, set[tuple[str, Any]]] = defaultdict(set)
    columns = ["time", "account", "src_ip", "src_network_class", "status"]
    for row in pq.read_table(plain / "events.parquet", columns=columns).to_pylist():
        if (
            row["account"]
            and row["src_ip"]
            and row["status"] != "failure"
            and row["src_network_class"] != "microsoft"
        ):
            used[row["src_ip"]].add((row["account"], row["time"].date()))
    common = max(used, key=lambda one: (len({account for account, _ in used[one]}), one))
    lone = sorted(one for one, by in used.items() if len(by) == 1 and next(iter(by))[0] not in known)
    return next(iter(used[lone[0]]))[0], lone[0], common


def received(address: str, **more: Any) -> ReceivedIndicator:
    return ReceivedIndicator(
        **{
            "source": HUB, "id": "indicator--00000000-0000-4000-8000-000000000001", "values": (("address", address),),
            "start": 0, "modified": 1, "at": 1, "confidence": 80, "name": "Contoso's intruder", **more,
        }
    )  # fmt: skip


def put(store: Path, *found: ReceivedIndicator) -> None:
    with closing(Database.open(store / "seawall.db")) as database, database.writing() as work:
        work.received_indicators.put(found)


def take_back(store: Path, one: ReceivedIndicator) -> None:
    with closing(Database.open(store / "seawall.db")) as database, database.writing() as work:
        assert work.received_indicators.remove([one.key]) == 1


def raised(store: Path) -> dict[str, Incident]:
    with closing(Database.open(store / "seawall.db")) as database, database.reading() as work:
        found = work.incidents.page(QueueQuery(raised=True), limit=500)
    return {one.account: one for one in found}


def hits(store: Path) -> list[Any]:
    with closing(Database.open(store / "seawall.db")) as database, database.reading() as work:
        return [hit for one in work.settings.find_all(HITS, HITS) for hit in one["hits"]]


def is_searched(store: Path, revision: int) -> bool:
    """Whether the search for the indicators of a revision is over."""
    with closing(Database.open(store / "seawall.db")) as database, database.reading() as work:
        waiting, searched = read_waiting(work.states.get(WAITING))
    return searched.startswith(f"({revision}, ") and not waiting


def test_what_arrives_and_what_had_arrived_is_found_as_by_a_scan(
    logs: Path, plain: Path, shown: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seawall.pipeline.live.indicator_search._DUTY", 0.0)  # however busy the machine is
    account, address, common = shown
    store, everything = tmp_path / "store", bodies(logs)
    before = {one.account for one in read_incidents(plain / "incidents.jsonl") if one.raised}
    with running(quick(store, budget=BUDGET)) as service:
        put(store, received(address))
        for number, body in enumerate(everything):
            service.ingest(body, source="a", key=str(number))
        until(lambda: raised(store).keys() == {*before, account}, every=0.2)  # nobody loses a place to it
        found = raised(store)
    incident = found[account]
    assert "Raised beside the alert budget" in incident.summary
    (statement,) = incident.details["statements"]
    assert statement["text"].startswith(
        f"hub.example names the address {address} as an intruder's, confidence 80"
    )
    assert "Contoso" not in str(incident), "the words of others are not told"
    wanted = (WantedIndicator("address", address, 0, origin=HUB, confidence=80),)
    out = scan([logs], tmp_path / "out", settings=ScanSettings(budget=BUDGET, indicators=wanted))
    (same,) = (one for one in out.incidents if one.account == account)
    assert (same.id, same.score, same.events, same.raised) == (
        incident.id, incident.score, incident.events, incident.raised
    )  # fmt: skip

    other = received(common, id="indicator--00000000-0000-4000-8000-000000000002")
    with running(quick(store, budget=BUDGET)):
        assert len(hits(store)) == 1
        put(store, other)  # looked for in what is kept
        until(lambda: is_searched(store, 2), every=0.2)
        assert raised(store).keys() == found.keys(), "an address of many is nobody's intruder"
        take_back(store, received(address))
        until(lambda: account not in raised(store), every=0.2)
        assert hits(store) == []
        put(store, received(address, modified=2))
        until(lambda: account in raised(store), every=0.2)
    assert raised(store)[account].id == incident.id
