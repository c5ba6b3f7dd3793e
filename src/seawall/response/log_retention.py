"""Say how long vendors keep the logs that an investigation needs, and until when those of a day can be exported."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from seawall.events.changes.records import VENDOR_OF
from seawall_base.times import DAY, day_text


@dataclass(frozen=True, slots=True)
class LogRetention:
    """Say how many days a vendor keeps a log. `note` says for whom it is otherwise, "" if the vendor makes no difference."""

    name: str
    days: int
    note: str = ""

    def ends(self, first: int) -> int:
        """Return until when the log has what happened at `first`; both in microseconds since 1970."""
        return first + self.days * DAY


RETENTION: Final[dict[str, LogRetention]] = {
    "entra_signin": LogRetention("Entra's sign-in logs", 30, "7 without a licence of Entra ID P1"),
    "entra_audit": LogRetention("Entra's audit logs", 30, "7 without a licence of Entra ID P1"),
    "mail_flow": LogRetention("Exchange's message trace", 90),
    "m365_audit": LogRetention("Microsoft 365's audit log", 180),
    "okta": LogRetention("Okta's System Log", 90),
    "google_workspace": LogRetention("Google Workspace's logs", 180, "some of them shorter"),
}
"""How long vendors keep the logs of each source. Sources: docs/how-to/collect.md and docs/how-to/export-logs.md.

Other sources are kept as long as their owner has set.
"""

_ALWAYS: Final = {"microsoft": ("entra_signin",)}
"""Logs that an investigation at a vendor needs even if no record of the incident comes from them."""


def list_retention(sources: Collection[str]) -> list[LogRetention]:
    """Return the logs that hold an incident's records or belong to them, those first that are kept for the shortest time."""
    vendors = {VENDOR_OF[source] for source in sources if source in VENDOR_OF}
    wanted = {*sources, *(source for vendor in vendors for source in _ALWAYS.get(vendor, ()))}
    found = [RETENTION[source] for source in RETENTION if source in wanted]
    return sorted(found, key=lambda one: one.days)


def describe_retention(log: LogRetention, first: int) -> str:
    """Return until when a log has what happened at `first`, in microseconds since 1970: `Okta's System Log until 3 May 2026`."""
    note = f"; {log.note}" if log.note else ""
    return f"{log.name} until {day_text(log.ends(first))} ({log.days} days{note})"
