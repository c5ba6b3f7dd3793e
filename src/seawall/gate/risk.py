"""Risk of accounts: raised incidents, read from `incidents.jsonl`, the result of a scan.

The file's documented keys are the only link to detection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from seawall.gate.settings import RiskSettings
from seawall_base.rfc3339 import parse_time
from seawall_tokens.verify.spelling import fold_name

SEVERITIES: Final = ("low", "medium", "high", "critical")
LARGEST_FILE = 256 * 2**20
SETTLING = 1.0
"""Seconds that a file must be unchanged before a new version is read, because a scan may still be writing it."""

PATIENCE = 10.0
"""Seconds for which the previous incidents still count while a new version cannot be read."""

LENGTH_OF_GUID: Final = 36

State = Literal["off", "read", "broken"]


class _Line(msgspec.Struct):
    """The keys of an incident that the gate uses; others are ignored."""

    account: str
    severity: Literal["low", "medium", "high", "critical"]
    raised: bool
    last_event: str
    tenant: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class RiskIncident:
    """The latest raised incident of an account. `last_event` is in seconds since 1970."""

    id: str
    severity: str
    tenant: str
    last_event: float


class RiskFileInvalid(ValueError):
    """The file of incidents is invalid. The text names the line, and never its content."""


def read_incidents(path: Path, severity: str) -> dict[str, RiskIncident]:
    """Return the latest raised incident at or above a severity by account, with folded account names."""
    least = SEVERITIES.index(severity)
    found: dict[str, RiskIncident] = {}
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise RiskFileInvalid(f"larger than {LARGEST_FILE} bytes")
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise RiskFileInvalid(error.strerror or "cannot be read") from None
    decoder = msgspec.json.Decoder(_Line)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = decoder.decode(line)
            seconds = parse_time(entry.last_event) / 1_000_000
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise RiskFileInvalid(f"line {number} is no incident") from None
        account = fold_name(entry.account)
        if not entry.raised or SEVERITIES.index(entry.severity) < least or not account:
            continue
        known = found.get(account)
        if known is None or known.last_event < seconds:
            found[account] = RiskIncident(entry.id, entry.severity, fold_name(entry.tenant), seconds)
    return found


class RiskList:
    """The incidents of one file. Any single thread keeps it current by calls of `refresh`."""

    def __init__(self, settings: RiskSettings, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self._clock = clock
        self._accounts: dict[str, RiskIncident] = {}
        self._version: tuple[int, int, int] | None = None
        self._failing_since: float | None = None
        self.state: State = "off" if settings.incidents is None else "broken"
        self.fault = "" if settings.incidents is None else "not read yet"
        self.refresh()

    def __len__(self) -> int:
        return len(self._accounts)

    @property
    def refuses_all(self) -> bool:
        """Whether the risk is unknown and the settings then refuse everybody."""
        return self.state == "broken" and self.settings.broken == "refuse"

    def refresh(self) -> None:
        """Read the file if it has changed and is not being written. Never raises."""
        path = self.settings.incidents
        if path is None:
            return None
        try:
            status = path.stat()
            version = (status.st_ino, status.st_size, status.st_mtime_ns)
            if self.state == "read" and self._failing_since is None and version == self._version:
                return None
            if self._version is not None and self._clock() - status.st_mtime < SETTLING:
                return self._trust_no_longer_than("being written")
            accounts = read_incidents(path, self.settings.severity)
        except (OSError, RiskFileInvalid) as error:
            fault = (error.strerror or "cannot be read") if isinstance(error, OSError) else str(error)
            return self._trust_no_longer_than(fault)
        self._accounts, self._version = accounts, version
        self._failing_since, self.state, self.fault = None, "read", ""
        return None

    def _trust_no_longer_than(self, fault: str) -> None:
        now = self._clock()
        if self._failing_since is None:
            self._failing_since = now
        if self._version is None or now - self._failing_since > PATIENCE:
            self.state, self.fault = "broken", fault

    def incident_of(self, claims: Mapping[str, Any]) -> RiskIncident | None:
        """Return the latest incident of the token's account, None if there is none. If both name a tenant, it must be the
        same.
        """
        accounts = self._accounts
        if not accounts:
            return None
        worst: RiskIncident | None = None
        tenant = claims.get("tid")
        for name in self.settings.claims:
            value = claims.get(name)
            incident = accounts.get(fold_name(value)) if isinstance(value, str) else None
            if incident is None or (worst is not None and worst.last_event >= incident.last_event):
                continue
            if _is_other_tenant(incident.tenant, tenant):
                continue
            worst = incident
        return worst


def _is_other_tenant(theirs: str, tenant: object) -> bool:
    """Return whether both name a tenant by GUID and they differ. `theirs` is folded."""
    if not isinstance(tenant, str):
        return False
    ours = fold_name(tenant)
    return len(theirs) == len(ours) == LENGTH_OF_GUID and theirs != ours
