"""Spans of a log that are proved complete, and known gaps. Times are microseconds since 1970, UTC."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.collection.coverage_gap import CoverageGap

Span = tuple[int, int]
"""Start and end (exclusive) in microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class CollectedFeed:
    """One log of one tenant, and the spans for which all its events were collected.

    `tenant` is the name in the collector's settings: Microsoft's directory id, Google's customer id, Okta's domain. Events
    of m365_audit and google_workspace name their organisation the same way. Those of Entra and Okta may use mail domains;
    `folder` then tells which events belong to this log.

    `source` is the source of the events (`m365_audit`, `entra_signin` …), `feed` the part of the vendor's API
    (`Audit.Exchange`). Collection starts at `begin`. Within the spans of `proved`, by the time of events, everything was
    fetched that the vendor delivers within `settle` microseconds. `gaps` are known to be missing. Nothing is known of other
    times.
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
    """Time since which the settings no longer list this feed, 0 while they do."""

    @property
    def folder(self) -> str:
        """Folder of this log's files below the folder of all logs; the path of a file tells the log of its events."""
        return folder_of(self.vendor, self.tenant, self.feed)


def folder_of(vendor: str, tenant: str, feed: str) -> str:
    """Return the folder of a log's files, different for each log of each tenant."""
    return f"{vendor}/{tenant}/{feed.replace('/', '-')}"
