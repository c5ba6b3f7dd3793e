"""Slack's incoming webhooks: 200 with the body `ok`, else a status with one word.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and https://docs.slack.dev/reference/block-kit/blocks:
the secret is the path; `text` is needed where there are no blocks; at most 50 blocks; the text of a section has at most 3,000
characters, of a header 150, of a button 75, an URL 3,000; one message a second, then 429 with `Retry-After`.
"""

from __future__ import annotations

from typing import Any

from tests.response.channels.stand_ins.vendor import VendorAnswer, VendorRequest, VendorStandIn

PATH = "/services/T0000/B0000/hidden-part"


class SlackStandIn(VendorStandIn):
    """One webhook of one channel."""

    revoked = False
    archived = False

    def answer(self, request: VendorRequest) -> VendorAnswer:
        if request.method != "POST":
            return VendorAnswer(405, "method_not_allowed")
        if self.revoked or request.path != PATH:
            return VendorAnswer(404, "no_service")
        if self.archived:
            return VendorAnswer(410, "channel_is_archived")
        found = request.json()
        if not isinstance(found, dict) or not request.headers["content-type"].startswith("application/json"):
            return VendorAnswer(400, "invalid_payload")
        if not found.get("text") and not found.get("blocks"):
            return VendorAnswer(400, "no_text")
        if not _are_blocks(found.get("blocks", [])):
            return VendorAnswer(400, "invalid_blocks")
        self.accepted.append(found)
        return VendorAnswer(200, "ok")


def _are_blocks(blocks: Any) -> bool:
    return isinstance(blocks, list) and len(blocks) <= 50 and all(map(_is_block, blocks))


def _is_block(block: Any) -> bool:
    kind = block.get("type")
    if kind == "header":
        return block["text"]["type"] == "plain_text" and _fits(block["text"], 150)
    if kind == "section":
        fields = block.get("fields", [])
        texts = [*([block["text"]] if "text" in block else []), *fields]
        return (
            bool(texts)
            and len(fields) <= 10
            and all(_fits(one, 2000 if one in fields else 3000) for one in texts)
        )
    if kind == "actions":
        return 0 < len(block["elements"]) <= 25 and all(
            one["type"] == "button" and _fits(one["text"], 75) and len(one["url"]) <= 3000
            for one in block["elements"]
        )
    return kind == "context" and all(_fits(one, 2000) for one in block["elements"])


def _fits(text: Any, most: int) -> bool:
    return text["type"] in {"plain_text", "mrkdwn"} and 0 < len(text["text"]) <= most
