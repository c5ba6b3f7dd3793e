"""A console over a store with incidents and events, hostile ones too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from seawall.console import ingest
from seawall.console.context import ConsoleSettings
from seawall.detection.incident import SEVERITIES, Incident
from seawall.events.problem import Problem
from seawall.storage.database import StoredSource
from seawall.storage.lake import Lake
from tests.console.consoles import Console, console
from tests.console.samples import DAY, HOSTILE, INCIDENT
from tests.sample_events import START, event, table

FIRST = int(START.timestamp()) * 1_000_000
ANN, BOB = "ann@x.example", "bob@x.example"
MARKUP = "<script>alert(1)</script>"


def incidents(count: int = 30) -> list[Incident]:
    """Incidents of Ann, Bob and others, the first the worst, every third raised; the last is hostile."""
    made = [
        replace(
            INCIDENT,
            id=f"{number:012x}",
            tenant="org",
            account=(ANN, BOB)[number] if number < 2 else f"user{number}@x.example",
            severity=SEVERITIES[-1 - number % 4],
            score=5.0 - number / 4,
            raised=number % 3 == 0,
            first_event=FIRST + number * DAY // 24,
            last_event=FIRST + number * DAY // 24 + 3_600_000_000,
            events=tuple(f"id-{n}" for n in range(10)) if number == 0 else (f"r-{number}",),
        )
        for number in range(count)
    ]
    made[-1] = replace(made[-1], account=MARKUP, title=f"Seen: {MARKUP}", summary=HOSTILE[2], tenant="org")
    return made


def events() -> Any:
    """Sixty events of Ann, of which the first ten are the intruder's; ten of Bob; one of every hostile text."""
    away = {
        "src_asn": 64501,
        "src_asn_name": "Example Hosting",
        "src_prefix": "198.51.100.0/24",
        "src_location": "NL",
    }
    rows = [event(f"id-{n}", 0, n, **(away if n < 10 else {})) for n in range(60)]
    own = {"account": BOB, "mailbox": BOB, "app_uid": "bob-app", "client": "bob-client"}
    rows += [event(f"bob-{n}", 1, n, **own, **away) for n in range(10)]
    rows += [
        event(
            f"x-{n}",
            2,
            n,
            account="eve@x.example",
            user_agent=text,
            app_name=text,
            folder=text,
            unmapped='{"a":' * 9,
        )
        for n, text in enumerate(HOSTILE)
        if text.isprintable() or text.isascii()
    ]
    return table(rows)


@contextmanager
def filled(folder: Path, settings: ConsoleSettings | None = None, **parts: Any) -> Iterator[Console]:
    """A console with all of this."""
    with Lake.create(folder / "events") as lake, console(folder, settings, lake=lake, **parts) as made:
        lake.append(events())
        lake.append(table([event("none-1", 3, org_uid=None, account="nobody@y.example")]))
        with made.context.database.writing() as work:
            work.incidents.put(incidents())
            work.announcements.add([f"{0:012x}"], at=made.clock())
            work.aliases.put({"0ld": f"{0:012x}"}, at=made.clock())
            work.days.put(
                {20_000: {"events": 70, "accounts": 3, "tenants": {"org": 3}, "p_histogram": [1, 2, 3, 4]}}
            )
            work.totals.add({"records": 80, "events": 70, "problems": 3})
            now = made.clock()
            work.sources.put(
                [
                    StoredSource(
                        "m365/org", "m365_audit", "org", 70, 2, now, now, FIRST, 3_600_000_000, None
                    ),
                    StoredSource(MARKUP, "entra_signin", "org", 1, 0, now, now, FIRST, None, now),
                ]
            )
            problems = [
                Problem("a.jsonl", n, "not-json", "no JSON object", "", f"{MARKUP}{n}") for n in range(3)
            ]
            work.problems.add(problems, at=now)
            note = {
                "tenant": "org",
                "source": "m365_audit",
                "code": "gap",
                "start": FIRST,
                "end": FIRST + DAY,
                "text": "a gap",
            }
            work.settings.put("coverage", {"notes": [note]})
        yield made
        ingest.close_ingest(made.context)


def later(time: int, **span: float) -> int:
    """A time so much later, in microseconds."""
    return time + timedelta(**span) // timedelta(microseconds=1)
