"""Write log lines in batches: buffer them for a moment, write whole lines, and count lines that are lost."""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path

MOMENT = 0.1
"""Longest time that a line is buffered."""

MANY = 256
"""Number of buffered lines that triggers a write at once."""

MOST = 100_000
"""Most lines that are buffered while writing fails; further lines are lost and counted."""


class LineHandler(logging.Handler):
    """Append log records to stderr or a file. A file that was rotated away is opened again."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self._path = None if where == "stderr" else Path(where)
        self._lines: list[str] = []
        self._listing, self._writing = threading.Lock(), threading.Lock()
        self._descriptor = 2 if self._path is None else self._open(self._path)
        self._wake, self._stopped = threading.Event(), False
        self.lost = 0
        """Number of lines that were lost."""
        self.failing = False
        """Whether the last write failed."""
        self._thread = threading.Thread(target=self._write_on, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Buffer the record's line without waiting for the disk.

        A text that is no JSON line of the gate is wrapped in one. No text can then imitate a second line or a decision.
        """
        text = record.getMessage()
        if not text.startswith('{"event": '):
            note = {
                "event": "note", "at": round(record.created, 3), "level": record.levelname.lower(),
                "from": record.name, "words": text,
            }  # fmt: skip
            text = json.dumps(note)
        self.add(text)

    def add(self, line: str) -> None:
        """Buffer one line, which must not contain a line feed."""
        with self._listing:
            if len(self._lines) >= MOST:  # the reader of our output is stuck
                self.lost += 1
                return
            self._lines.append(line + "\n")
            many = len(self._lines) >= MANY
        if many:
            self._wake.set()

    def flush(self) -> None:
        """Write the buffered lines."""
        with self._writing:
            with self._listing:
                lines, self._lines = self._lines, []
            if not lines:
                return
            try:
                self._reopen_if_moved()
                _write_all(self._descriptor, "".join(lines).encode("utf-8", "backslashreplace"))
                self.failing = False
            except OSError:
                self.failing = True
                with self._listing:
                    waiting = lines + self._lines
                    self._lines = waiting[-MOST:]
                    self.lost += len(waiting) - len(self._lines)

    def close(self) -> None:
        """Write the remaining lines and stop the thread."""
        self._stopped = True
        self._wake.set()
        self.flush()
        super().close()

    def _write_on(self) -> None:
        while not self._stopped:
            self._wake.wait(MOMENT)
            self._wake.clear()
            self.flush()

    def _reopen_if_moved(self) -> None:
        if self._path is None:
            return
        try:
            there, here = self._path.stat(), os.fstat(self._descriptor)
            moved = (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)
        except FileNotFoundError:
            moved = True
        if moved:
            fresh = self._open(self._path)
            os.close(self._descriptor)
            self._descriptor = fresh

    @staticmethod
    def _open(path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
