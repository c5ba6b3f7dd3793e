"""What ticket systems and case managers share: the key by which a repeated message is recognised, and Markdown."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from seawall.response.channels.note import ChannelNote

TICKET_KINDS: Final = ("incident.raised", "source.silent", "watch.interrupted")
"""Kinds that make a ticket: what asks somebody to act. An alarm that ended makes none."""

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()#+!|~>-])")


def ticket_key(note: ChannelNote) -> str:
    """Return the key of a message, the same in all attempts: 32 characters, without spaces."""
    return "seawall-" + hashlib.sha256(note.id.encode("utf-8")).hexdigest()[:24]


def escape_markdown(text: str) -> str:
    """Escape Markdown and HTML, so that text from logs makes no link, picture, list or emphasis."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;")
    return _MARKDOWN.sub(r"\\\1", plain).replace("://", ":&#47;&#47;")


def make_markdown(note: ChannelNote) -> str:
    """Return the message as Markdown; its one link is the one to Seawall."""
    lines = [f"- {escape_markdown(line)}" for line in note.lines]
    facts = [f"- **{name}**: {escape_markdown(value)}" for name, value in note.facts]
    link = [f"[Open in Seawall](<{note.link}>)"] if note.link else []
    return "\n".join([*lines, "", *facts, "", *link])
