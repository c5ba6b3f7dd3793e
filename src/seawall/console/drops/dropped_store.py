"""Read one dropped export in a temporary store of its own, with its own watch, from the first byte until it is closed."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from seawall.console.context import ConsoleContext, installation_key
from seawall.console.drops.values import DroppedFile, DropState
from seawall.pipeline.live.process import WatchProcess
from seawall.pipeline.live.settings import LiveSettings
from seawall.pipeline.live.status import NOTHING, WatchStatus
from seawall.pipeline.tail import TailTiming
from seawall.storage.files.archive_check import find_archive_fault
from seawall.storage.files.received_files import receive_file
from seawall.storage.location import open_store
from seawall.web.error_log import log_unexpected_error
from seawall_base.errors import InputUnreadable, SeawallError

if TYPE_CHECKING:
    from seawall.console.context import ConsoleSettings
    from seawall.storage.database import Database

_log = logging.getLogger("seawall.console")

MOST_BYTES: Final = 4 * 1024**3
LOOK_SECONDS: Final = 0.1
ENOUGH_STATUSES: Final = 8
"""Statuses in a row, at most two a second, that report nothing to read: then the files hold no record."""

STILL_SECONDS: Final = 30.0
"""Seconds without any change after which nothing more is expected of a watch that still waits."""

ABANDONED_SECONDS: Final = 120.0
"""Seconds without a byte after which nobody is sending any more."""

_END_SECONDS: Final = 45.0
_TIMING: Final = TailTiming(settle=0.2, finish=0.2)


class DroppedStore:
    """One dropped export. Its thread holds the store and the watch open until `close`.

    `id` is random, `name` what the sender calls it. Methods may be called from any thread; those that take files, from one.
    `context` serves its pages once it is set.
    """

    def __init__(
        self, id_: str, names: list[str], expected: int, settings: ConsoleSettings, clock: Callable[[], int]
    ) -> None:
        self.id, self.names, self.bytes_expected = id_, names, expected
        self.begun_at, self._begun = clock(), time.monotonic()
        self.bytes_received = 0
        self.files: list[DroppedFile] = []
        self.state: DropState = "receiving"
        self.error: SeawallError | None = None
        self.context: ConsoleContext | None = None
        self.database: Database | None = None
        self.seconds_needed: float | None = None
        self._settings, self._clock = settings, clock
        self._process: WatchProcess | None = None
        self._touched = time.monotonic()
        self._folder = Path(tempfile.mkdtemp(prefix="seawall-drop-"))
        self._complete, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._live, name="seawall-drop", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """Return a short name of the export: its first file, and how many more there are."""
        more = len(self.names) - 1
        return self.names[0] + (f" and {more} more" if more else "")

    @property
    def seconds(self) -> float:
        """Return the seconds since the beginning, until everything was read."""
        return time.monotonic() - self._begun if self.seconds_needed is None else self.seconds_needed

    @property
    def is_busy(self) -> bool:
        """Return whether files still arrive or are being read."""
        return self.state in {"receiving", "reading"}

    @property
    def is_abandoned(self) -> bool:
        """Return whether files should arrive, and none do."""
        return self.state == "receiving" and time.monotonic() - self._touched > ABANDONED_SECONDS

    @property
    def is_closing(self) -> bool:
        """Return whether the export is being closed."""
        return self._closing.is_set()

    @property
    def is_over(self) -> bool:
        """Return whether everything is deleted."""
        return not self._thread.is_alive()

    def status(self) -> WatchStatus:
        """Return the status of its watch, an empty one before it runs."""
        return NOTHING if self._process is None else self._process.status()

    def receive(self, chunks: Iterable[bytes], name: str) -> DroppedFile:
        """Take one file in. Raises what `receive_file` and `chunks` raise, and `InputUnreadable` beyond `MOST_BYTES` in all."""
        before = self.bytes_received

        def count_chunks() -> Iterable[bytes]:
            for chunk in chunks:
                self._touched = time.monotonic()
                self.bytes_received += len(chunk)
                yield chunk

        try:
            received = receive_file(
                count_chunks(), name, self._folder / "arriving", most_bytes=MOST_BYTES - before
            )
        except BaseException:
            self.bytes_received = before
            raise
        fault = find_archive_fault(received.path)
        if fault is not None:
            received.path.unlink()
        file = DroppedFile(received.name, received.size, received.sha256, fault)
        self.files.append(file)
        return file

    def read(self) -> None:
        """Have everything read that arrived. Raises `InputUnreadable` if nothing did, or nothing that may be read."""
        if all(file.refused is not None for file in self.files):
            words = next((file.refused for file in self.files if file.refused), "no file arrived")
            raise InputUnreadable(words, fix="drop the export itself: CSV, JSON, JSONL or ZIP")
        self.state = "reading"
        self._complete.set()

    def fail(self, error: SeawallError) -> None:
        """Note why nothing more comes of it."""
        self.error, self.state = error, "failed"

    def close(self) -> None:
        """Stop reading, and delete everything, soon."""
        self._closing.set()
        self._complete.set()

    def wait(self) -> None:
        """Wait until everything is deleted, after `close`."""
        self._thread.join(_END_SECONDS)

    def _live(self) -> None:
        try:
            with ExitStack() as stack:
                store = stack.enter_context(open_store(self._folder / "store", make=True))
                self.database = store.database
                received = self._folder / "received"
                received.mkdir(mode=0o700)
                live = LiveSettings(
                    store.folder,
                    folders=(received,),
                    patience=_TIMING,
                    score_seconds=0.2,
                    history_seconds=0.2,
                )
                self._process = process = stack.enter_context(WatchProcess(live))
                self._complete.wait()
                if not self.is_closing:
                    # One rename shows all files at once, so that they are ranked together.
                    (self._folder / "arriving").rename(received / "export")
                    self._follow(process)
                if not self.is_closing and self.state == "reading":
                    context = ConsoleContext(
                        store.database, store.lake, installation_key(store.folder),
                        replace(self._settings, drops_enabled=False, ingest_enabled=False),
                        service=process, clock=self._clock,
                    )  # fmt: skip
                    self.seconds_needed = time.monotonic() - self._begun
                    self.context, self.state = context, "ready"
                self._closing.wait()
        except SeawallError as error:
            self.fail(error)
        except Exception as error:  # noqa: BLE001 - nothing that is dropped ends the console
            log_unexpected_error(_log, "drop", error)
            self.fail(InputUnreadable("an unexpected error occurred", fix="read the log of `seawall serve`"))
        finally:
            self._process = self.database = self.context = None
            shutil.rmtree(self._folder, ignore_errors=True)

    def _follow(self, process: WatchProcess) -> None:
        """Wait until the watch has read, judged and ranked everything."""
        changed = time.monotonic()
        before, empty = NOTHING, 0
        while not self._closing.wait(LOOK_SECONDS):
            status, now = process.status(), time.monotonic()
            if process.has_failed:
                raise InputUnreadable(
                    status.fault or "reading ended unexpectedly", fix="run `seawall scan` on the file"
                )
            is_over = status.is_complete and status.doing == "idle"
            if status is not before:
                empty = empty + 1 if is_over and status.records == 0 else 0
                changed = now if status != before else changed
                before = status
            is_still = status.records > 0 and status.doing == "idle" and now - changed > STILL_SECONDS
            if (is_over and (status.records > 0 or empty > ENOUGH_STATUSES)) or is_still:
                return
