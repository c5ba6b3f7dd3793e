"""Read single values of configuration exports, as Graph, PowerShell's `ConvertTo-Json` and `Export-Csv` write them.

PowerShell writes structures deeper than `-Depth` as text: `@{Name=x; Value=y}`, or only the name of their type
(`System.String[]`). The second form hides the value: it is unknown, and never empty.
"""

from __future__ import annotations

import re
from typing import Any

from seawall.events.formats.json_values import read_structure
from seawall_base.rfc3339 import parse_time

MOST_TEXT = 512
MOST_ITEMS = 20_000
_TYPE_NAME = re.compile(
    r"\{?(?:System|Microsoft|Deserialized|Selected)(?:\.[\w`]+)+(?:\[.*\])?\}?", re.DOTALL
)
_TYPE_INITIALS = frozenset("SMD")
_HASH_TABLE = re.compile(r"@\{(.*)\}", re.DOTALL)
_POWERSHELL_TIME = re.compile(r"/Date\((-?\d{1,17})(?:[+-]\d{4})?\)/")
_DURATION = re.compile(r"P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})(?:\.\d+)?S)?)?")
_TIME_SPAN = re.compile(r"(?:(\d{1,6})\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?")
_SECONDS = re.compile(r"(\d{1,12})(?:\.\d+)?s")
_TRUE, _FALSE = frozenset({"true", "$true", "yes"}), frozenset({"false", "$false", "no"})
DAY = 86_400


def lower_names(value: Any) -> Any:
    """Return a parsed value with all field names in lower case. `AdditionalProperties` become fields of their object."""
    if isinstance(value, list):
        return [lower_names(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: lower_names(item) for name, item in top_fields(value).items()}


def top_fields(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object with its own field names in lower case. `AdditionalProperties` become fields of it."""
    found = {str(name).lower(): item for name, item in value.items()}
    more = found.pop("additionalproperties", None)
    if isinstance(more, dict):
        found |= {name: item for name, item in top_fields(more).items() if found.get(name) is None}
    return found


def is_hidden(value: Any) -> bool:
    """Return whether an export names only the type of a value, and hides the value."""
    if isinstance(value, list):
        return any(is_hidden(item) for item in value[:MOST_ITEMS])
    if not isinstance(value, str) or value.lstrip(" {")[:1] not in _TYPE_INITIALS:
        return False
    return _TYPE_NAME.fullmatch(value.strip()) is not None


def read_fields(value: Any) -> dict[str, Any]:
    """Return the fields of an object, of its JSON text, or of PowerShell's `@{…}`, with lower-case names; else nothing."""
    value = read_structure(value)
    if isinstance(value, dict):
        return value if all(name == name.lower() for name in value) else dict(lower_names(value))
    if isinstance(value, str) and (match := _HASH_TABLE.fullmatch(value.strip())):
        pairs = (part.partition("=") for part in match[1].split(";"))
        return {name.strip().lower(): item.strip() for name, equals, item in pairs if equals and name.strip()}
    return {}


def read_text(value: Any) -> str:
    """Return a value as text without surrounding spaces, at most 512 characters; empty if it has none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dict):
        return read_text(next((value[name] for name in ("value", "name", "id") if name in value), None))
    return value.strip()[:MOST_TEXT] if isinstance(value, str) and not is_hidden(value) else ""


def read_flag(value: Any) -> bool | None:
    """Return a truth value; None if it is not given or unreadable."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    text = read_text(value).lower()
    return True if text in _TRUE else False if text in _FALSE else None


def read_number(value: Any) -> float | None:
    """Return a number; None if it is not given or unreadable."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    text = read_text(value)
    return float(text) if re.fullmatch(r"-?\d{1,15}(\.\d{1,9})?", text) else None


def read_items(value: Any) -> list[Any] | None:
    """Return a list; None if the export hides it or has no such field.

    PowerShell may wrap a list as `{"value": […], "Count": 2}`. A single object or text counts as a list of one.
    """
    value = read_structure(value)
    if isinstance(value, dict) and isinstance(value.get("value"), list):
        value = value["value"]
    if value is None or is_hidden(value):
        return None
    if isinstance(value, list):
        return [item for item in value[:MOST_ITEMS] if item is not None]
    return [value] if value != "" else []


def read_texts(value: Any, separators: str = ",;|") -> list[str] | None:
    """Return a list of texts; None if the export hides it or has no such field. Text is split at the separators."""
    items = read_items(value)
    if items is None:
        return None
    if len(items) == 1 and isinstance(items[0], str):
        text = items[0].strip()
        text = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text
        items = list(re.split(f"[{re.escape(separators)}]", text))
    return [text for item in items if (text := read_text(item))]


def read_time(value: Any) -> int | None:
    """Return a time in microseconds since 1970; None if it is not given or ambiguous (`3/4/2026`)."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("value", "datetime") if name in value), None)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if match := _POWERSHELL_TIME.fullmatch(text):
        return int(match[1]) * 1000
    if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ?", text):
        text = text[:10] + "T" + text[11:19] + "Z"
    try:
        return parse_time(text)
    except ValueError:
        return None


def read_seconds(value: Any) -> float | None:
    """Return a duration in seconds: ISO 8601 (`P180D`), .NET (`180.00:00:00`), Google's (`43200s`) or a .NET object."""
    if isinstance(value, dict):
        days = read_number(value.get("totaldays", value.get("days")))
        return None if days is None else days * DAY
    text = read_text(value)
    if match := _SECONDS.fullmatch(text):
        return float(match[1])
    match = _DURATION.fullmatch(text) if text not in ("", "P", "PT") else None
    match = match or _TIME_SPAN.fullmatch(text)
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(days * DAY + hours * 3600 + minutes * 60 + seconds)
