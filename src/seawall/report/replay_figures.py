"""Compute the picture of a replay: stages on a line of days, and below it a lane for each layer with its first words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from seawall.report.replay_words import list_rows

WIDTH = 1080
_NAMES = 250
"""Width of the column with the names of lanes."""

_PAST = 150
"""Width of the part before the incident, where marks stand in order and not to scale."""

_TOP, _LANE, _AXIS = 34, 34, 28
_BAR = 22
_DATE = 68


@dataclass(frozen=True, slots=True)
class ReplayMark:
    """A mark: its place, kind (stage, read, ends, warned, first, raised), tooltip, and for a stage its number."""

    x: float
    y: float
    kind: str
    label: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class ReplaySpan:
    """A stage that lasts: a bar."""

    x: float
    y: float
    width: float
    label: str


@dataclass(frozen=True, slots=True)
class ReplayLane:
    """A lane and its name. As a bar it has a length, as a share, and says what was read; `is_open` if nothing ends it."""

    name: str
    y: float
    length: float = 0.0
    read: str = ""
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class ReplayPicture:
    """The picture of one incident. Coordinates are in pixels."""

    width: int
    height: int
    begin: float
    axis_y: float
    lanes: tuple[ReplayLane, ...]
    spans: tuple[ReplaySpan, ...]
    marks: tuple[ReplayMark, ...]
    ticks: tuple[tuple[float, str], ...]
    names: int = _NAMES


def draw_replay(incident: dict[str, Any], layers: list[dict[str, Any]]) -> ReplayPicture:
    """Return the picture of a replayed incident."""
    moments = _collect_past(incident)
    last = max(
        [float(incident["days"]), *(stage["day"] for stage in incident["stages"])],
    )
    left = _NAMES + (_PAST if moments else 0)
    scale = (WIDTH - left - 20) / max(last, 1.0)

    def place(day: float) -> float:
        if day < 0:
            return float(_NAMES + _PAST * (moments.index(day) + 0.5) / len(moments))
        return float(left + scale * day)

    lanes = [ReplayLane("What happened", _TOP)]
    marks, spans = [], []
    for number, stage in enumerate(incident["stages"], 1):
        x = place(stage["day"])
        label = f"{number}. {stage['at'][:10]}: {stage['title']}"
        if stage["until"] is not None:
            spans.append(ReplaySpan(x, _TOP, max(place(stage["until"]["day"]) - x, 3.0), label))
        marks.append(ReplayMark(x, _TOP, "read" if stage["is_staged"] else "stage", label, number))
    for number, layer in enumerate(layers, 1):
        y = _TOP + number * _LANE
        lanes.append(ReplayLane(layer["title"], y))
        marks += [
            ReplayMark(place(day), y, kind, label)
            for day, kind, label in _collect_words(incident, layer["name"])
        ]
    axis = _TOP + (len(layers) + 0.7) * _LANE
    ticks = _list_ticks(incident, last, place)
    return ReplayPicture(
        WIDTH, round(axis + _AXIS), left, axis, tuple(lanes), tuple(spans), tuple(marks), ticks
    )


def _list_ticks(
    incident: dict[str, Any], last: float, place: Callable[[float], float]
) -> tuple[tuple[float, str], ...]:
    """Return at most nine days with their dates, the first one day 0."""
    step = next((size for size in (1, 2, 5, 7, 14) if last / size <= 8), 28)
    began = date.fromisoformat(incident["began"])
    return tuple(
        (place(float(day)), (began + timedelta(days=day)).isoformat())
        for day in range(0, int(last) + 1, step)
        if place(float(day)) < WIDTH - _DATE
    )


def draw_reading(incident: dict[str, Any]) -> tuple[ReplayLane, ...]:
    """Return a bar for what really happened, if that is known, and for each setting: until when the intruder goes on.

    The length is a share of the days; beside it stands how much is read until then.
    """
    last, found = max(float(incident["days"]), 1.0), list[ReplayLane]()
    truth = incident["truth"]["seen"] or incident["truth"]["ended"]
    rows = [(f"really, {truth['at'][:10]}", truth["day"], truth)] if truth else []
    for row in list_rows(incident):
        ends = [row[name]["day"] for name in ("prevented", "warned", "raised") if row[name]]
        rows.append((row["setting"], min(ends, default=None), row))
    for number, (name, end, row) in enumerate(rows):
        read = f"{row['messages_read_before']:,} of {incident['messages_read']:,}"
        length = 1.0 if end is None else min(max(0.0, end), last) / last
        found.append(ReplayLane(name, _TOP + number * _BAR, length, read, end is None))
    return tuple(found)


def _collect_past(incident: dict[str, Any]) -> list[float]:
    """Return the distinct days before the incident on which something happened or was said."""
    days = [one["day"] for one in (*incident["stages"], *incident["words"]) if one["day"] < 0]
    for row in incident["layers"]:
        days += [
            row[name]["day"] for name in ("first_evidence", "warned") if row[name] and row[name]["day"] < 0
        ]
    return sorted(set(days))


def _collect_words(incident: dict[str, Any], layer: str) -> list[tuple[float, str, str]]:
    """Return (day, kind, label) of what a layer says when it is alone, and of the watch where all are on."""
    found = [
        (word["day"], "ends" if word["ends"] else "warned", f"{word['at'][:10]}: {word['text']}")
        for word in incident["words"]
        if word["layer"] == layer
    ]
    row = next(one for one in incident["layers"] if one["layer"] == layer)
    if not found and row["first_evidence"]:
        found.append(
            (row["first_evidence"]["day"], "first", f"{row['first_evidence']['at'][:10]}: first evidence")
        )
    if row["raised"]:
        found.append((row["raised"]["day"], "raised", f"{row['raised']['at'][:10]}: raised"))
    if layer == "adaptation" and incident["returned"]:
        moment = incident["returned"]
        found.append((moment["day"], "raised", f"{moment['at'][:10]}: {moment['text']}"))
    return found
