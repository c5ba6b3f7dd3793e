"""Every kind of channel over HTTP with the stand-in of its vendor, for the tests that all must pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.response.channels.channel import HttpChannelTable
from seawall.response.channels.note import ChannelNote, make_note
from seawall.response.channels.pagerduty import PagerDutyChannel
from seawall.response.channels.slack import SlackChannel
from seawall.response.channels.teams import TeamsChannel
from tests.response.channels.stand_ins import pagerduty, slack, teams
from tests.response.channels.stand_ins.vendor import VendorStandIn

AT = 1_760_000_000_000_000
CONSOLE = "https://seawall.example.org/"
HOSTILE = "a|b\\c=d <!channel> <https://evil.example|here> *x* [y](z) {quote} $(id) ]]> \"'\r\n\x1b[31m\u202eCEF:0|\x00é𝄞"


def incident_document(**changes: Any) -> dict[str, Any]:
    return {
        "id": "a1b2c3",
        "tenant": "contoso.com",
        "account": "anna@contoso.com",
        "kind": "account",
        "severity": "high",
        "score": 7.5,
        "chance": 0.83,
        "first_event": "2026-03-02T07:34:00Z",
        "last_event": "2026-03-02T09:12:00Z",
        "title": "Sign-in from a new network, then mail was read",
        "summary": "An account signed in from 203.0.113.7 and read 118 messages.",
        "reasons": [
            {"text": "network never seen", "weight": 3.0, "value": "AS64500"},
            {"text": "mail was read in bulk", "weight": 4.0, "value": "118"},
            {"text": "usual device", "weight": -0.5, "value": "x"},
        ],
        "events": ["e1", "e2"],
        **changes,
    }


def incident_note(console: str = CONSOLE, **changes: Any) -> ChannelNote:
    document = incident_document(**changes)
    return make_note(
        "seawall-incident-raised-5-1", "incident.raised", document["id"], document, at=AT, console=console
    )


def write_secret(folder: Path, name: str, text: str) -> str:
    file = folder / name
    file.write_text(text + "\n", "utf-8")
    file.chmod(0o600)
    return str(file)


@dataclass(frozen=True)
class ChannelKind:
    """How a channel is made for a stand-in. `secrets` must occur in no error."""

    stand_in: Callable[[], VendorStandIn]
    make: Callable[[VendorStandIn, Path, Mapping[str, Any]], HttpChannelTable]
    secrets: tuple[str, ...]


def _slack(server: VendorStandIn, folder: Path, more: Mapping[str, Any]) -> HttpChannelTable:
    return SlackChannel(name="x", url_file=write_secret(folder, "slack", server.url + slack.PATH), **more)


def _teams(server: VendorStandIn, folder: Path, more: Mapping[str, Any]) -> HttpChannelTable:
    url = f"{server.url}{teams.PATH}?{teams.QUERY}"
    return TeamsChannel(name="x", url_file=write_secret(folder, "teams", url), **more)


def _pagerduty(server: VendorStandIn, folder: Path, more: Mapping[str, Any]) -> HttpChannelTable:
    key = write_secret(folder, "key", pagerduty.ROUTING_KEY)
    return PagerDutyChannel(name="x", routing_key_file=key, url=server.url + "/v2/enqueue", **more)


KINDS: dict[str, ChannelKind] = {
    "slack": ChannelKind(slack.SlackStandIn, _slack, ("hidden-part",)),
    "teams": ChannelKind(teams.TeamsStandIn, _teams, ("hidden-part",)),
    "pagerduty": ChannelKind(pagerduty.PagerDutyStandIn, _pagerduty, (pagerduty.ROUTING_KEY,)),
}
