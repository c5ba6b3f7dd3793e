"""Ask a vendor for a little of each log, to see whether the settings of a collector are right before it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from seawall.collection.collector import LogCollector
from seawall.collection.ledger import PendingQuery
from seawall.collection.source import ENDLESS
from seawall.collection.windows import HOUR, SECOND
from seawall.vendor_api.client import VendorRefused, VendorUnavailable
from seawall.vendor_api.error_advice import advice
from seawall_base.clock import Clock, Stopped
from seawall_base.http_client import ForeignHost

MOST_WAIT: Final = 20.0
"""Seconds that a check waits in sum for a vendor that answers later or never."""


class ImpatientClock(Clock):
    """A clock whose waits end together after `MOST_WAIT` seconds, with `Stopped`."""

    def __init__(self) -> None:
        super().__init__()
        self._waited = 0.0

    def wait(self, seconds: float) -> None:
        """Wait for `seconds`. Raises `Stopped` when all waits together would be too long."""
        self._waited += max(seconds, 0.0)
        if self._waited > MOST_WAIT:
            raise Stopped
        super().wait(seconds)


def check_access(collector: LogCollector, clock: Clock) -> Iterator[tuple[str, str]]:
    """Yield each log with what is wrong and what to do, empty if a page of its last hour came.

    It stores nothing. At Microsoft 365 it starts the subscriptions, as the first pass of the collector would. Raises
    `CollectRefused` if the vendor gives no access token.
    """
    now = clock.now() // SECOND * SECOND
    try:
        feeds = [feed.name for feed, _ in collector.source.feeds(now)]
    except (VendorRefused, VendorUnavailable, ForeignHost, Stopped) as error:
        yield "all logs", _describe(error)
        return
    for number, feed in enumerate(feeds):
        end = ENDLESS if collector.vendor == "okta" else now
        ask = PendingQuery(number, number, now - HOUR, end, now, None)
        try:
            # Every content counts as known, so that a list of contents is read and none is fetched.
            next(iter(collector.source.fetch(feed, ask, lambda _: True)), None)
        except (VendorRefused, VendorUnavailable, ForeignHost, Stopped) as error:
            yield feed, _describe(error)
        else:
            yield feed, ""


def _describe(error: Exception) -> str:
    """Return the vendor's refusal with what to do about it."""
    if isinstance(error, Stopped):
        return "the vendor did not answer in time: try again, or leave the check out"
    if isinstance(error, ForeignHost):
        return "an answer links to another host: check the cloud"
    code = error.code if isinstance(error, VendorUnavailable) else str(error)
    return f"{code}: {advice(code)}"
