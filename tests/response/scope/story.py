"""A small organisation's records for searches: three people at home for two weeks, then an intruder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from seawall.collection.collected_spans import CollectedFeed
from seawall.collection.coverage_gap import CoverageGap
from seawall.events.problem import DamagedRecordHint
from seawall.response.scope import ScopeQuery, SearchBounds, search
from seawall.response.scope_values import Scope, ScopeSubject
from tests.sample_events import START, event, sign_in, table

PEOPLE = ("ann", "bob", "cara")
HISTORY = 15
"""Days before the intrusion."""

LAST = 20
THEIRS: dict[str, Any] = {
    "src_ip": "198.51.100.9",
    "src_prefix": "198.51.100.0/24",
    "src_asn": 64666,
    "src_asn_name": "Rented",
    "src_network_class": "hosting",
}
"""The intruder's place."""

Row = dict[str, Any]


def at_home(person: str, uid: str, day: int, minute: float, tenant: str = "org") -> list[Row]:
    """A sign-in and a read of a person's, from the person's own block."""
    number = 10 + PEOPLE.index(person) if person in PEOPLE else 99
    name = f"{person}@x.example"
    own = {
        "account": name,
        "org_uid": tenant,
        "src_ip": f"203.0.{number}.7",
        "src_prefix": f"203.0.{number}.0/24",
        "src_asn": 64500 + number,
        "session_uid": f"home-{tenant}-{person}-{day // 5}",
    }
    return [
        sign_in(f"{uid}-in", day, minute, **own),
        event(f"{uid}-read", day, minute + 1, mailbox=name, unmapped=folders(f"own-{uid}"), **own),
    ]


def days_at_home(
    first: int = 0, last: int = LAST, people: Sequence[str] = PEOPLE, tenant: str = "org"
) -> list[Row]:
    """Everybody reads twice a day, so that nothing is silent for long."""
    return [
        row
        for day in range(first, last)
        for place, person in enumerate(people)
        for minute in (0.0, 700.0)
        for row in at_home(person, f"{tenant}-{person}-{day}-{minute}", day, minute + 5 * place, tenant)
    ]


def theirs(uid: str, victim: str = "ann", day: int = HISTORY, minute: float = 30, **columns: Any) -> Row:
    """A read of a victim's mailbox by the intruder."""
    name = f"{victim}@x.example"
    own = {"account": name, "mailbox": name, "client": "curl/browser", **THEIRS, "unmapped": folders(uid)}
    return event(uid, day, minute, **{**own, **columns})


def folders(*ids: str, path: str = "\\Inbox") -> str:
    """What a record of Bind holds of messages."""
    items = [{"InternetMessageId": f"<{one}@x.example>", "SizeInBytes": 2000} for one in ids]
    return json.dumps({"Folders": [{"Path": path, "FolderItems": items}]})


def searched(
    tmp_path: Path,
    rows: Sequence[Row],
    *seeds: tuple[Any, str],
    bounds: SearchBounds = SearchBounds(),  # noqa: B008
    cut: Sequence[tuple[str, CoverageGap]] = (),
    lost: dict[str, list[int]] | None = None,
    told: dict[str, dict[int, DamagedRecordHint]] | None = None,
    collected: Sequence[CollectedFeed] = (),
    **asked: Any,
) -> Scope:
    """The scope of rows from seeds; an address of the intruder's unless others are given."""
    path = tmp_path / "events.parquet"
    ordered = sorted(rows, key=lambda row: (row["time"], row["metadata_uid"]))
    pq.write_table(table(ordered), path)
    known = ScopeQuery(seeds or (("address", THEIRS["src_ip"]),), **asked)
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    for left in scratch.iterdir():
        left.unlink()
    return search(path, known, scratch, bounds=bounds, cut=cut, lost=lost, told=told, collected=collected)


def day_at(day: int, minute: float = 0) -> int:
    """A time of the story in microseconds."""
    return round((START.timestamp() + 86_400 * day + 60 * minute) * 1_000_000)


def mailbox(scope: Scope, person: str) -> ScopeSubject:
    return next(one for one in scope.mailboxes if one.name == f"{person}@x.example")


def account(scope: Scope, person: str) -> ScopeSubject:
    return next(one for one in scope.accounts if one.name == f"{person}@x.example")
