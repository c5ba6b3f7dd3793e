"""Describe the table of the System Log that Okta's admin console exports: a column for each field, `client.ip_address`."""

from __future__ import annotations

import re

from seawall.events.consoles.columns import Cell, Row, VendorTable, camel, cell, flag, number, plain_name
from seawall.events.okta import system_log

_OBJECTS = {
    name.lower(): name
    for name in (
        "actor", "authenticationContext", "client", "debugContext", "device", "outcome", "request", "securityContext",
        "transaction",
    )
}  # fmt: skip
_TARGET = re.compile(r"target(\d{1,3})")
_MOST_LEVELS = 5


_CONVERT = {
    "authenticationStep": number,
    "asNumber": number,
    "lat": number,
    "lon": number,
    "isProxy": flag,
}
"""Fields that are no texts in Okta's records."""


def _find_cell(name: str) -> Cell | None:
    """Return the place of a dotted column: `actor.alternate_id` is the member `alternateId` of `actor`."""
    outer, *steps = name.split(".")
    first = plain_name(outer)
    if not 1 <= len(steps) < _MOST_LEVELS or not all(map(plain_name, steps)):
        return None
    if first not in _OBJECTS and _TARGET.fullmatch(first) is None:
        return None
    inner = tuple(map(camel, steps))
    return Cell((_OBJECTS.get(first, first), *inner), _CONVERT.get(inner[-1]))


def _finish(record: Row, _said: dict[str, str]) -> None:
    """Make lists of the numbered targets, and of the address chain, of which the table shows the first."""
    numbers = sorted(int(found[1]) for name in record if (found := _TARGET.fullmatch(name)))
    targets = [record.pop(f"target{number}") for number in dict.fromkeys(numbers)]
    if targets:
        record["target"] = targets
    request = record.get("request")
    if isinstance(request, dict) and isinstance(request.get("ipChain"), dict):
        request["ipChain"] = [request["ipChain"]]


_WHEN = ("timestamp", "published")
_WHO = ("actorid", "actoralternateid", "actortype", "actordisplayname")

SYSTEM_LOG = VendorTable(
    system_log.NAME,
    tuple(frozenset({"eventtype", when, who}) for when in _WHEN for who in _WHO),
    {
        "severity": cell("severity"),
        "eventtype": cell("eventType"),
        "displaymessage": cell("displayMessage"),
        "uuid": cell("uuid"),
        "version": cell("version"),
        "timestamp": cell("published"),
        "published": cell("published"),
        "legacyeventtype": cell("legacyEventType"),
    },
    _finish,
    _find_cell,
)
