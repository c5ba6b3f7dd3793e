"""A store and a folder of results full of a person's names, in every form that Seawall writes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seawall.events.array_state import pack_texts
from seawall.events.problem import Problem
from seawall.response.containment.journal import open_journal
from seawall.response.notification.register import NotificationRegister
from seawall.storage.database import StoredSource
from seawall.storage.files.state_file import pack
from seawall.storage.joined_names import STATE, names_state
from seawall.storage.location import Store, open_store
from seawall.storage.raw_records import (
    KeptRecord,
    RawFolder,
    RecordOrigin,
    keep_record,
    write_kept_records,
)
from tests.console.samples import DAY, INCIDENT
from tests.sample_events import START, event, sign_in, table

FIRST = int(START.timestamp()) * 1_000_000
ANNA, BOB = "anna.berger@x.example", "bob@x.example"
DISPLAY = "Änne Berger-Holm"
UID = "0a1b2c3d-1111-4222-8333-444455556666"
NOW = FIRST + 30 * DAY
NEEDLES = ("anna.berger", "anna_berger", "berger", "änne", "\\u00c4nne", UID)
"""Texts that must occur in no byte afterwards, in any case."""


def events() -> pa.Table:
    """Records of Anna, under her object id too, and of Bob."""
    raw = json.dumps({"UserDisplayName": DISPLAY, "By": BOB, "Path": "C:\\Users\\anna.berger\\x"})
    rows = [
        event(f"r-{n}", 0, n, org_uid="x.example", account=ANNA, mailbox=BOB, unmapped=raw) for n in range(6)
    ]
    rows += [sign_in(f"s-{n}", 1, n, org_uid="x.example", account=UID) for n in range(3)]
    rows += [sign_in(f"t-{n}", 1, n, org_uid="x.example", account=BOB) for n in range(4)]
    return table(rows)


def raw_records() -> list[KeptRecord]:
    """A record as it came of Anna, one of Bob that names her in short, and one of Bob alone."""
    texts = (json.dumps({"UserId": ANNA, "Name": DISPLAY}), '{"By": "Berger, Anna"}', '{"By": "bob"}')
    accounts = (ANNA, BOB, BOB)
    return [
        keep_record(RecordOrigin(f"w-{n}", "x.example", account, FIRST + n, "a.jsonl", n), text)
        for n, (account, text) in enumerate(zip(accounts, texts, strict=True))
    ]


def incident() -> Any:
    """An incident whose texts name Anna."""
    return replace(
        INCIDENT, id="a" * 12, tenant="x.example", account=ANNA, title=f"Account takeover: {ANNA}",
        summary=f"{DISPLAY} signs in", mailboxes=(ANNA, BOB), related=(BOB,), actions=("Ask Anna Berger.",),
    )  # fmt: skip


def make_store(folder: Path, database: str | None = None) -> None:
    """A store with all of this."""
    with open_store(folder, database, make=True) as store:
        store.lake.append(events())
        RawFolder(store.lake.root).append(raw_records())
        store.lake.publish(NOW)
        fill_database(store)
    (folder / "automatic").mkdir()
    make_journal(folder / "automatic" / "plan.journal.jsonl")
    (folder / "seawall-notes.txt").write_text(f"of {DISPLAY}\n", encoding="utf-8")


def fill_database(store: Store) -> None:
    with store.database.writing() as work:
        work.incidents.put([incident(), replace(incident(), id="b" * 12, account=BOB, related=(ANNA,))])
        work.answers.give("a" * 12, "safe", by="carol", at=NOW, note=f"{DISPLAY} phoned")
        work.audit.append(at=NOW, actor="carol", action="records-read", subject=ANNA, details={"of": [ANNA]})
        work.audit.append(at=NOW, actor="carol", action="records-read", subject=BOB)
        work.views.put("carol", "mine", f'account:"{ANNA}"', at=NOW)
        work.sources.put(
            [StoredSource(f"m365/{ANNA}", "m365_audit", "x.example", 7, 2, NOW, NOW, FIRST, 36, None)]
        )
        work.problems.add([Problem("anna_berger.jsonl", 1, "not-json", "no object", "", f"x {ANNA}")], at=NOW)
        work.states.put(STATE, pack(names_state([("x.example", UID, ANNA)])))
        work.states.put(
            "detection/coder", pack(pack_texts("vocabularies.account", ["", BOB, ANNA, "zoe@x.example"]))
        )
        import msgspec

        work.candidates.put_day(
            20_000, [msgspec.msgpack.encode({"account": ANNA, "n": 1.5, "tenant": "x.example"})]
        )


def make_journal(path: Path) -> str:
    """A journal of three lines, the second about Anna; return its head."""
    with open_journal(path, clock=lambda: "2026-03-01T00:00:00Z") as journal:
        journal.append("torn")
        journal.append("torn", subject=ANNA, of={"upn": ANNA, "name": DISPLAY})
        journal.append("torn", subject=BOB)
        return journal.head


def make_results(folder: Path) -> None:
    """Results of a scan, a case folder, and files of other kinds."""
    folder.mkdir()
    document = {"account": ANNA, "title": f"takeover of {DISPLAY}", "note": 'Bob said "anna.berger"\n'}
    lines = json.dumps(document) + "\n" + json.dumps({"account": BOB}) + "\n"
    (folder / "incidents.jsonl").write_text(lines, encoding="utf-8")
    (folder / "bundle.json").write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
    (folder / "report.html").write_text(f"<h1>{ANNA}</h1><p>{DISPLAY}</p><p>{BOB}</p>", encoding="utf-8")
    (folder / "messages.csv").write_text(f"who,what\n{ANNA},read\n{BOB},read\n", encoding="utf-8")
    (folder / "old.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    pq.write_table(events(), folder / "events.parquet")
    write_kept_records(folder / "raw-records.parquet", raw_records())
    digest = hashlib.sha256((folder / "report.html").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps({"report.html": digest}), encoding="utf-8")
    (folder / f"letter-{ANNA}").mkdir()
    (folder / f"letter-{ANNA}" / "letter.txt").write_text(f"Dear {DISPLAY}", encoding="utf-8")
    with NotificationRegister.writing(folder, at=NOW) as register:
        register.append("letter", at=NOW, recipient=ANNA, details={"name": DISPLAY})
        register.append("letter", at=NOW, recipient=BOB)
    make_journal(folder / "plan.journal.jsonl")


def make_opaque(folder: Path) -> None:
    """Files that cannot be rewritten: two that hold the name or may, and two that do not."""
    for name, text in (("with.zip", ANNA), ("without.zip", BOB)):
        inside = io.BytesIO()
        with zipfile.ZipFile(inside, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.txt", f"{text}\n" * 50)
        (folder / name).write_bytes(inside.getvalue())
    (folder / "letter.pdf").write_bytes(b"%PDF-1.7 compressed")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\0\0\0")


def find_needles(*folders: Path) -> list[str]:
    """The files below folders in whose bytes, or unpacked content, a name occurs."""
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if not path.is_file():
                continue
            content = path.read_bytes()
            texts = [content.decode("utf-8", "replace"), str(path)]
            if content[:4] == b"PAR1":
                texts.append(str(pq.read_table(path).to_pylist()))
            if content[:2] == b"\x1f\x8b":
                texts.append(gzip.decompress(content).decode())
            if any(needle.lower() in text.lower() for needle in NEEDLES for text in texts):
                found.append(str(path))
    return found
