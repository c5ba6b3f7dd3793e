"""Measure the console's API with many stored incidents: milliseconds of each request, median and 95th percentile.

    python bench/console_api.py [--incidents 10000] [--events 200000] [--rounds 40]

Requests go to the ASGI application within one process, so that the network is not measured. The store is made up: incidents
like those of the tests, and events of which one account has very many.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pyarrow as pa
from tests.console.consoles import Browser, console
from tests.console.samples import DAY, INCIDENT, T0
from tests.sample_events import event, table

from seawall.console.context import ConsoleSettings
from seawall.detection.incident import SEVERITIES, Incident
from seawall.storage.lake import Lake

BUSY = "busy@example.org"


def incidents(count: int) -> list[Incident]:
    """Return incidents of the usual size: a dozen reasons, a long timeline, a hundred records."""
    dice = random.Random(1)
    made = []
    for number in range(count):
        first = T0 + number * 30 * DAY // count
        reasons = tuple(
            replace(INCIDENT.reasons[0], value=f"AS{n} Net {(number * 7 + n) % 500}", weight=dice.random())
            for n in range(12)
        )
        made.append(
            replace(
                INCIDENT,
                id=f"{number:012x}",
                account=BUSY if number % 1000 == 0 else f"user{number % 4000}@example.org",
                score=dice.gauss(-3, 3),
                raised=number % 40 == 0,
                severity=dice.choice(SEVERITIES),
                first_event=first,
                last_event=first + 3_600_000_000,
                reasons=reasons,
                usual=tuple(
                    replace(INCIDENT.usual[0], now=f"AS{n} Net {(number * 7 + n) % 500}") for n in range(8)
                ),
                timeline=INCIDENT.timeline * 60,
                events=tuple(f"busy-{number * 10 + n}" for n in range(100)),
            )
        )
    return made


def fill_lake(lake: Lake, count: int) -> None:
    """Append events over thirty days, half of them of one account."""
    base = table(
        [
            event("x", account=BUSY, org_uid="example.org"),
            event("y", account="other@example.org", org_uid="example.org"),
        ]
    )
    per = 20_000
    for start in range(0, count, per):
        rows = base.take(pa.array(np.arange(per) % 2))
        number = np.arange(start, start + per)
        times = pa.array(T0 + number * 30 * DAY // count, pa.timestamp("us", tz="UTC"))
        rows = rows.set_column(rows.schema.get_field_index("time"), "time", times)
        ids = pa.array([f"busy-{n // 2}" if n % 2 == 0 else f"other-{n}" for n in number.tolist()])
        lake.append(rows.set_column(rows.schema.get_field_index("metadata_uid"), "metadata_uid", ids))


PATHS = (
    "/api/summary", "/api/incidents", "/api/incidents?queue=all", "/api/incidents?queue=all&sort=-time",
    "/api/incidents?queue=all&q=user77", "/api/incidents?queue=all&q=nosuchword",
    '/api/incidents?queue=all&q=network:"net 33" -severity:low',
    "/api/incidents/{id}", "/api/incidents/{id}/plan", "/api/incidents/{id}/records", "/api/incidents/{id}/related",
    "/api/accounts",
    f"/api/account?tenant=example.org&account={BUSY}", f"/api/account/timeline?tenant=example.org&account={BUSY}",
    f"/api/account/records?tenant=example.org&account={BUSY}", "/api/record?tenant=example.org&id=busy-777", "/api/answers",
    "/api/views", "/api/health/ingest", "/api/problems", "/api/detector", "/api/detector/what-if?budget=10", "/api/openapi.json",
)  # fmt: skip


def measure(browser: Browser, path: str, rounds: int, ids: list[str]) -> tuple[list[float], float, int]:
    """Return the sorted milliseconds of all rounds, the mean processor time, and the bytes of an answer."""
    taken, size = [], 0
    worked = time.process_time()
    for number in range(rounds):
        asked = path.replace("{id}", ids[number * 37 % len(ids)])
        begin = time.perf_counter()
        answer = browser.get(asked)
        taken.append(1000 * (time.perf_counter() - begin))
        if answer.status_code != 200:
            raise SystemExit(f"{asked}: {answer.status_code} {answer.text[:300]}")
        size = len(answer.content)
    return sorted(taken), 1000 * (time.process_time() - worked) / rounds, size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=40)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Lake.create(Path(folder) / "events") as lake,
        console(Path(folder), ConsoleSettings(), lake=lake) as made,
    ):
        fill_lake(lake, chosen.events)
        found = incidents(chosen.incidents)
        with made.context.database.writing() as work:
            work.incidents.put(found)
            work.days.put(
                {
                    T0 // DAY + n: {"events": 1, "accounts": 2, "tenants": {"example.org": 4000}}
                    for n in range(30)
                }
            )
        browser, ids = made.browser(), [incident.id for incident in found]
        print(f"{'':72}median    p95      max    cpu   bytes")
        for path in PATHS:
            measure(browser, path, 2, ids)
            taken, worked, size = measure(browser, path, chosen.rounds, ids)
            p95 = taken[int(0.95 * (len(taken) - 1))]
            print(
                f"{path[:70]:72}{taken[len(taken) // 2]:6.1f} {p95:6.1f} {taken[-1]:8.1f} {worked:6.1f} {size:7,}",
                flush=True,
            )


if __name__ == "__main__":
    main()
