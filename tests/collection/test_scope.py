"""From what a vendor serves to who is proved untouched: collected, scanned, searched, with the ledger and without."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from seawall.cli.main import main
from seawall.collection.source import LogSource
from seawall.collection.vendors.entra import EntraSource
from seawall.collection.vendors.google import GoogleSource, is_throttled
from seawall.collection.vendors.m365 import M365Source
from seawall.collection.vendors.okta import OktaSource
from seawall.collection.windows import DAY, HOUR
from seawall.vendor_api.client import VendorClient
from tests.collection.collecting import client_of, collect
from tests.collection.graph import Graph, sign_in
from tests.collection.management import TENANT, Blob, Management, record, stamp
from tests.collection.reports import Reports, activity
from tests.collection.serving import NOW, Server, Still, serving
from tests.collection.system_log import SystemLog, event

BEGIN = NOW - 24 * DAY
INTRUDER = "203.0.113.99"
UNTOUCHED = "not_touched"
SILENT = (NOW - 6 * DAY, NOW - 4 * DAY)
"""Two days on which nobody did anything; the intrusion is in them and around."""


def moments() -> list[tuple[int, int]]:
    """When something happened: number and time, every hour but on the silent days."""
    times = [BEGIN + hour * HOUR for hour in range(22 * 24)]
    return [(n, time) for n, time in enumerate(times) if not SILENT[0] <= time < SILENT[1]]


def address(number: int) -> str:
    return INTRUDER if number == 24 * 17 else f"192.0.2.{number % 4}"


def m365(clock: Still) -> Management:
    blobs = [
        Blob(
            f"b{n}",
            time + HOUR,
            json.dumps(
                [{**record(n, time), "Operation": "UserLoggedIn", "RecordType": 15, "Workload": "AzureActiveDirectory",
                  "ClientIP": address(n), "ClientIPAddress": address(n), "ActorIpAddress": address(n)}]
            ).encode(),
            listed=time + HOUR,
            type="Audit.AzureActiveDirectory",
        )
        for n, time in moments()
    ]  # fmt: skip
    return Management(clock.now, blobs, {"Audit.AzureActiveDirectory"}, 200)


def entra(clock: Still) -> Graph:
    found = [sign_in(n, time, listed=time) for n, time in moments()]
    for n, one in enumerate(found):
        one.record["ipAddress"] = address(moments()[n][0])
    return Graph(clock.now, found, 200)


def google(clock: Still) -> Reports:
    return Reports(
        clock.now, [(time, time, activity(n, time, ipAddress=address(n))) for n, time in moments()], 200
    )


def okta(clock: Still) -> SystemLog:
    log = SystemLog(clock.now, [event(n, time) for n, time in moments()], 200)
    for (n, _), (_, one) in zip(moments(), log.events, strict=True):
        one |= {"client": {"ipAddress": address(n)}, "outcome": {"result": "SUCCESS"}}
    return log


@dataclass(frozen=True)
class Case:
    api: Callable[[Still], Any]
    source: Callable[[VendorClient, str, Still], LogSource]
    organisation: str


CASES = {
    "m365": Case(m365, lambda it, url, _: M365Source(it, url, TENANT, ("Audit.AzureActiveDirectory",), threads=2), TENANT),
    "entra": Case(entra, lambda it, url, _: EntraSource(it, url, ("signIns/interactiveUser",), 2), "acme.example"),
    "google": Case(google, lambda it, url, _: GoogleSource(it, url, ("login",), 2, "C01234567"), "c01234567"),
    "okta": Case(okta, lambda it, url, clock: OktaSource(it, url, clock, 2), "acme.example"),
}  # fmt: skip


def collected(folder: Path, vendor: str, *, asleep: tuple[int, int] = (0, 0)) -> None:
    """Collect as time goes on, four times a day; not while the collector is asleep, which Microsoft's seven days outlast."""
    clock = Still(BEGIN)
    case = CASES[vendor]
    api = case.api(clock)
    with serving(api) as server:
        _at(api, server)
        client = client_of(server.url, clock, is_throttled=is_throttled)
        while clock.time < NOW:
            if not asleep[0] <= clock.time < asleep[1]:
                assert collect(
                    folder, lambda it: case.source(it, server.url, clock), client, clock, vendor
                ).is_complete
            clock.time += 6 * HOUR


def _at(api: Any, server: Server) -> None:
    if not isinstance(api, Reports):
        api.base = server.url


def searched(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    """The scope's answer, of the results of a scan."""
    if not (folder / "out").exists():
        assert main(["scan", str(folder / "logs"), "--out", str(folder / "out"), "--quiet"]) == 0
    span = ["--from", stamp(NOW - 8 * DAY), "--to", stamp(NOW - 3 * DAY)]
    capsys.readouterr()
    assert main(["scope", str(folder / "out"), "--address", INTRUDER, *span, "--json", "--quiet", *more]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def told(answer: dict[str, Any], organisation: str) -> tuple[set[str], set[str]]:
    """The verdicts on an organisation's accounts, and the codes of their gaps."""
    of = [one for one in answer["accounts"] if one["tenant"] == organisation]
    return {one["verdict"] for one in of}, {gap["code"] for one in of for gap in one["gaps"]}


@pytest.mark.slow
@pytest.mark.parametrize("vendor", list(CASES))
def test_a_silence_that_is_proved_is_no_gap(
    tmp_path: Path, vendor: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the organisation is called by the vendor and by its records."""
    collected(tmp_path, vendor)
    ledger = ["--collected", str(tmp_path / "logs")]
    organisation = CASES[vendor].organisation
    without = told(searched(tmp_path, capsys), organisation)
    assert without == ({"touched", "possible"}, {"gap"})
    proved = told(searched(tmp_path, capsys, *ledger), organisation)
    assert proved == ({"touched", UNTOUCHED}, set())
    # The last day is not proved: what is delivered late may not have come.
    late = ["--to", stamp(NOW - 2 * HOUR)]
    assert "not-proved" in told(searched(tmp_path, capsys, *ledger, *late), organisation)[1]


@pytest.mark.slow
def test_what_the_vendor_lost_is_a_gap_and_guests_are_not_proved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The collector was away for longer than Microsoft keeps content; and of another organisation's guest nothing is proved."""
    collected(tmp_path / "away", "m365", asleep=(NOW - 17 * DAY, NOW - DAY))
    answer = searched(
        tmp_path / "away",
        capsys,
        "--collected",
        str(tmp_path / "away" / "logs"),
        "--from",
        stamp(NOW - 15 * DAY),
    )
    assert "not-fetched" in told(answer, TENANT)[1]
    collected(tmp_path / "guest", "okta")
    (path, *_) = sorted((tmp_path / "guest" / "logs").rglob("*.jsonl"))
    one = json.loads(path.read_bytes().splitlines()[0])
    one |= {"uuid": "00000000-0000-11ef-9000-000000000001", "actor": {"alternateId": "guest@partner.example"}}
    path.write_bytes(path.read_bytes() + json.dumps(one).encode() + b"\n")
    answer = searched(tmp_path / "guest", capsys, "--collected", str(tmp_path / "guest" / "logs"))
    assert told(answer, "acme.example") == ({"touched", UNTOUCHED}, set())
    assert told(answer, "partner.example") == ({"possible"}, {"gap"})
