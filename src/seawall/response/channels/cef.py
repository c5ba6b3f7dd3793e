"""A message as a record of the Common Event Format (ArcSight, version 0)."""

from __future__ import annotations

from typing import Any, Final

from seawall.response.channels.note import ChannelNote
from seawall.version import __version__
from seawall_base.times import parse_rfc3339

SEVERITIES: Final = {"info": 1, "low": 3, "medium": 6, "high": 8, "critical": 10}
LONGEST: Final = 1023
LONGEST_NAME: Final = 512
LONGEST_CUSTOM: Final = 4000
LONGEST_ID: Final = 40


def make_cef_record(note: ChannelNote) -> str:
    """Return the record, one line."""
    header = (
        "Seawall",
        "Seawall",
        __version__,
        note.kind,
        note.title[:LONGEST_NAME],
        str(SEVERITIES[note.level]),
    )
    extension = " ".join(f"{name}={escape_value(value)}" for name, value in _extension(note) if value)
    return f"CEF:0|{'|'.join(map(escape_header, header))}|{extension}"


def escape_header(text: str) -> str:
    """Escape what ends a field of the header."""
    return _one_line(text.replace("\\", "\\\\").replace("|", "\\|"))


def escape_value(text: str) -> str:
    """Escape what ends a value of the extension."""
    return _one_line(text.replace("\\", "\\\\").replace("=", "\\="))


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _extension(note: ChannelNote) -> list[tuple[str, str]]:
    facts = dict(note.facts)
    short = note.about if len(note.about) <= LONGEST_ID else ""
    return [
        ("rt", str(note.at // 1000)),
        ("cat", note.kind),
        ("externalId", short),
        ("duser", facts.get("Account", "")[:LONGEST]),
        ("start", _milliseconds(note.document.get("first_event"))),
        ("end", _milliseconds(note.document.get("last_event"))),
        ("msg", "; ".join(note.lines)[:LONGEST]),
        ("request", note.link[:LONGEST]),
        *_custom(1, "Organisation", note.organisation),
        *_custom(2, "Chance", facts.get("Chance", "")),
        *_custom(3, "Message id", note.id),
        *_custom(4, "About", "" if short else note.about),
    ]


def _custom(number: int, label: str, value: str) -> list[tuple[str, str]]:
    return [(f"cs{number}Label", label), (f"cs{number}", value[:LONGEST_CUSTOM])] if value else []


def _milliseconds(time: Any) -> str:
    try:
        return str(parse_rfc3339(time) // 1000)
    except (ValueError, TypeError, AttributeError):
        return ""
