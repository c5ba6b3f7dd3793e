"""Write records into files as exports do: by source and time, late, repeated, and partly broken."""

from __future__ import annotations

import gzip
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from seawall.lab.worlds.acts import NOBODY, Act, ActivityLog
from seawall.lab.worlds.records import audit_files
from seawall.lab.worlds.records.taken import TakenMessages, reads
from seawall.lab.worlds.seeded_random import SeededRandom

Record = dict[str, Any]
_ENCODER = msgspec.json.Encoder()
_PAGE = 1000
_BLOB = 5000
_BIRTHS = ("sign_in", "app_sign_in")
_WHOLE = ("management", "graph", "pages", "array")
"""Formats in which a file is one JSON document, so that a damaged record would damage all others."""


@dataclass(slots=True)
class LogStream:
    """The files of one source: lines waiting by number of the file in which they are delivered. `gap`: see `Tenant.gaps`."""

    name: str
    shape: str
    gap: str = ""
    waiting: dict[int, list[tuple[float, bytes]]] = field(default_factory=dict)


@dataclass(slots=True)
class ExportResult:
    """The result of an export: number of records (repeats included), ids of each attack's records, first and last time.

    `taken` is what the readable records of each attack say was read, by mailbox.
    """

    records: int = 0
    ids: dict[int, list[str]] = field(default_factory=dict)
    spans: dict[int, tuple[float, float]] = field(default_factory=dict)
    taken: dict[int, dict[str, TakenMessages]] = field(default_factory=dict)


class WorldWriter(ABC):
    """Turn acts, in order of time, into records and files. Subclasses define a vendor's records."""

    def __init__(self, diary: ActivityLog, folder: Path, dice: SeededRandom, exported: ExportResult) -> None:
        self.diary, self.tenant, self.style, self.dice = diary, diary.tenant, diary.tenant.style, dice
        self.folder = folder
        self.exported = exported
        self.streams = {stream.name: stream for stream in self._streams()}
        self.span = self._hours() * 3600.0
        self.flushed = 0
        # compression and writing release the interpreter lock, so they run in parallel
        self.saver = ThreadPoolExecutor(1)
        self.saves: list[Future[None]] = []

    @abstractmethod
    def _streams(self) -> list[LogStream]:
        """Return the streams of files of this vendor."""

    def _hours(self) -> int:
        return self.style.file_hours

    @abstractmethod
    def _records(self, act: Act) -> Iterator[tuple[LogStream, Record, str]]:
        """Yield (stream, record, id) for each record of an act."""

    def write(self, act: Act) -> None:
        """Write the records of one act, unless its sign-in is lost; acts must come in order of time."""
        loss = self.tenant.habits.loss
        if loss is not None and act.kind in _BIRTHS and loss.is_lost(_application_of(act), act.time):
            return
        bucket = int((act.time - self.diary.start) // self.span)
        if bucket > self.flushed:
            self._flush(bucket)
        out: dict[str, None] = {}
        for stream, record, uid in self._records(act):
            if self.tenant.gaps and self._is_in_gap(stream, act.time):
                continue
            if self._deliver(stream, act.time, record):
                out[uid] = None
                if act.attack != NOBODY and reads(act):
                    by_mailbox = self.exported.taken.setdefault(act.attack, {})
                    by_mailbox.setdefault(act.mailbox.upn, TakenMessages()).add(record)
        if out and act.attack != NOBODY:
            self.exported.ids.setdefault(act.attack, []).extend(out)
            first, last = self.exported.spans.get(act.attack, (act.time, act.time))
            self.exported.spans[act.attack] = (min(first, act.time), max(last, act.time))

    def close(self) -> None:
        """Write all waiting records, and wait until they are on disk."""
        self._flush(1 << 40)
        self.saver.shutdown()
        for saved in self.saves:
            saved.result()

    def _is_in_gap(self, stream: LogStream, time: float) -> bool:
        return any(
            name == (stream.gap or stream.name) and start <= time < end
            for name, start, end in self.tenant.gaps
        )

    def _deliver(self, stream: LogStream, time: float, record: Record) -> bool:
        """Queue a record, and possibly a repeat, for a file; return whether a readable copy was queued."""
        dice, style = self.dice, self.style
        line = self._line(stream, record)
        delivered = time + dice.exponential(600)
        if dice.chance(style.late_share):
            delivered += min(4 * 86400, dice.exponential(style.late_hours * 3600))
        self._queue(stream, delivered, line)
        readable = True
        if stream.shape not in _WHOLE and dice.chance(style.broken_share):
            self.queue_broken(stream, delivered, line)
            readable = False
        if dice.chance(style.duplicates):
            self._queue(stream, delivered + dice.exponential(20 * 3600), line)
            readable = True
        return readable

    def queue_broken(self, stream: LogStream, delivered: float, line: bytes) -> None:
        """Replace the last queued line by a damaged copy."""
        queue = stream.waiting[int(max(0.0, delivered - self.diary.start) // self.span)]
        cut = len(line) // 3 + self.dice.below(max(1, len(line) // 2))
        damaged = (
            line[:cut] + b"\n"
            if stream.shape not in audit_files.CSV_HEADS
            else line.replace(b'""Version""', b'""Version', 1)
        )
        queue[-1] = (delivered, damaged)

    def _queue(self, stream: LogStream, delivered: float, line: bytes) -> None:
        bucket = int(max(0.0, delivered - self.diary.start) // self.span)
        stream.waiting.setdefault(bucket, []).append((delivered, line))
        self.exported.records += 1

    def _line(self, stream: LogStream, record: Record) -> bytes:
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

    def _file(self, stream: LogStream, bucket: int, lines: list[bytes]) -> None:
        stamp = datetime.fromtimestamp(self.diary.start + bucket * self.span, UTC).strftime("%Y%m%dT%H")
        folder = self.folder / self.tenant.domain / stream.name
        folder.mkdir(parents=True, exist_ok=True)
        if stream.shape in _WHOLE:
            size = _BLOB if stream.shape == "management" else _PAGE
            for number, start in enumerate(range(0, len(lines), size)):
                data = self._document(stream, lines[start : start + size], is_last=start + size >= len(lines))
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

    def _document(self, stream: LogStream, lines: list[bytes], *, is_last: bool) -> bytes:
        if stream.shape == "pages":  # Google lists the newest first
            following = b"" if is_last else b',"nextPageToken":"A:%s"' % self.dice.token(20).encode()
            items = b",".join(line.rstrip(b"\n") for line in reversed(lines))
            return b'{"kind":"admin#reports#activities","etag":"\\"%s\\""%s,"items":[%s]}' % (
                self.dice.token(27).encode(),
                following,
                items,
            )
        body = b",".join(line.rstrip(b"\n") for line in lines)
        return b'{"value":[' + body + b"]}" if stream.shape == "graph" else b"[" + body + b"]"

    def _save(self, path: Path, data: bytes) -> None:
        if self.dice.chance(self.style.zipped_share):
            path = path.with_name(path.name + ".gz")
        self.saves.append(self.saver.submit(_save, path, data))


def _application_of(act: Act) -> str:
    return act.client.app if act.client is not None else getattr(act.who, "app", "")


def _save(path: Path, data: bytes) -> None:
    path.write_bytes(gzip.compress(data, 1, mtime=0) if path.suffix == ".gz" else data)
