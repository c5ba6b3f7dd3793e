"""A console over a store full of two persons' names, in every field that may hold one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from seawall.console import ingest
from seawall.console.context import ConsoleSettings
from seawall.detection.incidents.story.act import StorySentence
from seawall.events.problem import Problem
from seawall.storage.database import StoredSource
from seawall.storage.database.tasks import TaskDraft
from seawall.storage.lake import Lake
from tests.console.consoles import Browser, Console, console
from tests.console.samples import DAY, INCIDENT
from tests.sample_events import START, event, sign_in, table

FIRST = int(START.timestamp()) * 1_000_000
ANNA, BOB, MARK = "anna.berger@x.example", "bob@x.example", "mark-otto@y.example"
STRANGER = "carla.lund@far-away.example"
PROGRAM = "mail-tool"
WORST = f"{0:012x}"
NAMES = ("anna", "berger", "bob", "mark-otto", "otto", "carla", "lund", "far-away")
"""What must occur in no answer, in any case and any spelling."""

EVERYBODY = {
    "pseudonyms_for": ["viewer", "analyst", "admin"],
    "reveal_for": ["analyst"],
    "reveal_minutes": 60,
}


def line(sentence: str, **more: Any) -> StorySentence:
    """One line of a story."""
    base = StorySentence(
        time=FIRST, end=FIRST, actor=ANNA, act="consent", object=BOB, whom=STRANGER, place="bob", count=1,
        sentence=sentence, short=sentence, left=f"{STRANGER} reads bob's mailbox", events=("id-1",),
    )  # fmt: skip
    return replace(base, **more)


def incidents() -> list[Any]:
    """Two incidents whose texts name everybody, in short and in full."""
    told = [
        line("gave carla.lund@far-away.example full access to bob's mailbox"),
        line("made the rule 'Berger, Anna' that forwards to Carla.Lund@far-away.example"),
        line("opened https://x.example/personal/anna_berger_x_example/Documents"),
    ]
    first = replace(
        INCIDENT, id=WORST, tenant="x.example", account=ANNA, title=f"Account takeover: {ANNA}",
        summary="anna.berger is used from a network of Bob", events=tuple(f"id-{n}" for n in range(5)),
        mailboxes=(ANNA, BOB), related=(BOB,), first_event=FIRST, last_event=FIRST + DAY // 24, story=tuple(told),
        actions=("Ask Anna Berger by telephone.",), coverage=("No mail records of ANNA.BERGER@X.EXAMPLE.",),
    )  # fmt: skip
    second = replace(
        first, id=f"{1:012x}", account=BOB, title="bob signs in", mailboxes=(BOB,), related=(ANNA,)
    )
    return [first, second]


def events() -> Any:
    """Records of persons and of a program; raw fields state display names."""
    raw = json.dumps(
        {
            "UserDisplayName": "Bobby Stonehenge",
            "Target": {"displayName": "Bob", "id": BOB},
            "Path": "\\\\X\\bob",
        }
    )
    rows = [
        event(f"id-{n}", 0, n, org_uid="x.example", account=ANNA, mailbox=BOB, unmapped=raw) for n in range(8)
    ]
    rows += [sign_in(f"in-{n}", 1, n, org_uid="x.example", account=BOB) for n in range(4)]
    rows += [sign_in("in-9", 1, 9, org_uid="y.example", account=MARK, user_agent="for mark-otto")]
    rows += [event("app-1", 1, 3, org_uid="x.example", account=PROGRAM, account_type="service", mailbox=BOB)]
    return table(rows)


@contextmanager
def full_of_names(folder: Path, settings: ConsoleSettings | None = None, **parts: Any) -> Iterator[Console]:
    """A console over all of this."""
    with Lake.create(folder / "events") as lake, console(folder, settings, lake=lake, **parts) as made:
        lake.append(events())
        with made.context.database.writing() as work:
            now = made.clock()
            work.incidents.put(incidents())
            work.announcements.add([WORST], at=now)
            work.answers.give(WORST, "safe", by="carol", at=now, note="Anna Berger phoned, bob too")
            fill_handling(work, now)
            work.audit.append(at=now, actor="carol", action="records-read", subject=ANNA, details={"by": BOB})
            work.views.put("analyst-user", "mine", f'account:"{ANNA}"', at=now)
            gap = {
                "tenant": "x.example",
                "source": "m365_audit",
                "code": "gap",
                "start": FIRST,
                "end": FIRST + DAY,
            }
            work.settings.put("coverage", {"notes": [{**gap, "text": f"a gap of {BOB}"}]})
            work.sources.put(
                [
                    StoredSource(
                        f"m365/{BOB}", "m365_audit", "x.example", 70, 2, now, now, FIRST, 3_600_000_000, None
                    )
                ]
            )
            work.problems.add(
                [Problem("anna_berger.jsonl", 1, "not-json", "no object", "", f"x {BOB}")], at=now
            )
        yield made
        ingest.close_ingest(made.context)


def hide_from(made: Console, **settings: Any) -> None:
    """Turn pseudonyms on."""
    with made.context.database.writing() as work:
        work.settings.put("privacy", {**EVERYBODY, **settings})


def pseudonym(browser: Browser, number: int = 0) -> str:
    """The pseudonym of an incident's account."""
    found = browser.get(f"/api/incidents/{number:012x}").json()["account"]
    assert found.startswith("person ")
    return str(found)


def fill_handling(work: Any, now: int) -> None:
    """What analysts add to an incident, full of names."""
    handling = {"owner": BOB, "status": "in-progress", "due_at": now, "expected": 0, "by": "carol", "at": now}
    work.handling.put(WORST, **handling)
    work.handling.add_tag(WORST, "anna-berger", by="carol", at=now)
    work.comments.add(WORST, f"Anna Berger says that {BOB} phoned", by=BOB, at=now)
    work.tasks.add(WORST, TaskDraft("call Anna Berger", BOB, now), by="carol", at=now)
    document = {"account": ANNA, "raw": {"UserDisplayName": "Bobby Stonehenge"}, "mailbox": BOB}
    work.stars.add(WORST, "id-1", document, record_at=FIRST, remark="opened by bob", by="carol", at=now)
