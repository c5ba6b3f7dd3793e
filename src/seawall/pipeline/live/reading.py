"""The reader threads: each follows folders or a stream, and waits while the queue is full."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seawall.events.readers import Limits
from seawall.pipeline.tail import DeliveryQueue, Follower, IntakeClosed, TailTiming, stream_deliveries
from seawall.pipeline.tail.stream import ReadableStream
from seawall_base.clock import Clock

LOOKS = (0.05, 1.0)
"""Seconds between looks at the folders: after one that found something, and at most."""

MOST_FRUITLESS = 5
"""Looks without new data after which a single pass ends, even if some file cannot be read to its end."""


_JOIN_SECONDS = 5.0


class ReaderThread(threading.Thread):
    """A thread that queues deliveries until stopped. `backlog` is about the number of bytes that are not read yet.

    `fault` is the error that ended the thread. A thread that `can_idle` never ends by itself: `is_idle` means that its last
    look found nothing and that it expects nothing, `is_looking` that it looks or reads just now.
    """

    can_idle = False

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._stopped = threading.Event()
        self.backlog = 0
        self.is_idle = self.is_looking = False
        self.fault: BaseException | None = None

    def stop(self) -> None:
        """Ask the thread to stop."""
        self._stopped.set()


class FolderReader(ReaderThread):
    """Follow folders until stopped. With `is_once`, the thread ends when all present data is read."""

    can_idle = True

    def __init__(
        self,
        paths: Sequence[Path],
        checkpoint: Mapping[str, Mapping[str, Any]],
        intake: DeliveryQueue,
        patience: TailTiming,
        clock: Clock,
        *,
        is_once: bool = False,
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        super().__init__("seawall-folders")
        self._follower = Follower(paths, checkpoint, limits, patience)
        self._intake, self._clock, self._is_once = intake, clock, is_once

    def run(self) -> None:
        """Look for data and queue it, again and again."""
        pause, fruitless = LOOKS[0], 0
        try:
            while not self._stopped.is_set():
                self.is_looking = True
                found = self._poll()
                self.is_idle = not found and self._follower.is_idle
                self.is_looking = False
                fruitless = 0 if found else fruitless + 1
                if self._is_once and (self.is_idle or fruitless >= MOST_FRUITLESS):
                    return
                pause = LOOKS[0] if found else min(pause * 2, LOOKS[1])
                self._stopped.wait(LOOKS[0] if self._is_once else pause)
        except IntakeClosed:
            return
        except Exception as error:  # noqa: BLE001 - reported by the main thread, which calls `raise_fault`
            self.fault = error
        finally:
            self.backlog = 0
            self._follower.close()

    def _poll(self) -> bool:
        read, found = 0, False
        for delivery in self._follower.poll(self._clock.monotonic()):
            found = True
            self.backlog = max(self._follower.unread - read, 0)
            while not self._intake.put(delivery, 0.2):
                if self._stopped.is_set():
                    return found
            read += sum(batch.bytes_read for batch in delivery.batches)
            if self._stopped.is_set():
                return found
        self.backlog = 0
        return found


class StreamReader(ReaderThread):
    """Read a stream to its end; a stop takes effect at the next data."""

    def __init__(self, stream: ReadableStream, name: str, intake: DeliveryQueue) -> None:
        super().__init__("seawall-stream")
        self._stream, self._file, self._intake = stream, name, intake

    def run(self) -> None:
        """Queue arriving data."""
        try:
            for delivery in stream_deliveries(self._stream, self._file):
                while not self._intake.put(delivery, 0.2):
                    if self._stopped.is_set():
                        return
                if self._stopped.is_set():
                    return
        except IntakeClosed:
            return
        except Exception as error:  # noqa: BLE001 - reported by the main thread, which calls `raise_fault`
            self.fault = error


class ReaderThreads:
    """All reader threads of one watch."""

    def __init__(self) -> None:
        self._all: list[ReaderThread] = []

    def begin(self, *readers: ReaderThread) -> None:
        """Start reader threads."""
        self._all += readers
        for reader in readers:
            reader.start()

    def stop(self) -> None:
        """Stop all reader threads."""
        for reader in self._all:
            reader.stop()
        for reader in self._all:
            if reader.can_idle and reader is not threading.current_thread():
                reader.join(_JOIN_SECONDS)

    @property
    def backlog(self) -> int | None:
        """About the number of unread bytes, None if nothing is read."""
        return sum(reader.backlog for reader in self._all) if self._all else None

    def are_done(self, *, is_idle_enough: bool) -> bool:
        """Return whether all readers have ended or, with `is_idle_enough`, expect no data."""
        return all(
            reader.is_idle if is_idle_enough and reader.can_idle else not reader.is_alive()
            for reader in self._all
        )

    @property
    def are_looking(self) -> bool:
        """Return whether some folder is looked at or read just now: what was found before may be old."""
        return any(reader.is_looking for reader in self._all)

    def raise_fault(self) -> None:
        """Raise the error that ended a reader, once."""
        for reader in self._all:
            if reader.fault is not None:
                fault, reader.fault = reader.fault, None
                raise fault
