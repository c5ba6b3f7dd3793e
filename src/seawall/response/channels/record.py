"""A message as one record of a log store, with the whole document if it is not too large."""

from __future__ import annotations

from typing import Any, Final

from seawall.response.channels.note import ChannelNote
from seawall_base.json_text import encode_json
from seawall_base.times import rfc3339

MOST_DOCUMENT: Final = 500_000
"""Bytes of a document in a record. Log stores take about 1 MB."""


def make_record(note: ChannelNote) -> dict[str, Any]:
    """Return the record. `document` is None if it is larger than `MOST_DOCUMENT`."""
    document = dict(note.document)
    return {
        "message_id": note.id,
        "kind": note.kind,
        "time": rfc3339(note.at),
        "level": note.level,
        "organisation": note.organisation,
        "about": note.about,
        "account": dict(note.facts).get("Account", ""),
        "title": note.title,
        "lines": list(note.lines),
        "facts": dict(note.facts),
        "link": note.link,
        "document": document if len(encode_json(document)) <= MOST_DOCUMENT else None,
    }
