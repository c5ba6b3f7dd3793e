"""Run scope searches for the console: one at a time, each in a process with a deadline, the last few results on disk.

A user starts a search. It reads at most `MOST_EVENTS` events of the days around the incident and is killed after
`SECONDS`. Its result is kept until the console ends or `KEPT` later searches finished.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from seawall.console.api_error import conflict, unavailable
from seawall.console.data.plan_values import PlanValue
from seawall.console.data.scope_child import FAULT, LOST, PLAN_VALUES, VALUE, ScopeTask
from seawall.console.data.scope_values import ScopedValue, SearchState
from seawall.detection.incident import Incident
from seawall.response.scope.stored import Lost
from seawall.response.scope_values import IndicatorKind
from seawall.storage.files.incident_documents import incident_document
from seawall.storage.lake import Lake
from seawall.storage.lake.narrowed import place_of

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext

BEFORE_DAYS: Final = 60
"""Days of events before the incident: an account's earlier behaviour is what clears it."""

AFTER_DAYS: Final = 14
MOST_EVENTS: Final = 5_000_000
MOST_MESSAGES: Final = 100_000
SECONDS: Final = 900.0
KEPT: Final = 4
_NOTE: Final = "scope searches"
_MODULE: Final = "seawall.console.data.scope_child"
_BY_HAND: Final = "search on the command line instead: seawall scope --store DIR"


@dataclass(frozen=True, slots=True)
class SearchStart:
    """What a search starts from, on which days (the first, and the one after the last), and the key of its result.

    Either an incident, or `seeds` that are the intruder's from `start` on (microseconds; None: derived from the logs),
    in the organisation `tenant` or in all.
    """

    key: str
    days: tuple[date, date]
    incident: Incident | None = None
    seeds: tuple[tuple[IndicatorKind, str], ...] = ()
    start: int | None = None
    tenant: str = ""


@dataclass(slots=True)
class RunningSearch:
    """One search: its key, who started it and when (microseconds), its folder, its process, and its outcome."""

    key: str
    by: str
    at: int
    folder: tempfile.TemporaryDirectory[str] = field(repr=False)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    state: SearchState = "running"
    why: str = ""
    is_stopped: bool = False
    done: threading.Event = field(default_factory=threading.Event, repr=False)

    def file(self, name: str) -> Path:
        """Return the path of a result file."""
        return Path(self.folder.name) / name

    def plan(self, *, with_possible: bool) -> PlanValue | None:
        """Return the plan of all accounts that the search found, None if there is none."""
        path = self.file(PLAN_VALUES[with_possible])
        return msgspec.json.decode(path.read_bytes(), type=PlanValue) if path.is_file() else None

    def value(self) -> ScopedValue:
        """Return the result for display."""
        return msgspec.json.decode(self.file(VALUE).read_bytes(), type=ScopedValue)


