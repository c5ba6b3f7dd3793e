"""What was collected is what a scan and a watch read: every record of every vendor, as what it is."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from seawall import scan
from seawall.collection.ledger import read_collected
from seawall.collection.source import LogSource
from seawall.collection.vendors.entra import EntraSource
from seawall.collection.vendors.google import GoogleSource
from seawall.collection.vendors.m365 import M365Source, is_throttled
from seawall.collection.vendors.okta import OktaSource
from seawall.collection.windows import DAY, HOUR, MINUTE
from seawall.pipeline.tail import Follower
from seawall.vendor_api.client import VendorClient
from seawall_base.clock import Clock
from tests.collection.collecting import client_of, collect, lines
from tests.collection.graph import Graph, audit, sign_in
from tests.collection.management import SECRET, TENANT, Management, blob, sign_in_options
from tests.collection.reports import CUSTOMER, Reports, activity
from tests.collection.serving import NOW, Still, serving
from tests.collection.system_log import SystemLog, event

ROOT = Path(__file__).parents[2]


def everything(folder: Path) -> None:
    """Logs of four vendors in one folder."""
    clock = Still()
    management = Management(
        clock.now, [blob(f"b{n}", NOW - n * HOUR, *range(5 * n, 5 * n + 5)) for n in range(1, 5)]
    )
    graph = Graph(clock.now, [*(sign_in(n, NOW - n * HOUR) for n in range(7)), audit(1, NOW - HOUR)])
    reports = Reports(clock.now, [(NOW - n * HOUR, 0, activity(n, NOW - n * HOUR)) for n in range(1, 7)])
    log = SystemLog(clock.now, [event(n, NOW - n * HOUR) for n in range(9)])
    with (
        serving(management) as m365,
        serving(graph) as entra,
        serving(reports) as google,
        serving(log) as okta,
    ):
        management.base, graph.base, log.base = m365.url, entra.url, okta.url

        makers: dict[str, Callable[[VendorClient], LogSource]] = {
            "m365": lambda it: M365Source(it, m365.url, TENANT, ("Audit.Exchange",)),
            "entra": lambda it: EntraSource(it, entra.url, ("signIns/interactiveUser", "directoryAudits"), 2),
            "google": lambda it: GoogleSource(it, google.url, ("login",), 2, CUSTOMER),
            "okta": lambda it: OktaSource(it, okta.url, clock, 2),
        }
        for vendor, server in {"m365": m365, "entra": entra, "google": google, "okta": okta}.items():
            client = client_of(server.url, clock, is_throttled=is_throttled)
            outcome = collect(folder, makers[vendor], client, clock, vendor)
            assert outcome.is_complete


EXPECTED = {"m365_audit": 20, "entra_signin": 7, "entra_audit": 1, "google_workspace": 6, "okta": 9}


def test_a_scan_reads_all_of_it(tmp_path: Path) -> None:
    everything(tmp_path)
    result = scan(tmp_path / "logs", out=tmp_path / "out")
    assert (result.summary["records"], result.summary["problems"], result.summary["duplicates"]) == (43, 0, 0)
    sources = pq.read_table(tmp_path / "out" / "events.parquet", columns=["source"])["source"]
    found = {row["values"]: row["counts"] for row in pc.value_counts(sources.cast("string")).to_pylist()}
    assert found == EXPECTED
    # The ledger names logs as events do, so that a span of one is a span of the other.
    assert {feed.source for feed in read_collected(tmp_path / "logs.ledger")} == set(EXPECTED)


def test_a_watch_reads_all_of_it(tmp_path: Path) -> None:
    everything(tmp_path)
    follower = Follower([tmp_path / "logs"])
    try:
        found = [delivery for now in range(0, 30, 5) for delivery in follower.poll(float(now))]
        assert follower.is_idle
    finally:
        follower.close()
    assert sum(delivery.records for delivery in found) == 43
    problems = Counter(
        problem.code for delivery in found for batch in delivery.batches for problem in batch.problems
    )
    assert problems == {}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["terminated", "interrupted"])
def test_it_runs_until_it_is_told_to_stop(tmp_path: Path, how: signal.Signals) -> None:
    """A real process: it fetches, waits, is told to stop, ends with 0, and the next one goes on."""
    now = Clock().now() // 1_000_000 * 1_000_000
    api = Management(
        Clock().now, [blob(f"b{n}", now - n * HOUR, *range(5 * n, 5 * n + 5)) for n in range(1, 9)]
    )
    with serving(api) as server:
        api.base = server.url
        options = sign_in_options(tmp_path, server.url)
        options += ["--content-type", "Audit.Exchange", "--interval", "3600", "--out", str(tmp_path / "logs")]
        command = [sys.executable, "-m", "seawall.cli.main", "collect", "m365", *options]
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + 60
        while time.monotonic() < until and (not (tmp_path / "logs").exists() or len(lines(tmp_path)) < 40):
            time.sleep(0.1)
        process.send_signal(how)
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 0
        assert "stopped; the next start resumes here" in said
        assert SECRET not in said
        api.blobs.append(blob("new", now + 500_000, 900))
        time.sleep(1.1)
        again = subprocess.run(
            [*command, "--once"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
        )
        assert "1 new record" in again.stderr
    assert sorted(json.loads(line)["Id"] for line in lines(tmp_path)) == sorted(
        f"00000000-0000-4000-8000-{number:012}" for number in [*range(5, 45), 900]
    )


def test_where_others_may_write_nothing_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.collection.test_command import m365, management, secret_file

    (tmp_path / "logs.ledger").mkdir()
    (tmp_path / "logs.ledger").chmod(0o777)
    with serving(management()) as server:
        assert m365(tmp_path, server, "--secret-file", str(secret_file(tmp_path))) == 1
        assert server.requests == []
    assert "other users can write to" in capsys.readouterr().err


def test_the_days_are_those_of_the_records() -> None:
    """What the tests above rely on: spans of the ledger are microseconds of the same epoch as events."""
    assert (DAY, HOUR, MINUTE) == (86_400_000_000, 3_600_000_000, 60_000_000)
