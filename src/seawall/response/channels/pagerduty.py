"""PagerDuty, by the Events API v2. A repeated message joins its alert; the return of what was silent resolves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from seawall.response.channels.channel import (
    ALARMS,
    HttpChannelTable,
    read_token,
    secret_setting,
    url_setting,
)
from seawall.response.channels.http_sending import ChannelCall, read_now
from seawall.response.channels.note import ChannelNote
from seawall_base.times import rfc3339

LONGEST_SUMMARY: Final = 1024
SEVERITIES: Final = {
    "info": "info",
    "low": "warning",
    "medium": "warning",
    "high": "error",
    "critical": "critical",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDutyChannel(HttpChannelTable):
    """`[[pagerduty]]`: a service of PagerDuty, by its integration of the Events API v2."""

    DEFAULT_KINDS: ClassVar[tuple[str, ...]] = ALARMS

    routing_key_file: Annotated[str, secret_setting("file with the integration key (32 characters)")]
    url: Annotated[
        str, url_setting("endpoint of events; the EU's is `https://events.eu.pagerduty.com/v2/enqueue`")
    ] = "https://events.pagerduty.com/v2/enqueue"

    def check(self) -> None:
        """Read the key once. Raises `ChannelsInvalid`."""
        read_token(self.routing_key_file)

    def send(self, note: ChannelNote) -> None:
        """Trigger an alert, or resolve the one that the message ends. Raises `DeliveryFailed`."""
        (key,) = read_now(read_token, self.routing_key_file)
        ChannelCall("PagerDuty", self, [key]).send_json("POST", self.url, make_event(note, key))


def make_event(note: ChannelNote, routing_key: str) -> dict[str, Any]:
    """Return the event. `dedup_key` is the same for an alarm, its repetition, its ending, and others of its attack and level."""
    event: dict[str, Any] = {"routing_key": routing_key, "dedup_key": note.key}
    if note.is_ending:
        return {**event, "event_action": "resolve"}
    event |= {
        "event_action": "trigger",
        "client": "Seawall",
        "payload": {
            "summary": note.title[:LONGEST_SUMMARY],
            "source": note.organisation or "seawall",
            "severity": SEVERITIES[note.level],
            "timestamp": rfc3339(note.at),
            "class": note.kind,
            "custom_details": {**dict(note.facts), "what": list(note.lines), "message_id": note.id},
        },
    }
    if note.link:
        event |= {"client_url": note.link, "links": [{"href": note.link, "text": "Open in Seawall"}]}
    return event
