"""Writes a tenant's acts as an export would: files by source and time, late, repeated and here and there broken."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from seawall.lab.acts import NOBODY, Act, Diary
from seawall.lab.dice import Dice
from seawall.lab.organisation import Person
from seawall.lab.records import audit_files, changes, mail, sign_ins

Record = dict[str, Any]
_ENCODER = msgspec.json.Encoder()
_PAGE = 1000
_BLOB = 5000


@dataclass(slots=True)
class Stream:
    """One source's files: lines waiting in the file (bucket) in which they will be delivered."""

    name: str
    shape: str
    waiting: dict[int, list[tuple[float, bytes]]] = field(default_factory=dict)


@dataclass(slots=True)
class Exported:
    """What came out: number of records written (repeats included), ids of each attack's records, first and last time."""

    records: int = 0
    ids: dict[int, list[str]] = field(default_factory=dict)
    spans: dict[int, tuple[float, float]] = field(default_factory=dict)


def write_logs(diary: Diary, folder: Path, dice: Dice) -> Exported:
    """Write all acts of a diary into files below `folder`."""
    writer = Writer(diary, folder, dice)
    diary.acts.sort(key=lambda act: act.time)
    end = diary.start + 86400 * diary.days
    for act in diary.acts:
        if diary.start <= act.time < end:
            writer.write(act)
    writer.close()
    return writer.exported


