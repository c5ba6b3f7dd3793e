"""Prometheus metrics of the gate: correct for any number of workers, with a bounded number of labels.

Workers share a folder of memory-mapped files (`prometheus_client`'s multiprocess mode). An environment variable names the
folder and must be set before the library is first imported; the parent process therefore calls `prepare_folder`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from seawall_base.file_lock import lock_descriptor

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram


FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0)
NOBODY: Final = "-"
"""The label for requests that were refused before their issuer was known."""


_locks: dict[Path, int] = {}


def prepare_folder() -> Path:
    """Create the folder that the workers of this process share, and return it.

    The folder is locked, because systemd-tmpfiles leaves locked temporary folders alone. Without the folder, no new worker
    could start.
    """
    folder = Path(tempfile.mkdtemp(prefix="seawall-metrics-"))
    _locks[folder] = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    lock_descriptor(_locks[folder], is_shared=True)
    os.environ[FOLDER] = str(folder)
    return folder


def remove_folder(folder: Path) -> None:
    """Delete the folder that `prepare_folder` created."""
    os.environ.pop(FOLDER, None)
    if folder in _locks:
        os.close(_locks.pop(folder))
    shutil.rmtree(folder, ignore_errors=True)


class Metrics:
    """The metrics of one worker. All labels come from closed sets: names in the policy, codes, outcomes."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self.registry = CollectorRegistry()
        self._decisions: dict[tuple[str, str, str], Counter] = {}
        self._decision = Counter(
            "seawall_gate_decisions",
            "Decisions of /verify by outcome (allow, refuse, would-refuse), issuer of the policy and code.",
            ("outcome", "issuer", "code"),
            registry=self.registry,
        )
        self._latency: Histogram = Histogram(
            "seawall_gate_decision_seconds",
            "Time that a decision took in the gate.",
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._admin = Counter(
            "seawall_gate_admin_requests",
            "Requests to /admin by result.",
            ("result",),
            registry=self.registry,
        )
        self._events = Counter(
            "seawall_gate_events", "Security event tokens by result.", ("result",), registry=self.registry
        )
        self._reloads = Counter(
            "seawall_gate_policy_reloads", "Attempts to read the policy anew, by worker.", ("result",),
            registry=self.registry,
        )  # fmt: skip
        self._ages: Gauge = self._gauge(
            "seawall_gate_key_source_age_seconds", "Age of an issuer's keys, of the worker with the oldest.",
            "livemax", ("issuer",),
        )  # fmt: skip
        self._revocations: Gauge = self._gauge(
            "seawall_gate_revocations", "Revocations in memory, of the worker with the fewest.", "livemin"
        )
        self._lag: Gauge = self._gauge(
            "seawall_gate_revocation_lag_seconds",
            "Time since the store of revocations was last confirmed, of the slowest worker.",
            "livemax",
        )
        self._ready: Gauge = self._gauge(
            "seawall_gate_ready", "1 when every worker can decide, else 0.", "livemin"
        )
        self._stale_policy: Gauge = self._gauge(
            "seawall_gate_policy_stale",
            "1 when a worker goes on with an earlier policy because the file is broken, else 0.",
            "livemax",
        )
        self._incidents: Gauge = self._gauge(
            "seawall_gate_risk_accounts",
            "Accounts with a raised incident, of the worker with the fewest.",
            "livemin",
        )
        self._lost: Gauge = self._gauge(
            "seawall_gate_log_lines_lost", "Log lines that could not be written, of all workers.", "livesum"
        )

    def _gauge(self, name: str, words: str, mode: str, labels: tuple[str, ...] = ()) -> Gauge:
        from prometheus_client import Gauge

        return Gauge(name, words, labels, registry=self.registry, multiprocess_mode=mode)  # type: ignore[arg-type]

    def count_decision(self, outcome: str, issuer: str, code: str, seconds: float) -> None:
        """Count one decision and its duration in seconds. `code` is empty for an allowed request."""
        key = (outcome, issuer, code)
        counter = self._decisions.get(key)
        if counter is None:
            counter = self._decisions[key] = self._decision.labels(*key)
        counter.inc()
        self._latency.observe(seconds)

    def count_admin(self, result: str) -> None:
        """Count one request to the administrator's interface."""
        self._admin.labels(result).inc()

    def count_event(self, result: str) -> None:
        """Count one security event token."""
        self._events.labels(result).inc()

    def count_reload(self, *, well: bool) -> None:
        """Count one attempt to reload the policy."""
        self._reloads.labels("done" if well else "failed").inc()

    def set_state(
        self, *, ready: bool, stale_policy: bool, revocations: int, lag: float, accounts: int, lost: int
    ) -> None:
        """Set the gauges of this worker's state."""
        self._ready.set(int(ready))
        self._stale_policy.set(int(stale_policy))
        self._revocations.set(revocations)
        self._lag.set(lag)
        self._incidents.set(accounts)
        self._lost.set(lost)

    def set_key_age(self, issuer: str, seconds: float) -> None:
        """Set the age of an issuer's keys in seconds."""
        self._ages.labels(issuer).set(seconds)

    def text(self) -> bytes:
        """Return the metrics of all workers in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        folder = os.environ.get(FOLDER)
        if folder is None:
            return generate_latest(self.registry)
        remove_dead_workers(Path(folder))
        whole = CollectorRegistry()
        MultiProcessCollector(whole, folder)  # type: ignore[no-untyped-call]
        return generate_latest(whole)


def remove_dead_workers(folder: Path) -> None:
    """Delete the gauges of workers that ended; their counters stay."""
    for path in folder.glob("gauge_live*_*.db"):
        number = path.stem.rpartition("_")[2]
        if number.isdigit() and not Path(f"/proc/{number}").exists() and not _alive(int(number)):
            path.unlink(missing_ok=True)


def _alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
