"""Write a story as plain lines, for exports and tickets."""

from __future__ import annotations

from collections.abc import Sequence

from seawall.detection.incidents.story.act import StorySentence
from seawall.detection.incidents.story.telling import choose_key_lines, count_more, list_left_behind
from seawall_base.times import brief_span


def write_story(story: Sequence[StorySentence]) -> list[str]:
    """Return the weightiest acts in order of time, how many more there are, and what is left behind, a line each."""
    keys = choose_key_lines(story)
    lines = [f"{brief_span(one.time, one.end)} UTC: {one.sentence}" for one in keys]
    more, left = count_more(story, keys), list_left_behind(story)
    return [*lines, *([more] if more else []), *([f"Left behind: {'; '.join(left)}"] if left else [])]