class Writer:
    """Turns acts, in order of time, into records, and records into files."""

    def __init__(self, diary: Diary, folder: Path, dice: Dice) -> None:
        self.diary, self.tenant, self.style, self.dice = diary, diary.tenant, diary.tenant.style, dice
        self.folder = folder
        self.exported = Exported()
        self.streams = {
            "audit": Stream("audit", self.style.audit_shape),
            "signins": Stream("signins", self.style.sign_in_shape),
            "directory": Stream("directory", self.style.sign_in_shape),
        }
        self.span = self.style.file_hours * 3600.0
        self.flushed = 0
        self.saver = ThreadPoolExecutor(1)  # compressing and writing need no interpreter: let them overlap
        self.saves: list[Future[None]] = []

    def write(self, act: Act) -> None:
        """Write one act's records."""
        bucket = int((act.time - self.diary.start) // self.span)
        if bucket > self.flushed:
            self._flush(bucket)
        uid = self.dice.guid()
        is_out = False
        for stream, record in self._records(act, uid):
            if self.tenant.gaps and self._is_in_gap(stream, act.time):
                continue
            is_out |= self._deliver(stream, act.time, record)
        if is_out and act.attack != NOBODY:
            self.exported.ids.setdefault(act.attack, []).append(uid)
            first, last = self.exported.spans.get(act.attack, (act.time, act.time))
            self.exported.spans[act.attack] = (min(first, act.time), max(last, act.time))

    def close(self) -> None:
        """Write what still waits, and wait for the disk."""
        self._flush(1 << 40)
        self.saver.shutdown()
        for saved in self.saves:
            saved.result()

    def _is_in_gap(self, stream: Stream, time: float) -> bool:
        return any(name == stream.name and start <= time < end for name, start, end in self.tenant.gaps)

    def _records(self, act: Act, uid: str) -> Iterator[tuple[Stream, Record]]:
        tenant, dice, style = self.tenant, self.dice, self.style
        week = self.diary.day_of(act.time) // 7
        audit = self.streams["audit"]
        if act.kind in ("read", "item"):
            yield audit, mail.mailbox_record(act, uid, tenant, dice, week)
        elif act.kind in ("sign_in", "app_sign_in"):
            yield from self._sign_in_records(act, uid, week)
        elif act.kind == "cmdlet":
            yield audit, changes.cmdlet_record(act, uid, tenant, dice, week)
        elif act.kind == "directory":
            if style.directory_in != "entra":
                yield audit, changes.directory_record(act, uid, tenant, dice)
            if style.directory_in != "audit":
                yield (
                    self.streams["directory"],
                    self._shaped(changes.entra_audit_record(act, uid, dice), "AuditLogs"),
                )
        elif act.kind == "file":
            yield audit, mail.file_record(act, uid, tenant, dice, week)
        else:
            yield audit, mail.other_record(act, uid, tenant, dice, week)

    def _sign_in_records(self, act: Act, uid: str, week: int) -> Iterator[tuple[Stream, Record]]:
        style, dice = self.style, self.dice
        if act.client is not None and not dice.chance(style.births_found.get(act.client.style, 1.0)):
            return
        if act.kind == "sign_in" and not act.details["interactive"] and not style.has_non_interactive:
            return
        if (
            act.kind == "sign_in"
            and style.has_audit_sign_ins
            and (act.details["interactive"] or dice.chance(0.3))
        ):
            yield self.streams["audit"], sign_ins.audit_sign_in(act, uid, self.tenant, dice, week)
        if style.has_sign_ins:
            record = sign_ins.sign_in_record(act, uid, self.tenant, dice, week)
            yield self.streams["signins"], self._shaped(record, "")

    def _shaped(self, record: Record, category: str) -> Record:
        shape = self.style.sign_in_shape
        if shape == "graph":
            return record
        if not category:
            return (
                sign_ins.diagnostic(record, self.tenant)
                if shape == "diagnostic"
                else sign_ins.log_analytics(record, self.tenant)
            )
        return changes.wrapped(record, self.tenant, shape)

    def _deliver(self, stream: Stream, time: float, record: Record) -> bool:
        """Queue a record (and perhaps a repeat of it) for a file; returns whether one readable copy was queued."""
        dice, style = self.dice, self.style
        line = self._line(stream, record)
        delivered = time + dice.exponential(600)
        if dice.chance(style.late_share):
            delivered += min(4 * 86400, dice.exponential(style.late_hours * 3600))
        self._queue(stream, delivered, line)
        readable = True
        if stream.shape not in ("management", "graph") and dice.chance(style.broken_share):
            self.queue_broken(stream, delivered, line)
            readable = False
        if dice.chance(style.duplicates):
            self._queue(stream, delivered + dice.exponential(20 * 3600), line)
            readable = True
        return readable

    def queue_broken(self, stream: Stream, delivered: float, line: bytes) -> None:
        """Replace the line just queued by a damaged copy of it."""
        queue = stream.waiting[int(max(0.0, delivered - self.diary.start) // self.span)]
        cut = len(line) // 3 + self.dice.below(max(1, len(line) // 2))
        damaged = (
            line[:cut] + b"\n"
            if stream.shape not in audit_files.CSV_HEADS
            else line.replace(b'""Version""', b'""Version', 1)
        )
        queue[-1] = (delivered, damaged)

    def _queue(self, stream: Stream, delivered: float, line: bytes) -> None:
        bucket = int(max(0.0, delivered - self.diary.start) // self.span)
        stream.waiting.setdefault(bucket, []).append((delivered, line))
        self.exported.records += 1

    def _line(self, stream: Stream, record: Record) -> bytes:
        data = _ENCODER.encode(record)
        if stream.shape == "wrapped_jsonl":
            return _ENCODER.encode(audit_files.search_result(record, data.decode())) + b"\n"
        if stream.shape in audit_files.CSV_HEADS:
            return audit_files.csv_row(stream.shape, record, data)
        return data + b"\n"

    def _flush(self, before: int) -> None:
        for stream in self.streams.values():
            for bucket in sorted(bucket for bucket in stream.waiting if bucket < before):
                lines = stream.waiting.pop(bucket)
                lines.sort(key=lambda pair: pair[0])
                self._file(stream, bucket, [line for _, line in lines])
        self.flushed = before

    def _file(self, stream: Stream, bucket: int, lines: list[bytes]) -> None:
        stamp = datetime.fromtimestamp(self.diary.start + bucket * self.span, UTC).strftime("%Y%m%dT%H")
        folder = self.folder / self.tenant.domain / stream.name
        folder.mkdir(parents=True, exist_ok=True)
        if stream.shape in ("management", "graph"):
            size = _BLOB if stream.shape == "management" else _PAGE
            for number, start in enumerate(range(0, len(lines), size)):
                body = b",".join(line.rstrip(b"\n") for line in lines[start : start + size])
                data = b"[" + body + b"]" if stream.shape == "management" else b'{"value":[' + body + b"]}"
                self._save(folder / f"{stream.name}-{stamp}-{number:03d}.json", data)
            return
        data = b"".join(lines)
        if stream.shape in audit_files.CSV_HEADS:
            self._save(
                folder / f"{stream.name}-{stamp}.csv",
                b"\xef\xbb\xbf" + audit_files.CSV_HEADS[stream.shape] + data,
            )
        else:
            self._save(folder / f"{stream.name}-{stamp}.jsonl", data)

    def _save(self, path: Path, data: bytes) -> None:
        if self.dice.chance(self.style.zipped_share):
            path = path.with_name(path.name + ".gz")
        self.saves.append(self.saver.submit(_save, path, data))


def _save(path: Path, data: bytes) -> None:
    path.write_bytes(gzip.compress(data, 1, mtime=0) if path.suffix == ".gz" else data)


def mailboxes_of(acts: list[Act]) -> list[str]:
    """Return the mailboxes that these acts read, sorted."""
    return sorted({act.owner.upn for act in acts if act.kind == "read" and isinstance(act.owner, Person)})
