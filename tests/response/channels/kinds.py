"""Every kind of channel over HTTP with the stand-in of its vendor, for the tests that all must pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.response.channels.channel import HttpChannelTable
from seawall.response.channels.elasticsearch import ElasticsearchChannel
from seawall.response.channels.iris import IrisChannel
from seawall.response.channels.jira import JiraChannel
from seawall.response.channels.misp import MispChannel
from seawall.response.channels.note import ChannelNote, make_note
from seawall.response.channels.pagerduty import PagerDutyChannel
from seawall.response.channels.sentinel import SentinelChannel
from seawall.response.channels.servicenow import ServiceNowChannel
from seawall.response.channels.slack import SlackChannel
from seawall.response.channels.splunk import SplunkChannel
from seawall.response.channels.teams import TeamsChannel
from seawall.response.channels.thehive import TheHiveChannel
from tests.response.channels.stand_ins import (
    elasticsearch,
    iris,
    jira,
    misp,
    pagerduty,
    sentinel,
    servicenow,
    slack,
    splunk,
    teams,
    thehive,
)
from tests.response.channels.stand_ins.vendor import VendorStandIn

AT = 1_760_000_000_000_000
CONSOLE = "https://seawall.example.org/"
HOSTILE = "a|b\\c=d <!channel> <https://evil.example|here> *x* [y](z) {quote} $(id) ]]> \"'\r\n\x1b[31m\u202eCEF:0|\x00é𝄞"

STORY: dict[str, Any] = {
    "time": "2026-03-02T07:34:00Z", "end": "2026-03-02T07:34:00Z", "actor": "anna@contoso.com", "act": "consent",
    "object": "Mail Tool", "whom": "", "place": "", "count": 1, "sentence": "consented to Mail Tool (reads mail)",
    "short": "consented to Mail Tool", "left": "the consent to Mail Tool", "events": ["e1"], "unlisted": 0,
    "is_intruders": True, "is_key": True,
}  # fmt: skip
"""A sentence of a story, as `incidents.jsonl` holds it."""


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
    """How a channel is made for a stand-in. `secrets` must occur in no error.

    `lead` is the number of requests before the one that delivers. `holds_document` says that the vendor also gets the
    incident as it is in `incidents.jsonl`, with the log's own text.
    """

    stand_in: Callable[[], VendorStandIn]
    make: Callable[[VendorStandIn, Path, Mapping[str, Any]], HttpChannelTable]
    secrets: tuple[str, ...]
    lead: int = 0
    holds_document: bool = False


def _slack(server: VendorStandIn, folder: Path, more: Mapping[str, Any]) -> HttpChannelTable:
    return SlackChannel(name="x", url_file=write_secret(folder, "slack", server.url + slack.PATH), **more)


def _teams(server: VendorStandIn, folder: Path, more: Mapping[str, Any]) -> HttpChannelTable:
    url = f"{server.url}{teams.PATH}?{teams.QUERY}"
    return TeamsChannel(name="x", url_file=write_secret(folder, "teams", url), **more)


def _pagerduty(server: VendorStandIn, folder: Path, more: Mapping[str, Any]) -> HttpChannelTable:
    key = write_secret(folder, "key", pagerduty.ROUTING_KEY)
    return PagerDutyChannel(name="x", routing_key_file=key, url=server.url + "/v2/enqueue", **more)


def _splunk(server: VendorStandIn, folder: Path, more: Mapping[str, Any]) -> HttpChannelTable:
    return SplunkChannel(
        name="x", url=server.url, token_file=write_secret(folder, "hec", splunk.TOKEN), **more
    )


def _elasticsearch(server: VendorStandIn, folder: Path, more: Mapping[str, Any]) -> HttpChannelTable:
    key = write_secret(folder, "elastic", elasticsearch.API_KEY)
    return ElasticsearchChannel(name="x", url=server.url, api_key_file=key, **more)


def _sentinel(server: VendorStandIn, folder: Path, more: Mapping[str, Any]) -> HttpChannelTable:
    return SentinelChannel(
        name="x",
        endpoint=server.url,
        login=server.url,
        rule=sentinel.RULE,
        tenant=sentinel.TENANT,
        client_id=sentinel.CLIENT,
        secret_file=write_secret(folder, "app", sentinel.SECRET),
        **more,
    )


def _jira(server: VendorStandIn, folder: Path, more: Mapping[str, Any]) -> HttpChannelTable:
    token = write_secret(folder, "jira", jira.TOKEN)
    return JiraChannel(name="x", url=server.url, project="SEC", user=jira.USER, token_file=token, **more)


def _servicenow(server: VendorStandIn, folder: Path, more: Mapping[str, Any]) -> HttpChannelTable:
    password = write_secret(folder, "now", servicenow.PASSWORD)
    return ServiceNowChannel(name="x", url=server.url, user=servicenow.USER, password_file=password, **more)


def _thehive(server: VendorStandIn, folder: Path, more: Mapping[str, Any]) -> HttpChannelTable:
    return TheHiveChannel(
        name="x", url=server.url, key_file=write_secret(folder, "hive", thehive.KEY), **more
    )


def _iris(server: VendorStandIn, folder: Path, more: Mapping[str, Any]) -> HttpChannelTable:
    return IrisChannel(name="x", url=server.url, key_file=write_secret(folder, "iris", iris.KEY), **more)


def _misp(server: VendorStandIn, folder: Path, more: Mapping[str, Any]) -> HttpChannelTable:
    return MispChannel(name="x", url=server.url, key_file=write_secret(folder, "misp", misp.KEY), **more)


KINDS: dict[str, ChannelKind] = {
    "slack": ChannelKind(slack.SlackStandIn, _slack, ("hidden-part",)),
    "teams": ChannelKind(teams.TeamsStandIn, _teams, ("hidden-part",)),
    "splunk": ChannelKind(splunk.SplunkStandIn, _splunk, (splunk.TOKEN,), holds_document=True),
    "elasticsearch": ChannelKind(
        elasticsearch.ElasticsearchStandIn, _elasticsearch, (elasticsearch.API_KEY,)
    ),
    "sentinel": ChannelKind(sentinel.SentinelStandIn, _sentinel, (sentinel.SECRET,), 1, True),
    "jira": ChannelKind(jira.JiraStandIn, _jira, (jira.TOKEN,), 1),
    "servicenow": ChannelKind(servicenow.ServiceNowStandIn, _servicenow, (servicenow.PASSWORD,), 1),
    "thehive": ChannelKind(thehive.TheHiveStandIn, _thehive, (thehive.KEY,)),
    "iris": ChannelKind(iris.IrisStandIn, _iris, (iris.KEY,), 3),
    "misp": ChannelKind(misp.MispStandIn, _misp, (misp.KEY,)),
    "pagerduty": ChannelKind(pagerduty.PagerDutyStandIn, _pagerduty, (pagerduty.ROUTING_KEY,)),
}
