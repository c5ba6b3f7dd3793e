"""Splunk, by the HTTP Event Collector."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Annotated, Any, Final

from seawall.response.channels.channel import HttpChannelTable, read_token, secret_setting, url_setting
from seawall.response.channels.http_sending import ANY, ChannelCall, decode_answer, read_now
from seawall.response.channels.note import ChannelNote
from seawall.response.channels.record import make_record
from seawall_base.settings_table import SettingDescription
from seawall_base.settings_values import any_text

CONFIGURATION: Final = frozenset({1, 7, 10, 11, 14})
"""Codes that an administrator of Splunk can mend while the message waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplunkChannel(HttpChannelTable):
    """`[[splunk]]`: an HTTP Event Collector of Splunk."""

    url: Annotated[str, url_setting("address of the collector, such as `https://splunk.example.com:8088`")]
    token_file: Annotated[str, secret_setting("file with the token of the collector")]
    index: Annotated[
        str, SettingDescription("index of the events; by default that of the token", any_text(100))
    ] = ""
    sourcetype: Annotated[str, SettingDescription("source type of the events", any_text(100, least=1))] = (
        "seawall:message"
    )

    def check(self) -> None:
        """Read the token once. Raises `ChannelsInvalid`."""
        read_token(self.token_file)

    def send(self, note: ChannelNote) -> None:
        """Send the event. Raises `DeliveryFailed`."""
        (token,) = read_now(read_token, self.token_file)
        channel = str(uuid.uuid5(uuid.NAMESPACE_URL, f"seawall:{self.name}"))
        headers = {"Authorization": f"Splunk {token}", "X-Splunk-Request-Channel": channel}
        call = ChannelCall("Splunk", self, [token], headers)
        answer = call.send_json(
            "POST",
            f"{self.url.rstrip('/')}/services/collector/event",
            make_splunk_event(note, self),
            accepted=ANY,
        )
        if answer.status == 200:
            return
        code = _code(decode_answer(answer))
        raise call.refusal(answer, is_final=False if code in CONFIGURATION else None)


def make_splunk_event(note: ChannelNote, channel: SplunkChannel) -> dict[str, Any]:
    """Return the event with its envelope. Its time is in seconds since 1970."""
    event: dict[str, Any] = {
        "time": round(note.at / 1_000_000, 3),
        "source": "seawall",
        "sourcetype": channel.sourcetype,
        "event": make_record(note),
    }
    return {**event, "index": channel.index} if channel.index else event


def _code(answer: Any) -> int:
    code = answer.get("code") if isinstance(answer, dict) else None
    return code if isinstance(code, int) else -1
