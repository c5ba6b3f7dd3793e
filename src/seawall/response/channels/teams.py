"""Microsoft Teams, by the webhook of a workflow, as an Adaptive Card. The URL with its signature is the secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from seawall.response.channels.channel import HttpChannelTable, read_token, secret_setting
from seawall.response.channels.http_sending import ChannelCall, read_now
from seawall.response.channels.note import ChannelNote
from seawall_base.json_text import encode_json

MOST_BYTES: Final = 20_000
"""Bytes of a card. Teams refuses 28 kB, counted with what it adds itself."""

COLOURS: Final = {
    "info": "Default",
    "low": "Accent",
    "medium": "Warning",
    "high": "Warning",
    "critical": "Attention",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsChannel(HttpChannelTable):
    """`[[teams]]`: a channel or chat of Microsoft Teams, by the webhook of a workflow."""

    url_file: Annotated[str, secret_setting("file with the URL of the workflow's webhook")]

    def check(self) -> None:
        """Read the URL once. Raises `ChannelsInvalid`."""
        read_token(self.url_file)

    def send(self, note: ChannelNote) -> None:
        """Post the card. Raises `DeliveryFailed`."""
        (url,) = read_now(read_token, self.url_file)
        signature = url.partition("sig=")[2].partition("&")[0]
        ChannelCall("Teams", self, [url, signature]).send_json("POST", url, make_card(note))


def make_card(note: ChannelNote) -> dict[str, Any]:
    """Return the message with one card.

    Its texts are runs of a `RichTextBlock`, in which no Markdown is read: text from logs makes no link, list or emphasis.
    """
    title = {"text": note.title, "weight": "Bolder", "size": "Medium", "color": COLOURS[note.level]}
    body = [_block(title), *(_block({"text": line}) for line in note.lines)]
    body += [_block({"text": f"{name}: ", "weight": "Bolder"}, {"text": value}) for name, value in note.facts]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": _fit(body),
    }
    if note.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open in Seawall", "url": note.link}]
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _block(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", **run} for run in runs]}


def _fit(body: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out blocks from the end, but never the title, until the card is small enough."""
    while len(body) > 1 and len(encode_json(body)) > MOST_BYTES:
        body = body[:-1]
    return body