class ScopeSearches:
    """The searches of one console. Thread-safe."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._searches: OrderedDict[str, RunningSearch] = OrderedDict()
        self._is_closed = False

    def of(self, key: str) -> RunningSearch | None:
        """Return the search of an incident (by its id) or of values (by its key), None if there is none."""
        with self._lock:
            return self._searches.get(key)

    def list_all(self) -> list[RunningSearch]:
        """Return the kept searches, the latest last."""
        with self._lock:
            return list(self._searches.values())

    def begin(self, lake: Lake, lost: Iterable[Lost], start: SearchStart, by: str, at: int) -> RunningSearch:
        """Start a search, or return the one running with this key. Raises `ApiError` if another one runs."""
        first, end = start.days
        if sum(day.rows for day in lake.size().days if first <= day.day < end) > MOST_EVENTS:
            raise conflict(f"more than {MOST_EVENTS:,} events lie in the days to search", fix=_BY_HAND)
        with self._lock:
            if self._is_closed:
                raise unavailable("the console is ending")
            running = next((one for one in self._searches.values() if one.state == "running"), None)
            if running is not None:
                if running.key == start.key:
                    return running
                raise conflict("another search is running", fix="try again when it is done")
            folder = tempfile.TemporaryDirectory(prefix=".seawall-scope-")
            search = RunningSearch(start.key, by, at, folder)
            self._searches.pop(start.key, None)
            self._searches[start.key] = search
            while len(self._searches) > KEPT:
                self._searches.popitem(last=False)[1].folder.cleanup()
        place = place_of(lake)
        task = ScopeTask(
            folder.name,
            str(place.root.resolve()),
            first,
            end,
            None if start.incident is None else incident_document(start.incident),
            MOST_MESSAGES,
            {tenant: dict(lake.names_of(tenant)) for tenant in lake.tenants()},
            list(start.seeds),
            start.start,
            start.tenant,
            None if place.organisations is None else sorted(place.organisations),
        )
        threading.Thread(
            target=self._run, args=(search, task, lost), name="scope-search", daemon=True
        ).start()
        return search

    def stop(self, search: RunningSearch) -> None:
        """Stop a running search."""
        with self._lock:
            search.is_stopped = True
        if search.process is not None:
            search.process.kill()

    def close(self) -> None:
        """Stop the running search, and delete all results."""
        with self._lock:
            self._is_closed = True
            searches = list(self._searches.values())
        for search in searches:
            self.stop(search)
            search.done.wait(10)
            with suppress(OSError):
                search.folder.cleanup()

    def _run(self, search: RunningSearch, task: ScopeTask, lost: Iterable[Lost]) -> None:
        state: SearchState = "failed"
        why = "the search failed"
        try:
            why = self._search_all(search, task, lost)
            state = "failed" if why else "done"
        finally:
            with self._lock:
                search.state, search.why = state, why
            search.done.set()

    def _search_all(self, search: RunningSearch, task: ScopeTask, lost: Iterable[Lost]) -> str:
        """Run the process to its end; return why there is no result, empty if there is one."""
        with search.file(LOST).open("wb") as lines:
            lines.writelines(msgspec.json.encode(one) + b"\n" for one in lost)
        with self._lock:
            if search.is_stopped:
                return "it was stopped"
            process = search.process = subprocess.Popen(  # noqa: S603 - ourselves, and nothing from outside in it
                [sys.executable, "-m", _MODULE], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
            )
        if process.stdin is None:
            raise LookupError("a process without standard input")
        code: int | None = None
        try:
            # a search that is stopped at once leaves what was to be written, and closing tries again
            with suppress(BrokenPipeError), process.stdin as wire:
                with suppress(BrokenPipeError):
                    wire.write(msgspec.json.encode(task) + b"\n")
                    wire.flush()
                code = process.wait(self._seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return f"it took longer than {self._seconds / 60:.0f} minutes; {_BY_HAND}"
        if code == 0 and search.file(VALUE).is_file():
            return ""
        fault = search.file(FAULT)
        said = fault.read_text("utf-8") if fault.is_file() else f"the process ended with {code}"
        return f"the search failed: {said}"


def start_from_incident(incident: Incident) -> SearchStart:
    """Return the start of a search from an incident's records."""
    return SearchStart(incident.id, search_days(incident.first_event, incident.last_event), incident)


def search_days(first_event: int, last_event: int) -> tuple[date, date]:
    """Return the days of events to search around a span: the first, and the one after the last."""
    first, last = _day(first_event), _day(last_event)
    return first - timedelta(days=BEFORE_DAYS), last + timedelta(days=AFTER_DAYS + 1)


def _day(time: int) -> date:
    """Return the UTC day of a time, limited so that days around it exist."""
    low, high = date(1970, 6, 1), date(9999, 6, 1)
    try:
        return min(max(datetime.fromtimestamp(time / 1_000_000, UTC).date(), low), high)
    except (ValueError, OverflowError, OSError):
        return low if time < 0 else high


def scope_searches(context: ConsoleContext) -> ScopeSearches:
    """Return the application's searches, created at first use."""
    found: ScopeSearches = context.notes.setdefault(_NOTE, ScopeSearches())
    return found


def close_searches(context: ConsoleContext) -> None:
    """Stop the application's searches."""
    found = context.notes.get(_NOTE)
    if isinstance(found, ScopeSearches):
        found.close()
