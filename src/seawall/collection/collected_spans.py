"""What was collected: which spans of a log are proved complete, and where something is missing. Times are microseconds, UTC."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.collection.coverage_gap import CoverageGap

Span = tuple[int, int]
"""From the first to before the second, microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class CollectedFeed:
    """One log of one tenant.

    `tenant` is as the collector was told: the directory id of Microsoft, Google's customer id, Okta's domain. Events of
    m365_audit and google_workspace name their organisation so; those of Entra and Okta may go by mail domains. Which names the
    events of its files got is found by their `folder`.

    `source` is the name that its events have (`m365_audit`, `entra_signin` …), `feed` the part of the vendor's API that was
    asked (`Audit.Exchange`). `begin` is the first moment that was to be collected. In the spans of `proved`, which are by the
    time of the events, everything was fetched that the vendor delivers within `settle` microseconds; nothing is said of other
    times. `gaps` are known to be missing.
    """

    vendor: str
    tenant: str
    source: str
    feed: str
    begin: int
    settle: int
    proved: tuple[Span, ...]
    gaps: tuple[CoverageGap, ...]
    ended: int = 0
    """Since when it is not asked for any more, because it left the settings; 0 where it is."""

    @property
    def folder(self) -> str:
        """The folder of its files, below that of the logs: by it an event is known to be of this log."""
        return folder_of(self.vendor, self.tenant, self.feed)


def folder_of(vendor: str, tenant: str, feed: str) -> str:
    """Return the folder of a log's files. Of two tenants' files in one folder none may have the name of another."""
    return f"{vendor}/{tenant}/{feed.replace('/', '-')}"
