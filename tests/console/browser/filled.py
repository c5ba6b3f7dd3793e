"""A store as a watch leaves it, made from the lab's logs: events in the lake, incidents and announcements in the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from seawall.detection.incident import Incident
from seawall.events.event import ENRICHED_SCHEMA
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.lab.worlds import make_world
from seawall.lab.worlds.world_settings import WorldSettings
from seawall.pipeline.scan import ScanSettings, scan
from seawall.storage.database import Database
from seawall.storage.lake import Lake
from seawall.storage.raw_records import KeptRecord, RawFolder, RecordOrigin, keep_record
from seawall_base.times import parse_rfc3339
from tests.report.samples import HOSTILE, incident
from tests.sample_events import event

FAMILIES = ("forged_token", "bec_forwarding", "mfa_fatigue", "password_spray")
HOSTILE_ACCOUNT = f"eve{HOSTILE[1]}@contoso.example"
HOSTILE_ID = "hostile"
HOSTILE_TIME = parse_rfc3339("2026-03-02T09:00:00Z")


def world(folder: Path, *, start: date, seed: int = 1, accounts: int = 40, days: int = 28) -> Path:
    """Logs of a small organisation with staged intruders; returns their folder."""
    families = FAMILIES
    settings = WorldSettings(
        seed, accounts=accounts, days=days, attacks=len(families), families=families, density=0.6, start=start
    )
    make_world(settings, folder)
    return folder / "logs"


def fill(store: Path, logs: Path, *, is_hostile: bool = True) -> list[Incident]:
    """Put what the logs hold, and what a scan finds in them, into a new store; `is_hostile` adds an intruder's markup."""
    store.mkdir(mode=0o700, parents=True)
    networks = Networks.load(())
    with Lake.create(store / "events") as lake:
        for batch in read([logs]):
            if batch.events.num_rows:
                lake.append(enrich(batch.events, networks))
        if is_hostile:
            lake.append(hostile_events())
            RawFolder(lake.root).append(hostile_copies())
    found = list(scan(logs, settings=ScanSettings()).incidents)
    if is_hostile:
        found.append(hostile_incident())
    put(store, found)
    return found


def put(store: Path, incidents: list[Incident], *, at: int | None = None) -> None:
    """Keep incidents; those that were raised are announced at a time, or were when they crossed the threshold."""
    database = Database.open(store / "seawall.db", should_migrate=True)
    try:
        with database.writing() as work:
            work.incidents.put(incidents)
            told: dict[int, list[str]] = {}
            for one in incidents:
                if one.raised and one.detected_at is not None:
                    told.setdefault(one.detected_at if at is None else at, []).append(one.id)
            for time, ids in told.items():
                work.announcements.add(ids, at=time)
    finally:
        database.close()


def hostile_events() -> pa.Table:
    """Records in which every field that an intruder can write is markup."""
    return pa.Table.from_pylist(list(_hostile_rows()), schema=ENRICHED_SCHEMA)


def hostile_copies() -> list[KeptRecord]:
    """The first of these records as it came, with a secret, and markup for a name of its file."""
    text = json.dumps({"Id": "hostile-0", "Subject": HOSTILE[0], "password": "hunter2-secret"})
    origin = RecordOrigin(
        "hostile-0", "contoso.example", HOSTILE_ACCOUNT, HOSTILE_TIME, f"logs/{HOSTILE[1]}", 7
    )
    return [keep_record(origin, text)]


def _hostile_rows() -> Iterator[dict[str, object]]:
    for number in range(4):
        text = HOSTILE[number % len(HOSTILE)]
        rule: dict[str, Any] = {
            "kind": "mail_rule",
            "parameters": json.dumps({"Name": text, "ForwardTo": HOSTILE[1]}),
        }
        yield event(
            f"hostile-{number}",
            minute=number,
            **(rule if number == 3 else {}),
            activity_name="New-InboxRule" if number == 3 else f"Mail{text}",
            account=HOSTILE_ACCOUNT,
            mailbox=f"box{text}",
            app_uid=f"app{text}",
            app_name=f"name{text}",
            client=f"client{text}",
            user_agent=f"agent{text}",
            src_asn_name=f"network{text}",
            src_location="<b>",
            session_uid=f"session{text}",
            folder=f"folder{text}",
            org_uid="contoso.example",
            raw=f'{{"Subject": "raw{HOSTILE[1].replace(chr(34), chr(39))}"}}',
        )


def hostile_incident() -> Incident:
    """An incident of which every text is markup; its records are the hostile ones."""
    plain = incident(1, account=HOSTILE_ACCOUNT)
    text = HOSTILE[0]
    return replace(
        plain,
        id=HOSTILE_ID,
        first_event=HOSTILE_TIME,
        last_event=HOSTILE_TIME + 3600 * 1_000_000,
        kind=f"kind{text}",
        title=f"title{text}",
        summary=f"{HOSTILE_ACCOUNT} summary{text}: {HOSTILE[1]}",
        reasons=tuple(
            replace(one, text=f"{one.text}{text}", value=f"{one.value}{HOSTILE[1]}") for one in plain.reasons
        ),
        usual=tuple(replace(one, now=f"{one.now}{HOSTILE[7]}", normal_if=text) for one in plain.usual),
        timeline=tuple(replace(one, lane=f"{one.lane}{text}", label=text) for one in plain.timeline),
        coverage=(f"coverage{text}",),
        actions=(f"action{text}",),
        mailboxes=(f"box{text}",),
        related=(f"other{text}@contoso.example",),
        events=tuple(f"hostile-{number}" for number in range(4)),
        family="",
        details={
            **plain.details,
            "technique": f"technique{text}",
            "sigma": [
                {"id": "x", "title": f"title{text}", "level": "high", "technique": HOSTILE[1], "events": 3}
            ],
            "session_roots": {"weak": 2},
        },
    )
