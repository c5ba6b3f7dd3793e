"""A console over a store of two organisations, Alpha and Beta, which show the same rare values at the same time.

Everything of Beta has `beta` in its name, in every table and in every field that may hold one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from seawall.console import ingest
from seawall.console.data import scope_search
from seawall.console.tenant_access import get_tenant_access
from seawall.events.problem import Problem
from seawall.storage.database import FirstImport, StoredSource, TaskDraft, Transaction
from seawall.storage.database.indicators import SavedIndicator
from seawall.storage.lake import Lake
from seawall.storage.raw_records import RawFolder, RecordOrigin, keep_record
from tests.console.consoles import Browser, Console, console
from tests.console.samples import DAY, INCIDENT
from tests.sample_events import START, event, sign_in, table

FIRST = int(START.timestamp()) * 1_000_000
ALPHA, BETA = "alpha.example", "beta.example"
SECRET = "beta"
"""What no answer to somebody of Alpha holds."""

DAY_OF_STORE = FIRST // DAY
SHARED_SESSION = "stolen-session"


def account_of(tenant: str, number: int = 0) -> str:
    return f"{tenant.partition('.')[0]}-user{number}@{tenant}"


def incident_of(tenant: str, number: int = 0) -> str:
    return f"{tenant.partition('.')[0]}-incident-{number}"


def incidents(tenant: str) -> list[Any]:
    """Five incidents of an organisation, all raised; they show the same network as those of the other."""
    name = tenant.partition(".")[0]
    return [
        replace(
            INCIDENT,
            id=incident_of(tenant, number),
            tenant=tenant,
            account=account_of(tenant, number),
            title=f"Account takeover: {account_of(tenant, number)}",
            summary=f"{name} is used from a network of {name}",
            severity=("critical", "high", "medium", "low", "high")[number],
            score=5.0 - number,
            first_event=FIRST + number * DAY // 24,
            last_event=FIRST + (number + 1) * DAY // 24,
            events=tuple(f"{name}-{number}-{n}" for n in range(4)),
            mailboxes=(account_of(tenant, number),),
            related=(account_of(tenant, (number + 1) % 5),),
            family="one-family",
        )
        for number in range(5)
    ]


def events(tenant: str) -> Any:
    """Records of three accounts. One session and one address are used in both organisations."""
    name = tenant.partition(".")[0]
    shared = {
        "org_uid": tenant,
        "src_ip": "198.51.100.66",
        "session_uid": SHARED_SESSION,
        "user_agent": f"{name} agent",
    }
    raw = json.dumps({"Path": f"/{name}/inbox"})
    rows = []
    for number in range(3):
        own = {**shared, "account": account_of(tenant, number), "mailbox": account_of(tenant, number)}
        rows += [event(f"{name}-{number}-{n}", 0, number * 60 + n, unmapped=raw, **own) for n in range(4)]
        rows.append(sign_in(f"{name}-{number}-in", 1, number, **own))
    return table(rows)


def fill_lake(lake: Lake, tenant: str) -> None:
    name = tenant.partition(".")[0]
    lake.append(events(tenant))
    origin = RecordOrigin(f"{name}-0-0", tenant, account_of(tenant), FIRST, f"logs/{name}.jsonl", 1)
    RawFolder(lake.root).append([keep_record(origin, json.dumps({"Id": f"{name}-0-0", "from": name}))])


def fill_database(work: Transaction, tenant: str, now: int) -> None:
    """Put something of an organisation into every table that the console reads."""
    name = tenant.partition(".")[0]
    worst, member = incident_of(tenant), incident_of(tenant, 3)
    work.incidents.put(incidents(tenant))
    work.announcements.add([worst], at=now)
    work.aliases.put({f"{name}-before": worst}, at=now)
    work.answers.give(incident_of(tenant, 2), "safe", by=f"{name}-analyst", at=now, note=f"{name} phoned")
    work.handling.put(
        worst, owner=f"{name}-analyst", status="in-progress", due_at=now, expected=0, by=name, at=now
    )
    work.handling.add_tag(worst, f"{name}-tag", by=name, at=now)
    work.comments.add(worst, f"a comment on {name}", by=f"{name}-analyst", at=now)
    work.tasks.add(worst, TaskDraft(f"call {name}", f"{name}-analyst", now), by=name, at=now)
    work.stars.add(
        worst, f"{name}-0-0", {"account": account_of(tenant)}, record_at=FIRST, remark=name, by=name, at=now
    )
    work.merges.merge(worst, member, by=name, at=now, note=f"merged for {name}")
    work.sources.put([StoredSource(f"m365/{name}", "m365_audit", tenant, 60, 2, now, now, FIRST, None, now)])
    work.problems.add([Problem(f"{name}.jsonl", 1, "not-json", f"{name} is no object", "", name)], at=now)
    work.totals.add({"records": 70, "events": 60, "problems": 3})
    work.indicators.put(
        SavedIndicator(f"session:{name}", tenant, FIRST, f"of {name}", f"{name}-analyst", now)
    )
    work.audit.append(
        at=now, actor=f"{name}-analyst", action="records-read", subject=account_of(tenant), details={}
    )
    work.outbox.add("webhook", f"https://{name}.example", worst, {"for": name}, at=now)
    work.first_imports.put([FirstImport(tenant, now, False, DAY_OF_STORE, DAY_OF_STORE, DAY_OF_STORE)])
    work.users.add(f"{name}-colleague", "analyst", at=now, organisations=[tenant])
    work.views.put(f"{name}-colleague", f"{name}-view", f"tenant:{tenant}", at=now)


def coverage_of(tenant: str) -> dict[str, Any]:
    return {
        "tenant": tenant, "source": "m365_audit", "code": "late", "start": FIRST, "end": FIRST + DAY, "text": f"late: {tenant}",
    }  # fmt: skip


@contextmanager
def of_tenants(folder: Path, *tenants: str, **parts: Any) -> Iterator[Console]:
    """A console over a store of some organisations."""
    with Lake.create(folder / "events") as lake, console(folder, lake=lake, **parts) as made:
        now = made.clock.now = FIRST + 10 * DAY
        for tenant in tenants:
            fill_lake(lake, tenant)
            with made.context.database.writing() as work:
                fill_database(work, tenant, now)
        with made.context.database.writing() as work:
            counts = {tenant: 3 + number for number, tenant in enumerate(tenants)}
            numbers = {
                "events": 40 * len(tenants),
                "accounts": sum(counts.values()),
                "p_histogram": [1, 2, 3],
            }
            work.days.put({DAY_OF_STORE: {**numbers, "tenants": counts}})
            work.settings.put("coverage", {"notes": [coverage_of(tenant) for tenant in tenants]})
        yield made
        ingest.close_ingest(made.context)
        scope_search.close_searches(made.context)
        made.loop.run_until_complete(get_tenant_access(made.context).close())


def limited(made: Console, role: str, *tenants: str) -> Browser:
    """The browser of somebody who is limited to organisations."""
    name = f"{role}-of-{'-and-'.join(tenant.partition('.')[0] for tenant in tenants)}"
    with made.context.database.writing() as work:
        if work.users.find(name) is None:
            work.users.add(
                name, "viewer" if role == "viewer" else "analyst", at=made.clock(), organisations=tenants
            )
    return made.signed_in(name=name)
