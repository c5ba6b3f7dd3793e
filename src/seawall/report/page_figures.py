"""Compute the geometry of the page's drawings: positions of marks, lanes, ticks and bars. Templates draw them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from seawall.detection.incident import Incident, TimelinePoint
from seawall.detection.reason import Reason
from seawall_base.plurals import plural
from seawall_base.times import DAY, minute_text, tick_text

_HOUR = DAY // 24
_STEPS = (
    _HOUR,
    3 * _HOUR,
    6 * _HOUR,
    12 * _HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
    91 * DAY,
    364 * DAY,
)
_LANE_HEIGHT = 36
_LANES = 10
_MARGIN = 12
_TOP = 10
_AXIS = 24
_UNNAMED = "no network recorded"
_CURVE_HEIGHT = 84
_CURVE_POINTS = 300
_COUNT = re.compile(r"(\d[\d,]* events?)?")
"""Matches a label that only repeats the count."""


@dataclass(frozen=True, slots=True)
class DrawnMark:
    """Hold one mark of a lane: its centre, radius, whether it is the attacker's, and its tooltip."""

    x: float
    y: float
    radius: float
    is_intruder: bool
    label: str

    @property
    def diamond(self) -> str:
        """Return the SVG path of the attacker's symbol."""
        r = self.radius * 1.25
        return f"M{self.x:g} {self.y - r:g}l{r:g} {r:g}l{-r:g} {r:g}l{-r:g} {-r:g}z"


@dataclass(frozen=True, slots=True)
class DrawnLane:
    """Hold one horizontal lane of the timeline: a network."""

    name: str
    y: float
    has_intruder: bool
    marks: tuple[DrawnMark, ...]


@dataclass(frozen=True, slots=True)
class DrawnTimeline:
    """Hold a timeline. Coordinates are in pixels."""

    width: int
    height: int
    lanes: tuple[DrawnLane, ...]
    ticks: tuple[tuple[float, str], ...]
    window: tuple[float, float]
    detected: float | None
    axis_y: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Hold the score over time as one stepped line, with the height of the threshold."""

    width: int
    height: int
    path: str
    threshold: float
    ticks: tuple[tuple[float, str], ...]
    axis_y: float


@dataclass(frozen=True, slots=True)
class Bar:
    """Hold one reason's bar: its `start` and `width` in per cent of the track."""

    start: float
    width: float


def timeline(incident: Incident, width: int) -> DrawnTimeline | None:
    """Lay out the incident's timeline over `width` pixels; return None if it has no points.

    Points of one lane that are less than a mark's width apart become one mark with the sum of their counts. The attacker's
    points stay separate. So the page stays small even for busy accounts.
    """
    if not incident.timeline:
        return None
    return _layout(incident, incident.timeline, _extent(incident), width)


