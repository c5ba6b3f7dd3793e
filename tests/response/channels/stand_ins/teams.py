"""The workflow webhook of Microsoft Teams ("When a Teams webhook request is received", then "Post card in a chat or channel").

https://learn.microsoft.com/power-automate/teams/teams-app-create and the Adaptive Cards schema: the signature is the query
parameter `sig`; the trigger answers 202 and posts later. A body without the array `attachments` makes the flow fail at the
card, of which the sender hears nothing; the stand-in says 400 for it, and for a card beyond 28 kB
(`MessageSizeExceeded`, 28,672 bytes with what Teams adds, about 4 kB). `MessageCard` is not posted any more.
"""

from __future__ import annotations

from typing import Any

from tests.response.channels.stand_ins.vendor import VendorAnswer, VendorRequest, VendorStandIn

PATH = "/workflows/abc/triggers/manual/paths/invoke"
QUERY = "api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=hidden-part"
MOST = 28_672 - 4_445
"""Bytes of a body. Teams counted 28,897 bytes for one of 24,453."""


class TeamsStandIn(VendorStandIn):
    """One workflow of one channel."""

    deleted = False

    def answer(self, request: VendorRequest) -> VendorAnswer:
        if request.method != "POST":
            return VendorAnswer(404, {"error": {"code": "NotFound"}})
        if request.query.get("sig") != ["hidden-part"]:
            return VendorAnswer(401, {"error": {"code": "DirectApiAuthorizationRequired"}})
        if self.deleted or request.path != PATH:
            return VendorAnswer(404, {"error": {"code": "WorkflowNotFound"}})
        found = request.json()
        if not isinstance(found, dict) or not isinstance(found.get("attachments"), list):
            return VendorAnswer(400, {"error": {"code": "InvalidTemplate"}})
        if len(request.body) > MOST:
            return VendorAnswer(413, {"error": {"code": "MessageSizeExceeded"}})
        if found.get("type") != "message" or not all(map(_is_card, found["attachments"])):
            return VendorAnswer(400, {"error": {"code": "BadRequest"}})
        self.accepted.append(found["attachments"][0]["content"])
        return VendorAnswer(202)


def _is_card(attachment: Any) -> bool:
    card = attachment.get("content", {})
    return (
        attachment.get("contentType") == "application/vnd.microsoft.card.adaptive"
        and card.get("type") == "AdaptiveCard"
        and card.get("version") in {"1.0", "1.1", "1.2", "1.3", "1.4", "1.5"}
        and all(_is_element(one) for one in card["body"])
        and all(
            one["type"] == "Action.OpenUrl" and one["url"].startswith("http")
            for one in card.get("actions", [])
        )
    )


def _is_element(element: Any) -> bool:
    """A `TextBlock` reads Markdown, a `RichTextBlock` does not."""
    if element["type"] == "RichTextBlock":
        return all(one["type"] == "TextRun" and isinstance(one["text"], str) for one in element["inlines"])
    return element["type"] == "TextBlock" and isinstance(element["text"], str)
