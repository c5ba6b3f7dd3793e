"""Contain without a person while a watch runs: find the incidents, and give them to `seawall.response.automatic`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from seawall.detection.incident import Incident
from seawall.pipeline.live.background_worker import make_daemon
from seawall.pipeline.live.outbox import MessageDeliverer
from seawall.pipeline.live.recipients import Recipients
from seawall.pipeline.live.settings import LiveSettings
from seawall.response.automatic.containing import AutomaticContainment
from seawall.response.automatic.judging import MOST_AGE, AutomaticCandidate
from seawall.response.automatic.telling import AutomaticNews
from seawall.response.containment.settings import ContainmentSettings, read_settings
from seawall.response.containment.values import ContainmentPlan
from seawall.response.plan_request import PlanRequest, request_plan
from seawall.response.stored_incidents import StoredIncidents
from seawall.storage.database import Database
from seawall.storage.database.incident_queue import QueueQuery
from seawall.storage.lake import Lake
from seawall_base.clock import Clock
from seawall_base.errors import SeawallError

LOOK_SECONDS: Final = 5.0
"""Pause between two looks at the incidents."""

MOST_INCIDENTS: Final = 500
_STOP_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class AutomaticPlanner:
    """What automatic containment needs of a store: incidents, plans, and a place for news."""

    store: Path
    database: Database
    lake: Lake
    clock: Clock
    recipients: Recipients

    def candidates(self) -> Sequence[AutomaticCandidate]:
        """Return the raised incidents with records of the last day, of highest score first."""
        wanted = QueueQuery(raised=True, active_from=self.clock.now() - MOST_AGE)
        with self.database.reading() as work:
            rows = work.incidents.rows(wanted, limit=MOST_INCIDENTS)
            found = [(row, work.incidents.get(row.id)) for row in rows]
        return [
            AutomaticCandidate(incident, row.announced_at is not None, row.answer is not None, row.is_history)
            for row, incident in found
            if incident is not None
        ]

    def make_plan(self, incident: Incident) -> ContainmentPlan | None:
        """Return the plan of an incident, None if its records are gone."""
        kept = StoredIncidents(self.lake, str(self.store), self.database)
        return request_plan(kept, PlanRequest(incident))

    @property
    def right(self) -> Database:
        """The database whose write transactions prove that this process may contain."""
        return self.database

    def prove(self) -> None:
        """Raise what a write transaction raises if this process may not contain any more."""
        with self.right.writing():
            pass

    def announce(self, news: AutomaticNews) -> None:
        """Put news into the outbox and the audit trail."""
        at, document = self.clock.now(), dict(news.document)
        with self.right.writing() as work:
            for target, part in self.recipients.of(news.kind, document):
                work.outbox.add(news.kind, target, news.incident, part, at=at)
            work.audit.append(
                at=at, actor="seawall", action=news.kind.replace(".", "-"),
                subject=f"incident {news.incident}", details=document,
            )  # fmt: skip


class AutomaticThread:
    """The thread of a watch that contains by itself; without settings for it, none. `fault` is the latest error."""

    def __init__(self, planner: AutomaticPlanner, settings: Path | None, woken: threading.Event) -> None:
        self.fault: str | None = None
        self._woken, self._over = woken, threading.Event()
        self._service = None if settings is None else open_service(planner, read_settings(settings))
        self._planner = planner
        self._thread = make_daemon("seawall-automatic", self._run)

    def start(self) -> None:
        """Start, once, if there is something to do."""
        if self._service is not None and not self._thread.ident:
            self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for an act that has begun."""
        self._over.set()
        if self._thread.ident:
            self._thread.join(_STOP_SECONDS)

    def work(self) -> None:
        """Look at the incidents once. Raises errors of the store, and of the journal."""
        if self._service is not None:
            self._service.work(self._planner.candidates())
            self._woken.set()

    def _run(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            try:
                self.work()
                self.fault = None
            except (SeawallError, OSError) as error:
                self.fault = f"automatic containment does nothing: {error}"
            except Exception as error:  # noqa: BLE001 - reported as fault; the watch itself must go on
                self.fault = f"automatic containment does nothing: unexpected {type(error).__name__}"


def open_automatic(
    settings: LiveSettings,
    database: Database,
    lake: Lake,
    clock: Clock,
    courier: MessageDeliverer,
    woken: threading.Event,
) -> AutomaticThread:
    """Return the thread of a watch. `courier` delivers its news, `woken` is set when there may be some.

    Raises RespondInvalid.
    """
    planner = AutomaticPlanner(settings.store, database, lake, clock, courier.recipients)
    return AutomaticThread(planner, settings.respond, woken)


def open_service(planner: AutomaticPlanner, settings: ContainmentSettings) -> AutomaticContainment | None:
    """Return the automatic containment of a store, None if the settings do not ask for it."""
    if settings.automatic is None or settings.automatic.mode == "off":
        return None
    from seawall.response.containment.vendor_hosts import ConfiguredVendors
    from seawall.response.containment.vendors import Vendors

    asking = Vendors(ConfiguredVendors(settings, planner.clock), planner.clock)
    return AutomaticContainment(
        settings, planner.store, planner.clock, asking, planner.make_plan, planner.announce, planner.prove
    )