def close_up(incident: Incident, width: int) -> DrawnTimeline | None:
    """Lay out the time around the attacker's events; return None if that is over a quarter of the whole timeline."""
    if not incident.timeline:
        return None
    first, last = _extent(incident)
    around = max(6 * _HOUR, (incident.last_event - incident.first_event) // 2)
    start, end = max(first, incident.first_event - around), min(last, incident.last_event + around)
    if (end - start) * 4 > last - first:
        return None
    points = [point for point in incident.timeline if start <= point.time <= end]
    return _layout(incident, points, (start, end), width) if points else None


def _layout(
    incident: Incident, points: Sequence[TimelinePoint], extent: tuple[int, int], width: int
) -> DrawnTimeline:
    first, last = extent
    scale = (width - 2 * _MARGIN) / (last - first)
    peak = max(point.count for point in points)
    lanes = tuple(
        _lane(name, lane_points, _TOP + index * _LANE_HEIGHT, (first, scale), peak)
        for index, (name, lane_points) in enumerate(_lane_names(points))
    )
    axis_y = _TOP + len(lanes) * _LANE_HEIGHT + 2

    def at(time: int) -> float:
        return round(_MARGIN + (min(max(time, first), last) - first) * scale, 1)

    detected = incident.detected_at
    theirs = [
        point.time for point in points if point.is_intruder
    ]  # a point's time is the start of its slot, before its first event
    left, right = at(min([incident.first_event, *theirs])), at(max([incident.last_event, *theirs]))
    return DrawnTimeline(
        width=width,
        height=axis_y + _AXIS,
        lanes=lanes,
        ticks=tuple((at(time), text) for time, text in _ticks(first, last, max(2, width // 110))),
        window=(left - 5, round(right - left + 10, 1)),
        detected=at(detected) if detected is not None and first <= detected <= last else None,
        axis_y=axis_y,
    )


def evidence_curve(incident: Incident, width: int) -> Curve | None:
    """Draw `details["curve"]`, pairs of (time, score), as a line that holds each score until the next.

    Return None if the incident has no curve or fewer than three points.
    """
    points = _curve_points(incident)
    threshold = incident.details.get("threshold")
    if len(points) < 3 or points[-1][0] == points[0][0] or not isinstance(threshold, (int, float)):
        return None
    first, last = points[0][0], points[-1][0]
    low = min(threshold, *(score for _, score in points))
    high = max(threshold, *(score for _, score in points))
    axis_y = _TOP + _CURVE_HEIGHT

    def at(time: int) -> float:
        return round(_MARGIN + (time - first) / (last - first) * (width - 2 * _MARGIN), 1)

    def height_of(score: float) -> float:
        return round(axis_y - 6 - (score - low) / ((high - low) or 1.0) * (_CURVE_HEIGHT - 6), 1)

    steps = "".join(f"H{at(time):g}V{height_of(score):g}" for time, score in points[1:])
    return Curve(
        width=width,
        height=axis_y + _AXIS,
        path=f"M{at(first):g} {height_of(points[0][1]):g}{steps}",
        threshold=height_of(threshold),
        ticks=tuple((at(time), text) for time, text in _ticks(first, last, max(2, width // 110))),
        axis_y=axis_y,
    )


def _curve_points(incident: Incident) -> list[tuple[int, float]]:
    """Return the curve's points, thinned. Details come from a file, so their form is checked."""
    given = incident.details.get("curve")
    if not isinstance(given, (list, tuple)):
        return []
    points = [
        (pair[0], float(pair[1]))
        for pair in given
        if isinstance(pair, (list, tuple))
        and len(pair) == 2
        and isinstance(pair[0], int)
        and isinstance(pair[1], (int, float))
        and math.isfinite(pair[1])
    ]
    points.sort()
    return points if len(points) <= _CURVE_POINTS else points[:: -(-len(points) // _CURVE_POINTS)]


def evidence_bars(base: float, reasons: Sequence[Reason]) -> tuple[Bar, tuple[Bar, ...]]:
    """Return the bar of the base and of each reason on one common scale."""
    weights = [base, *(reason.weight for reason in reasons)]
    low, high = min(0.0, *weights), max(0.0, *weights)
    span = (high - low) or 1.0
    zero = -low / span * 100

    def bar(weight: float) -> Bar:
        length = max(abs(weight) / span * 100, 0.6)
        return Bar(round(zero if weight >= 0 else zero - length, 2), round(length, 2))

    return bar(base), tuple(bar(weight) for weight in weights[1:])


def _extent(incident: Incident) -> tuple[int, int]:
    times = [point.time for point in incident.timeline]
    first = min(*times, incident.first_event)
    last = max(*times, incident.last_event)
    return (first, last) if last - first >= _HOUR else (first - _HOUR, last + _HOUR)


def _lane_names(points: Sequence[TimelinePoint]) -> list[tuple[str, list[TimelinePoint]]]:
    """Return the lanes: the account's usual ones first, the attacker's last; the rarest harmless ones share one lane."""
    by_lane: dict[str, list[TimelinePoint]] = {}
    for point in points:
        by_lane.setdefault(point.lane or _UNNAMED, []).append(point)
    size = Counter({lane: sum(point.count for point in lane_points) for lane, lane_points in by_lane.items()})
    theirs = {point.lane or _UNNAMED for point in points if point.is_intruder}
    ranked = sorted(by_lane, key=lambda lane: (lane not in theirs, -size[lane], lane))
    kept = ranked[:_LANES] if len(ranked) > _LANES + 1 else ranked
    lanes = [
        (lane, by_lane[lane]) for lane in sorted(kept, key=lambda lane: (lane in theirs, -size[lane], lane))
    ]
    rest = [lane for lane in ranked if lane not in set(kept)]
    if rest:
        lanes.insert(0, (f"{len(rest)} other places", [point for lane in rest for point in by_lane[lane]]))
    return lanes


def _lane(
    name: str, points: Sequence[TimelinePoint], top: float, axis: tuple[int, float], peak: int
) -> DrawnLane:
    first, scale = axis
    slots: dict[tuple[int, bool], list[TimelinePoint]] = {}
    for point in points:
        slot = int((point.time - first) * scale // 7)
        slots.setdefault((slot, point.is_intruder), []).append(point)
    y = top + 23
    marks = [_mark(slot_points, y, axis, peak) for _, slot_points in sorted(slots.items())]
    return DrawnLane(name, y, any(mark.is_intruder for mark in marks), tuple(marks))


def _mark(points: Sequence[TimelinePoint], y: float, axis: tuple[int, float], peak: int) -> DrawnMark:
    first, scale = axis
    count = sum(point.count for point in points)
    middle = sum(point.time - first for point in points) / len(points)
    radius = 2.4 + 4.0 * math.sqrt(min(1.0, count / max(peak, 1)))
    labels = list(dict.fromkeys(point.label for point in points if not _COUNT.fullmatch(point.label)))
    what = "; ".join(labels[:3]) + ("; …" if len(labels) > 3 else "")
    label = f"{minute_text(min(point.time for point in points))} UTC · {plural(count, 'event')}" + (
        f" · {what}" if what else ""
    )
    return DrawnMark(round(_MARGIN + middle * scale, 1), y, round(radius, 1), points[0].is_intruder, label)


def _ticks(first: int, last: int, most: int) -> list[tuple[int, str]]:
    step = next((step for step in _STEPS if (last - first) / step <= most), 10 * 364 * DAY)
    start = -(-first // step) * step
    return [(time, tick_text(time, step)) for time in range(start, last + 1, step)]
