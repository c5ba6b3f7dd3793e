"""Log lines of the gate: gathered in memory for a moment, written whole, counted when they cannot be written."""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path

MOMENT = 0.1
"""Seconds that a line may wait."""

MANY = 256
"""Lines after which nobody waits."""

MOST = 100_000
"""Lines kept while they cannot be written. After that lines are lost, and counted."""


class LineHandler(logging.Handler):
    """Appends formatted records to stderr or a file. A file that was moved away (rotated) is opened anew."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self._path = None if where == "stderr" else Path(where)
        self._lines: list[str] = []
        self._listing, self._writing = threading.Lock(), threading.Lock()
        self._descriptor = 2 if self._path is None else self._opened(self._path)
        self._wake, self._stopped = threading.Event(), False
        self.lost = 0
        """Lines that could not be written."""
        self.failing = False
        """Whether the last attempt to write failed."""
        self._thread = threading.Thread(target=self._write_on, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record's line until the next moment. Never waits for the disk.

        What is no line of JSON yet becomes one, so that no text can look like a second line, or like a decision.
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
        """Keep one line, which holds no line feed, until the next moment."""
        with self._listing:
            if len(self._lines) >= MOST:  # whoever reads us is stuck
                self.lost += 1
                return
            self._lines.append(line + "\n")
            many = len(self._lines) >= MANY
        if many:
            self._wake.set()

    def flush(self) -> None:
        """Write what is there."""
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
        """Write what is left and stop."""
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
            fresh = self._opened(self._path)
            os.close(self._descriptor)
            self._descriptor = fresh

    @staticmethod
    def _opened(path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
