"""Slack, by an incoming webhook. Its URL is the secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from seawall.response.channels.channel import HttpChannelTable, read_token, secret_setting
from seawall.response.channels.http_sending import ChannelCall, read_now
from seawall.response.channels.note import ChannelNote

LONGEST_HEADER: Final = 150
LONGEST_SECTION: Final = 2900
LONGEST_FIELD: Final = 1900
MOST_FIELDS: Final = 10
MARKS: Final = {"info": "⚪", "low": "🔵", "medium": "🟡", "high": "🟠", "critical": "🔴"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackChannel(HttpChannelTable):
    """`[[slack]]`: a channel of Slack, by an incoming webhook."""

    url_file: Annotated[str, secret_setting("file with the URL of the incoming webhook")]

    def check(self) -> None:
        """Read the URL once. Raises `ChannelsInvalid`."""
        read_token(self.url_file)

    def send(self, note: ChannelNote) -> None:
        """Post the message. Raises `DeliveryFailed`."""
        (url,) = read_now(read_token, self.url_file)
        ChannelCall("Slack", self, [url, url.rpartition("/")[2]]).send_json(
            "POST", url, make_slack_message(note)
        )


def escape_slack(text: str) -> str:
    """Escape the three characters that begin Slack's links, mentions and entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def make_slack_message(note: ChannelNote) -> dict[str, Any]:
    """Return the body: blocks, and a text for notifications.

    The blocks are `plain_text`, in which Slack reads no markup: nothing from the logs becomes a link or a mention.
    """
    title = f"{MARKS[note.level]} {note.title}"
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(title, LONGEST_HEADER)}]
    if note.lines:
        text = "\n".join(f"• {line}" for line in note.lines)
        blocks.append({"type": "section", "text": _plain(text, LONGEST_SECTION)})
    if note.facts:
        fields = [_plain(f"{name}:\n{value}", LONGEST_FIELD) for name, value in note.facts[:MOST_FIELDS]]
        blocks.append({"type": "section", "fields": fields})
    if note.link:
        button = {"type": "button", "text": _plain("Open in Seawall", LONGEST_HEADER), "url": note.link}
        blocks.append({"type": "actions", "elements": [button]})
    return {
        "text": escape_slack(title),
        "mrkdwn": False,
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _plain(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _cut(text, most), "emoji": False}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
