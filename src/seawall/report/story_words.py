"""Say an incident's story: what the intruder did line by line, and what works on."""

from __future__ import annotations

from seawall.detection.incident import Incident
from seawall.detection.incidents.story.telling import (
    KEY_LINES,
    choose_key_lines,
    count_more,
    list_left_behind,
)
from seawall_base.plurals import plural
from seawall_base.times import brief_span

LEFT_SHOWN = 5
"""Things left behind that are named."""


def story_lines(incident: Incident, most: int = KEY_LINES) -> list[tuple[str, str]]:
    """Return the weightiest acts in order of time, at most `most`, as (when, sentence)."""
    return [(brief_span(one.time, one.end), one.sentence) for one in choose_key_lines(incident.story, most)]


def other_lines(incident: Incident, most: int = KEY_LINES) -> list[tuple[str, str]]:
    """Return the acts that `story_lines` leaves out, as (when, sentence)."""
    shown = choose_key_lines(incident.story, most)
    return [(brief_span(one.time, one.end), one.sentence) for one in incident.story if one not in shown]


def more_acts(incident: Incident, most: int = KEY_LINES) -> str:
    """Return `and 12 more acts`, "" if `story_lines` leaves none out."""
    return count_more(incident.story, choose_key_lines(incident.story, most))


def left_behind(incident: Incident, most: int = LEFT_SHOWN) -> str:
    """Return what works on after the intruder is gone, as a list; "" if the records show nothing of the kind."""
    left = list_left_behind(incident.story)
    more = f" and {plural(len(left) - most, 'more thing')}" if len(left) > most else ""
    return "; ".join(left[:most]) + more
